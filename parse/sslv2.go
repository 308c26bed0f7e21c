package parse

const (
	sslv2Header = 2

	// The fixed parts of the two hellos, message type included.
	sslv2ClientFixed = 9
	sslv2ServerFixed = 11

	sslv2ClientHello = 1
	sslv2ServerHello = 4
)

// CipherSpecs is a view of the cipher list of an SSLv2 hello: 3 bytes each.
// Those with a first byte of 0 are TLS cipher suites (RFC 5246, E.2).
type CipherSpecs []byte

// Len is the number of elements.
func (c CipherSpecs) Len() int { return len(c) / 3 }

// At returns element i, which must be at least 0 and less than Len.
func (c CipherSpecs) At(i int) uint32 { return uint32(be24(c[3*i:])) }

// Contains reports whether spec is an element.
func (c CipherSpecs) Contains(spec uint32) bool {
	for i := range c.Len() {
		if c.At(i) == spec {
			return true
		}
	}
	return false
}

// errNotSSLv2 is a variable for the reason that errNotTLS is one.
var errNotSSLv2 error = &ParseError{What: "SSLv2 hello", Offset: 0}

// ReadSSLv2 reads the SSLv2 CLIENT-HELLO record that data begins with. SSLv2
// clients send it, and clients that also offer SSLv3 to TLS 1.2
// (draft-hickman-netscape-ssl; RFC 5246, E.2). It overwrites all of h and
// keeps views into data. size is the record's length in bytes; with ErrShort
// it is how many bytes data must have. Any other error is a *ParseError: data
// is no such record.
func (h *ClientHello) ReadSSLv2(data []byte) (size int, err error) {
	*h = ClientHello{}
	size, err = sslv2Size(data, LooksLikeSSLv2ClientHello(data), sslv2ClientFixed)
	if err != nil {
		return size, err
	}
	r := reader(data[sslv2Header+sslv2ClientFixed : size])
	h.SSLv2Format = true
	h.LegacyVersion = Version(be16(data[3:]))
	r.bytes(int(be16(data[5:])), (*[]byte)(&h.CipherSpecs))
	r.bytes(int(be16(data[7:])), &h.SessionID)
	r.bytes(int(be16(data[9:])), &h.Random)
	return size, nil
}

// SSLv2ServerHello is an SSLv2 SERVER-HELLO. All slices are views.
type SSLv2ServerHello struct {
	SessionIDHit bool // a session was resumed; there is no certificate then
	Version      Version
	Certificate  []byte // X.509, DER
	CipherSpecs  CipherSpecs
	ConnectionID []byte
}

// Read reads the SSLv2 SERVER-HELLO record that data begins with. It overwrites
// all of h and keeps views into data. size and err are as in ReadSSLv2.
func (h *SSLv2ServerHello) Read(data []byte) (size int, err error) {
	*h = SSLv2ServerHello{}
	size, err = sslv2Size(data, LooksLikeSSLv2ServerHello(data), sslv2ServerFixed)
	if err != nil {
		return size, err
	}
	r := reader(data[sslv2Header+sslv2ServerFixed : size])
	h.SessionIDHit = data[3] != 0
	h.Version = Version(be16(data[5:]))
	r.bytes(int(be16(data[7:])), &h.Certificate)
	r.bytes(int(be16(data[9:])), (*[]byte)(&h.CipherSpecs))
	r.bytes(int(be16(data[11:])), &h.ConnectionID)
	return size, nil
}

// sslv2Size returns the size of a record; m is how its beginning matched. When m is
// Yes, the lengths in it add up.
func sslv2Size(data []byte, m Match, fixed int) (int, error) {
	switch {
	case m == No:
		return 0, errNotSSLv2
	case m == Maybe:
		return sslv2Header + fixed, ErrShort
	}
	size := sslv2Header + sslv2Length(data)
	if len(data) < size {
		return size, ErrShort
	}
	return size, nil
}

// sslv2Length returns the length in a 2-byte record header. The 3-byte header is for
// padding, which hellos do not have.
func sslv2Length(data []byte) int { return int(be16(data) & 0x7fff) }
