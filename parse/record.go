package parse

// ContentType is the type of a record (RFC 8446, B.1).
type ContentType uint8

// The content types of TLS over a stream.
const (
	ChangeCipherSpec ContentType = 20
	AlertRecord      ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
	Heartbeat        ContentType = 24
)

const (
	recordHeader = 5

	// maxPlaintext is the longest fragment before protection.
	maxPlaintext = 1 << 14

	// MaxFragment is the longest fragment of a record in bytes, protected ones
	// included (RFC 5246, 6.2.3; RFC 8446 allows less).
	MaxFragment = maxPlaintext + 2048
)

// Record is one TLS record.
type Record struct {
	Type    ContentType
	Version Version // as the record's header says, which need not be the one in use
	// Fragment is a view into the caller's bytes. It may be empty.
	Fragment []byte
}

// The errors of ReadRecord. They are variables because a stream that is not TLS
// fails at every attempt, and an error made each time would be allocated.
var (
	// errNotTLS: the bytes do not begin with the header of a TLS record.
	errNotTLS error = &ParseError{What: "record header", Offset: 0}
	// errOversized: the record is longer than TLS allows.
	errOversized error = &ParseError{What: "record length", Offset: 3}
)

// ReadRecord reads the record that data begins with; size is its length in
// bytes, header included.
//
// With ErrShort, data is too short, and size is how many bytes it must have: 5 for
// the header, then the whole record, of which r.Fragment has what is there.
// (RecordStream reads records that are not whole.)
//
// Any other error is a *ParseError, and no further bytes would change it: data does
// not begin with a TLS record, or the record's length is above MaxFragment. In the
// second case r has Type and Version, and size is the length claimed. A record of an
// unknown type is no error: see ContentType.Known.
func ReadRecord(data []byte) (r Record, size int, err error) {
	if len(data) < recordHeader {
		return r, recordHeader, shortHeader(data)
	}
	if notRecord(data) {
		return r, 0, errNotTLS
	}
	r.Type, r.Version = ContentType(data[0]), Version(be16(data[1:]))
	size = recordHeader + int(be16(data[3:]))
	switch {
	case size > recordHeader+MaxFragment:
		return r, size, errOversized
	case size > len(data):
		r.Fragment = data[recordHeader:]
		return r, size, ErrShort
	}
	r.Fragment = data[recordHeader:size:size]
	return r, size, nil
}

// Known reports whether the type is one of TLS over a stream (RFC 8446, B.1;
// RFC 6520).
func (t ContentType) Known() bool { return t-ChangeCipherSpec <= Heartbeat-ChangeCipherSpec }

// notRecord reports whether data, of at least 2 bytes, cannot begin a record. Any
// type is allowed: types are added (IANA's registry "TLS ContentType"), and an
// unknown record must not hide the hello behind it. The version "MUST be ignored for
// all purposes" (RFC 8446, 5.1), but its first byte is always 3, which text does not
// have.
func notRecord(data []byte) bool { return data[1] != 3 }

// shortHeader returns the error for the beginning of a record's header.
func shortHeader(data []byte) error {
	if len(data) > 1 && notRecord(data) {
		return errNotTLS
	}
	return ErrShort
}

// RecordStream cuts one direction of a connection into records as the bytes come,
// without waiting for a record's end: the first segment of a record of 16 kB may have
// a whole ServerHello, and may be all of the record that a capture has. The zero
// value is ready. It keeps no reference to data, and no bytes but those of a header
// or an alert.
type RecordStream struct {
	partial [recordHeader]byte // the beginning of a header or an alert
	have    uint8              // bytes of the header in partial
	state   recordState
	typ     ContentType
	version Version
	length  uint16 // of the fragment
	left    uint16 // bytes of the fragment still to come
}

// recordState is where in a record a RecordStream is.
type recordState uint8

const (
	inHeader recordState = iota
	inFragment
	inAlert // a plaintext alert, which is returned whole
	broken  // after errNotTLS
)

// alertLength is the length of a plaintext alert (RFC 8446, 6).
const alertLength = 2

// Part is a part of a record, as RecordStream.Next returns it.
type Part struct {
	Type    ContentType
	Version Version // as the record's header says
	First   bool    // the record begins with this part
	Last    bool    // the record ends with this part
	Length  int     // of the record's whole fragment, in bytes
	// Fragment is a view into data. It is empty when data ended with the header,
	// and in an empty record. A plaintext alert, a fragment of 2 bytes in an alert
	// record, always comes whole, and is valid until the next call of Next.
	Fragment []byte
}

// Next reads the next part of a record into p, and moves data past the bytes that it
// used. Call it until it returns false: then data is used up, or err, a *ParseError,
// says that the stream is not TLS. After an error, Next returns the same error.
func (s *RecordStream) Next(data *[]byte, p *Part) (ok bool, err error) {
	if s.state == inHeader && s.have == 0 && p.take(data) {
		return true, nil
	}
	first := s.state == inHeader
	if first && !s.header(data) {
		return false, s.err()
	}
	switch {
	case s.state == inAlert:
		return s.alert(data, p), nil
	case !first && len(*data) == 0, s.state == broken:
		return false, s.err()
	}
	s.fragment(data, p, first)
	return true, nil
}

