package parse

// RecordStream cuts one direction of a connection into records as the bytes
// come, without waiting for a record's end: a ServerHello at the beginning of
// a record of 16 kB is there with the first segment, which may be all of the
// record that a capture holds. The zero value is ready. It keeps no reference
// to data, and no bytes but those of a header or an alert.
type RecordStream struct {
	partial [recordHeader]byte // of a header or an alert that came in pieces
	have    uint8              // bytes of it
	state   recordState
	typ     ContentType
	version Version
	length  uint16 // of the fragment
	left    uint16 // bytes of it still to come
}

// Midway reports whether the bytes read so far end inside of a record.
func (s *RecordStream) Midway() bool {
	return s.state == inFragment && s.left > 0 || s.state == inAlert || s.state == inHeader && s.have > 0
}

// recordState is where in a record a RecordStream is.
type recordState uint8

const (
	inHeader recordState = iota
	inFragment
	inAlert // a plaintext one, which comes whole
	broken  // ErrNotTLS was met
)

// alertLength is the length of a plaintext alert (RFC 8446, 6).
const alertLength = 2

// Part is what one call of RecordStream.Next had of a record.
type Part struct {
	Type    ContentType
	Version Version // as the record's header says
	First   bool    // the record begins with this part
	Last    bool    // the record ends with this part
	Length  int     // of the record's whole fragment, in bytes
	// Fragment is a view into data. It is empty when data ended with the
	// header, and in an empty record. A fragment of 2 bytes in an alert record,
	// a plaintext alert, always comes whole, and then is valid until the next
	// call of Next.
	Fragment []byte
}

// Oversized reports whether the record is longer than TLS allows.
func (p *Part) Oversized() bool { return p.Length > MaxFragment }

// Clear judges whether a handshake record that begins with this part can be in
// clear: its first message is of a known type and ends where the record ends at
// the latest, or is a hello or certificate that may go on in the next. It says
// Maybe while the part is too short to tell: one byte of a protected record looks
// like a known type one time in ten.
func (p *Part) Clear() Match {
	left, rest := p.Length, p.Fragment
	// Bytes protected with AES-GCM often begin with eight zeros (RFC 5288, 3: the
	// nonce), which look like two HelloRequests.
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

// clearMessage is Clear for a message of type t and a size in bytes, header
// included, which begins rest, where left bytes of the record are left.
func clearMessage(t HandshakeType, size, left int, rest []byte) Match {
	switch {
	case t == TypeClientHello || t == TypeServerHello:
		m := matchOpening(rest[:min(len(rest), longOpening)], t)
		if m == Maybe && len(rest) >= min(left, longOpening) {
			return Yes
		}
		return m
	case t == TypeHelloRequest:
		return No // it has no body (RFC 5246, 7.4.1.1); a nonce may be a small number
	case t == TypeCertificate && size > left:
		return yesIf(size <= messageHeader+MaxCertificateMessage)
	}
	return yesIf(size <= left)
}

// take makes p the record that data begins with, if it is whole there, as most
// of a handshake are.
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

// Next takes the next part of a record out of data, which it moves past what
// it used, and puts it into p. Call it until it returns false: then data is
// used up, or err is ErrNotTLS, which is the stream's last word.
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
		return ErrNotTLS
	}
	return nil
}

// header reads a header, and reports whether it is complete and one of TLS.
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
	if shortHeader(s.partial[:int(s.have)+n]) == ErrNotTLS {
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

// begin begins the record of a header.
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

// fragment takes what data has of the fragment.
func (s *RecordStream) fragment(data *[]byte, p *Part, first bool) {
	b := *data
	n := min(int(s.left), len(b))
	*data = b[n:]
	s.left -= uint16(n)
	s.part(p, b[:n:n], first)
}

// part describes a part of the current record, and lets the next one begin when
// nothing is left of it.
func (s *RecordStream) part(p *Part, fragment []byte, first bool) {
	p.Type, p.Version, p.Length = s.typ, s.version, int(s.length)
	p.First, p.Last = first, s.left == 0
	p.Fragment = fragment
	if s.left == 0 {
		s.state = inHeader
	}
}
