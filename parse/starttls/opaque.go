package starttls

import (
	"encoding/binary"

	"tlsfloor/parse"
)

const (
	// maxPrefix and maxPrefixes bound what may come before TLS in a protocol
	// that is not known: a version banner and the like, in so many pushes.
	maxPrefix   = 256
	maxPrefixes = 4
)

// opaque passes bytes of no known protocol, a few times, in case TLS comes
// after them. Without message boundaries, a whole push must begin with it.
func (p *Preamble) opaque(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case s == client && d.begun && strictHello(data):
		d.status, p.asked = TLS, true
		return Step{Status: TLS}
	case int(d.consumed)+len(data) > maxPrefix || d.messages >= maxPrefixes:
		return p.foreign(s)
	}
	p.inner = opaque
	return d.took(len(data))
}

// strictHello judges a ClientHello up to its cipher suites (RFC 8446, 4.1.2),
// of one record: with nothing else to go by, the signature alone would be a
// guess.
func strictHello(data []byte) bool {
	const fixed = 5 + 4 + 2 + 32 // up to the session id's length
	if parse.LooksLikeClientHello(data) != parse.Yes || len(data) <= fixed {
		return false
	}
	record := int(binary.BigEndian.Uint16(data[3:]))
	length := int(binary.BigEndian.Uint16(data[7:]))
	session := int(data[fixed])
	rest := data[fixed+1:]
	if data[6] != 0 || session > 32 || len(rest) < session+2 || record < length+4 {
		return false
	}
	ciphers := int(binary.BigEndian.Uint16(rest[session:]))
	return ciphers > 0 && ciphers%2 == 0 && 2+32+1+session+2+ciphers < length
}
