package starttls

import (
	"bytes"
	"encoding/binary"
)

const (
	tpktHeader = 4 // RFC 1006, 6
	x224Fixed  = 7 // length indicator, code, two references, class (ITU-T X.224, 13.3)

	x224Request = 0xe0
	x224Confirm = 0xd0

	// maxConnect is the longest connection request: the routing token or
	// cookie in it is a short line.
	maxConnect = 1024

	rdpNegotiate = 1 // [MS-RDPBCGR] 2.2.1.1.1
	rdpSelected  = 2 // [MS-RDPBCGR] 2.2.1.2.1
	rdpNegSize   = 8
)

// rdpOpens recognises a TPKT with a connection request or confirm in it.
func rdpOpens(data []byte) (protocol, side, int) {
	if data[1] != 0 {
		return none, client, 0
	}
	if len(data) < tpktHeader+2 {
		return none, client, tpktHeader + 2
	}
	switch data[5] {
	case x224Request:
		return rdp, client, 0
	case x224Confirm:
		return rdp, server, 0
	}
	return none, client, 0
}

// rdp reads the X.224 connection request or its confirm. Without a request for
// a security protocol it is RDP's own encryption, or another user of TPKT.
func (p *Preamble) rdp(s side, data []byte) Step {
	d := &p.dirs[s]
	if len(data) < tpktHeader {
		return d.wait(tpktHeader)
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if d.begun || data[0] != 3 || size < tpktHeader+x224Fixed || size > maxConnect {
		return p.end(s)
	}
	if len(data) < size {
		return d.wait(size)
	}
	code, protocols := rdpNegotiation(data[tpktHeader:size])
	switch {
	case s == client && code == x224Request && protocols != 0:
		p.asked = true
	case s == server && code == x224Confirm && protocols != 0:
		p.granted = true
	default:
		return p.end(s)
	}
	return d.took(size)
}

// rdpNegotiation returns the code of an X.224 TPDU, and the security protocols
// that an RDP_NEG_REQ or RDP_NEG_RSP in it asks for or selects: TLS is part of
// each but 0. An RDP_NEG_FAILURE has none.
func rdpNegotiation(tpdu []byte) (code byte, protocols uint32) {
	code, rest := tpdu[1], tpdu[x224Fixed:]
	typ := byte(rdpSelected)
	if code == x224Request {
		typ = rdpNegotiate
		if _, after, ok := bytes.Cut(rest, []byte("\r\n")); ok && rest[0] != rdpNegotiate {
			rest = after // the routing token or cookie
		}
	}
	if len(rest) < rdpNegSize || rest[0] != typ || binary.LittleEndian.Uint16(rest[2:]) != rdpNegSize {
		return code, 0
	}
	return code, binary.LittleEndian.Uint32(rest[4:])
}