// take reads the record that data begins with into p, if it is whole, as most
// records of a handshake are.
func (p *Part) take(data *[]byte) bool {
	r, size, err := ReadRecord(*data)
	if err != nil {
		return false
	}
	p.Type, p.Version, p.Length = r.Type, r.Version, len(r.Fragment)
	p.First, p.Last, p.Fragment = true, true, r.Fragment
	*data = (*data)[size:]
	return true
}

// Unread takes back the last n bytes of p's fragment, where p is what the last call of
// Next returned: they are to be given to Next again.
func (s *RecordStream) Unread(p *Part, n int) {
	if n == 0 {
		return
	}
	s.typ, s.version, s.length = p.Type, p.Version, uint16(p.Length)
	s.left += uint16(n)
	s.state = inFragment
}

func (s *RecordStream) err() error {
	if s.state == broken {
		return errNotTLS
	}
	return nil
}

// header reads a header, and reports whether it is complete and of TLS.
func (s *RecordStream) header(data *[]byte) bool {
	b := *data
	if s.have > 0 || len(b) < recordHeader {
		return s.collectHeader(data)
	}
	if notRecord(b) {
		s.state = broken
		return false
	}
	*data = b[recordHeader:]
	s.begin(b)
	return true
}

// collectHeader is header for one that comes in pieces.
func (s *RecordStream) collectHeader(data *[]byte) bool {
	n := copy(s.partial[s.have:], *data)
	if shortHeader(s.partial[:int(s.have)+n]) == errNotTLS {
		s.state = broken
		return false
	}
	*data = (*data)[n:]
	if s.have += uint8(n); s.have < recordHeader {
		return false
	}
	s.have = 0
	s.begin(s.partial[:])
	return true
}

// begin begins the record with the given header.
func (s *RecordStream) begin(h []byte) {
	s.typ, s.version, s.length = ContentType(h[0]), Version(be16(h[1:])), be16(h[3:])
	s.left = s.length
	s.state = inFragment
	if s.typ == AlertRecord && s.length == alertLength {
		s.state = inAlert
	}
}

// alert collects a plaintext alert.
func (s *RecordStream) alert(data *[]byte, p *Part) bool {
	n := copy(s.partial[alertLength-s.left:alertLength], *data)
	*data = (*data)[n:]
	if s.left -= uint16(n); s.left > 0 {
		return false
	}
	s.part(p, s.partial[:alertLength], true)
	return true
}

// fragment takes the bytes of the fragment that data has.
func (s *RecordStream) fragment(data *[]byte, p *Part, first bool) {
	b := *data
	n := min(int(s.left), len(b))
	*data = b[n:]
	s.left -= uint16(n)
	s.part(p, b[:n:n], first)
}

// part fills p with a part of the current record. The next record begins when no
// bytes of this one are left.
func (s *RecordStream) part(p *Part, fragment []byte, first bool) {
	p.Type, p.Version, p.Length = s.typ, s.version, int(s.length)
	p.First, p.Last = first, s.left == 0
	p.Fragment = fragment
	if s.left == 0 {
		s.state = inHeader
	}
}

// Midway reports whether the bytes read so far end inside a record.
func (s *RecordStream) Midway() bool {
	return s.state == inFragment && s.left > 0 || s.state == inAlert || s.state == inHeader && s.have > 0
}

// Oversized reports whether the record is longer than TLS allows.
func (p *Part) Oversized() bool { return p.Length > MaxFragment }

// Clear reports whether a handshake record that begins with this part can be in
// clear. In clear, its first message is of a known type, and either does not run past
// the end of the record, or is a hello or a certificate, which may go on in the next.
// It returns Maybe while the part is too short to tell: the first byte of a protected
// record looks like a known type in one of ten cases.
func (p *Part) Clear() Match {
	left, rest := p.Length, p.Fragment
	// A record protected with AES-GCM often begins with eight zeros, the nonce
	// (RFC 5288, 3), which look like two HelloRequests.
	for range 3 {
		switch {
		case left == 0:
			return Yes
		case len(rest) == 0:
			return Maybe
		case !HandshakeType(rest[0]).Known():
			return No
		case len(rest) < messageHeader && len(rest) < left:
			return Maybe
		case len(rest) < messageHeader:
			return Yes // the header goes on in the next record
		}
		if t, size := HandshakeType(rest[0]), messageHeader+be24(rest[1:]); size > messageHeader {
			return clearMessage(t, size, left, rest)
		}
		left -= messageHeader
		rest = rest[messageHeader:]
	}
	return Yes
}

// clearMessage is Clear for the message that rest begins with. Its type is t, its
// size includes the header, and left is how many bytes of the record follow the ones
// before it.
func clearMessage(t HandshakeType, size, left int, rest []byte) Match {
	switch {
	case t == TypeClientHello || t == TypeServerHello:
		m := matchOpening(rest[:min(len(rest), longOpening)], t)
		if m == Maybe && len(rest) >= min(left, longOpening) {
			return Yes
		}
		return m
	case t == TypeHelloRequest:
		return No // it would have no body (RFC 5246, 7.4.1.1): this is a nonce, a small number
	case t == TypeCertificate && size > left:
		return yesIf(size <= messageHeader+MaxCertificateMessage)
	}
	return yesIf(size <= left)
}
