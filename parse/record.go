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

// What ReadRecord finds wrong. Made once: a stream that is not TLS fails on
// every look at it.
var (
	// ErrNotTLS says that bytes do not begin with a TLS record's header.
	ErrNotTLS error = &ParseError{What: "record header", Offset: 0}
	// ErrOversized says that a record is longer than TLS allows.
	ErrOversized error = &ParseError{What: "record length", Offset: 3}
)

// ReadRecord reads the record that data begins with; size is its length in
// bytes, header included.
//
// With ErrShort, data is too short, and size is how many bytes it must have
// before ReadRecord can say more: 5 for the header, then the whole record, of
// which r.Fragment has what is there. (RecordStream reads records without
// having them whole.)
// With ErrNotTLS, data is no TLS record, however it goes on. A record of an
// unknown type is one: see ContentType.Known. With ErrOversized,
// the header is one of TLS but for a length above MaxFragment; r has Type and
// Version, size the length claimed.
func ReadRecord(data []byte) (r Record, size int, err error) {
	if len(data) < recordHeader {
		return r, recordHeader, shortHeader(data)
	}
	if notRecord(data) {
		return r, 0, ErrNotTLS
	}
	r.Type, r.Version = ContentType(data[0]), Version(be16(data[1:]))
	size = recordHeader + int(be16(data[3:]))
	switch {
	case size > recordHeader+MaxFragment:
		return r, size, ErrOversized
	case size > len(data):
		r.Fragment = data[recordHeader:]
		return r, size, ErrShort
	}
	r.Fragment = data[recordHeader:size:size]
	return r, size, nil
}

// Known reports whether the type is one that TLS over a stream has (RFC 8446,
// B.1; RFC 6520).
func (t ContentType) Known() bool { return t-ChangeCipherSpec <= Heartbeat-ChangeCipherSpec }

// notRecord judges the first 2 bytes of a record. The type may be any: types are
// added (IANA's registry "TLS ContentType"), and one unknown record must not
// hide the hello behind it. Of the version only the first byte is fixed: it
// "MUST be ignored for all purposes" (RFC 8446, 5.1), and text has no byte 3.
func notRecord(data []byte) bool { return data[1] != 3 }

// shortHeader judges the beginning of a record's header.
func shortHeader(data []byte) error {
	if len(data) > 1 && notRecord(data) {
		return ErrNotTLS
	}
	return ErrShort
}
