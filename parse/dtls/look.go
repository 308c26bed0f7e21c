package dtls

import (
	"encoding/binary"

	"tlsfloor/parse"
)

// Look is what a datagram can be by its first bytes.
type Look uint8

// The looks.
const (
	No      Look = iota // no DTLS
	Unified             // the header of DTLS 1.3's protected records, or anything else
	Record              // records that begin no handshake
	Hello               // part of a ClientHello or of a ServerHello
)

// Looks says what a datagram can be. STUN, RTP, TURN and QUIC, which may share a port with
// DTLS, begin with other bytes (RFC 7983, 7; RFC 9443, 3), so their datagrams are No.
func Looks(b []byte) Look {
	if len(b) == 0 || b[0] < byte(parse.ChangeCipherSpec) || b[0] > lastByte {
		return No
	}
	if b[0] >= unifiedHeader {
		return Unified
	}
	var h header
	if !h.read(b) {
		return No
	}
	if h.typ == parse.Handshake && h.epoch == 0 && beginsHello(b[recordHeader:], h.length) {
		return Hello
	}
	return Record
}

const (
	// unifiedHeader is the fixed bits of DTLS 1.3's header of protected records
	// (RFC 9147, 4), and lastByte the last first byte that is DTLS's (RFC 7983, 7).
	unifiedHeader = 0x20
	lastByte      = 0x3f

	// recordHeader and fragmentHeader are lengths in bytes (RFC 9147, 4 and 5.2).
	recordHeader   = 13
	fragmentHeader = 12

	maxSessionID = 32
	randomLength = 32
)

// beginsHello reports whether a fragment of a hello follows. length is that of the record.
func beginsHello(b []byte, length int) bool {
	var f fragment
	if !f.read(b) || fragmentHeader+f.length > length || f.typ != parse.TypeClientHello && f.typ != parse.TypeServerHello {
		return false
	}
	body := b[fragmentHeader:min(len(b), fragmentHeader+f.length)]
	switch {
	case f.total < 2+randomLength+1:
		return false
	case f.offset > 0:
		return f.length > 0
	case len(body) < 2:
		return f.length < 2
	}
	const sessionID = 2 + randomLength
	return isVersion(binary.BigEndian.Uint16(body)) && (len(body) <= sessionID || body[sessionID] <= maxSessionID)
}

// isVersion reports whether v is a version of DTLS, be it a future one.
func isVersion(v uint16) bool { return parse.Version(v).IsDTLS() }
