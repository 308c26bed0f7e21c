package dtls

import (
	"encoding/binary"

	"tlsfloor/parse"
)

// header is the header of a record in clear, and of a protected one up to DTLS 1.2.
type header struct {
	typ     parse.ContentType
	version parse.Version
	epoch   uint16
	length  int
}

// withConnectionID is the type of a protected record with a connection id (RFC 9146, 4), whose
// length nothing tells.
const withConnectionID parse.ContentType = 25

// lastType is ACK (RFC 9147, 7), the highest type of a record.
const lastType = 26

// read reads the header that b begins with, and reports whether there is one.
func (h *header) read(b []byte) bool {
	if len(b) < recordHeader || b[0] > lastType || !isVersion(binary.BigEndian.Uint16(b[1:])) {
		return false
	}
	h.typ, h.version = parse.ContentType(b[0]), parse.Version(binary.BigEndian.Uint16(b[1:]))
	h.epoch, h.length = binary.BigEndian.Uint16(b[3:]), int(binary.BigEndian.Uint16(b[11:]))
	return h.typ >= parse.ChangeCipherSpec && h.length <= parse.MaxFragment
}

// fragment is the header of a fragment of a message.
type fragment struct {
	typ            parse.HandshakeType
	total          int // length of the message's body
	seq            uint16
	offset, length int
}

// read reads the header that b begins with, and reports whether there is one.
func (f *fragment) read(b []byte) bool {
	if len(b) < fragmentHeader {
		return false
	}
	f.typ, f.total, f.seq = parse.HandshakeType(b[0]), uint24(b[1:]), binary.BigEndian.Uint16(b[4:])
	f.offset, f.length = uint24(b[6:]), uint24(b[9:])
	return f.offset+f.length <= f.total
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// Datagram is a datagram that is being read. Set Rest to its bytes, and Cut if the capture
// has only the beginning of them.
type Datagram struct {
	Rest []byte
	Cut  bool

	handshake []byte // what is left of a handshake record
	version   parse.Version
}

// next reads the next record, and reports whether there is one. protected: it is, and the
// rest of h is not valid.
func (in *Datagram) next(h *header) (fragment []byte, protected, ok bool) {
	b := in.Rest
	switch {
	case len(b) == 0:
		return nil, false, false
	case b[0] >= unifiedHeader:
		return nil, in.passUnified(), true
	case !h.read(b):
		in.Rest = nil
		return nil, false, false
	case h.typ == withConnectionID:
		in.Rest = nil
		return nil, true, true
	}
	b = b[recordHeader:]
	if h.length > len(b) && !in.Cut {
		in.Rest = nil // RFC 9147, 4.5.2: an invalid record is discarded
		return nil, false, false
	}
	n := min(h.length, len(b))
	in.Rest = b[n:]
	return b[:n:n], h.epoch > 0 && h.length > 0, true
}

// passUnified passes a record with DTLS 1.3's unified header, and reports whether it is one.
func (in *Datagram) passUnified() bool {
	const (
		connectionID = 0x10
		longSequence = 0x08
		hasLength    = 0x04
		// minProtected is the shortest protected record, because its number is
		// encrypted with that many bytes (RFC 9147, 4.2.3).
		minProtected = 16
	)
	b := in.Rest
	in.Rest = nil
	if b[0] > lastByte {
		return false
	}
	size := 2 + int(b[0]&longSequence)/longSequence
	if b[0]&connectionID != 0 || b[0]&hasLength == 0 {
		return len(b) >= size+minProtected
	}
	if len(b) < size+2 {
		return false
	}
	length := int(binary.BigEndian.Uint16(b[size:]))
	if b = b[size+2:]; length < minProtected || length > len(b) && !in.Cut {
		return false
	}
	in.Rest = b[min(length, len(b)):]
	return true
}
