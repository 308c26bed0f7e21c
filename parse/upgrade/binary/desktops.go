package binary

import (
	"bytes"
	"encoding/binary"

	"tlsfloor/parse/upgrade"
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
func rdpOpens(data []byte) (upgrade.Protocol, upgrade.Side, int) {
	if data[1] != 0 {
		return upgrade.None, upgrade.Client, 0
	}
	if len(data) < tpktHeader+2 {
		return upgrade.None, upgrade.Client, tpktHeader + 2
	}
	switch data[5] {
	case x224Request:
		return upgrade.RDP, upgrade.Client, 0
	case x224Confirm:
		return upgrade.RDP, upgrade.Server, 0
	}
	return upgrade.None, upgrade.Client, 0
}

// RDP reads the X.224 connection request or its confirm. Without a request for a
// security protocol, RDP's own encryption follows, or it is another user of TPKT.
func RDP(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	if len(data) < tpktHeader {
		return upgrade.Wait(tpktHeader)
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if d.Begun || data[0] != 3 || size < tpktHeader+x224Fixed || size > maxConnect {
		return upgrade.Message{Event: upgrade.End}
	}
	if len(data) < size {
		return upgrade.Wait(size)
	}
	code, protocols := rdpNegotiation(data[tpktHeader:size])
	switch {
	case from == upgrade.Client && code == x224Request && protocols != 0:
		return upgrade.Message{Size: size, Event: upgrade.Ask}
	case from == upgrade.Server && code == x224Confirm && protocols != 0:
		return upgrade.Message{Size: size, Event: upgrade.Grant}
	}
	return upgrade.Message{Event: upgrade.End}
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

// The RFB protocol of VNC (RFC 6143, 7.1) and its security types with TLS
// (https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst, VeNCrypt).
const (
	vncVersion = 12 // "RFB 003.008\n"
	vncOldest  = "RFB 003.003\n"

	vncTLS      = 18 // TLS begins at once
	vncVeNCrypt = 19

	vncFirstTLS  = 257
	vncLastTLS   = 264
	vncMostTypes = 64
)

// Stages of a direction.
const (
	vncStart    = iota // version
	vncTypes           // list of types, choice
	vncExtended        // version of VeNCrypt
	vncAgreed          // the server's answer to it
	vncSubtypes        // list of subtypes, choice
	vncGranted         // the server's answer to it
)

// VNC reads one message of the handshake up to TLS. In version 3.3 the server
// decides on a type, which is none of those with TLS.
func VNC(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	switch {
	case d.Stage != vncStart && from == upgrade.Client:
		return vncClient(d, data)
	case d.Stage != vncStart:
		return vncServer(d, data)
	case len(data) < vncVersion:
		return upgrade.Wait(vncVersion)
	case string(data[:5]) != "RFB 0" || data[vncVersion-1] != '\n' || string(data[:vncVersion]) == vncOldest:
		return upgrade.Not()
	}
	d.Stage = vncTypes
	return upgrade.Took(vncVersion)
}

// vncClient reads a choice, or the version of VeNCrypt that a client wants. Both
// sides send the same version first, so what is no choice may be a server's list.
func vncClient(d *upgrade.State, data []byte) upgrade.Message {
	const version, subtype = 2, 4
	switch {
	case d.Stage == vncTypes && data[0] == vncTLS:
		return upgrade.Message{Size: 1, Event: upgrade.Ask}
	case d.Stage == vncTypes && data[0] == vncVeNCrypt:
		d.Stage = vncExtended
		return upgrade.Took(1)
	case d.Stage == vncTypes:
		return upgrade.Message{Event: upgrade.Foreign | upgrade.Reversed}
	case d.Stage == vncExtended && len(data) < version:
		return upgrade.Wait(version)
	case d.Stage == vncExtended && data[0] == 0 && data[1] == 2:
		d.Stage = vncSubtypes
		return upgrade.Took(version)
	case d.Stage == vncSubtypes && len(data) < subtype:
		return upgrade.Wait(subtype)
	case d.Stage == vncSubtypes && vncSecure(data):
		d.Stage = vncGranted
		return upgrade.Message{Size: subtype, Event: upgrade.Ask}
	}
	return upgrade.Not()
}

// vncSecure reports whether a subtype has TLS.
func vncSecure(data []byte) bool {
	n := binary.BigEndian.Uint32(data)
	return n >= vncFirstTLS && n <= vncLastTLS
}

// vncServer reads a list, the version of VeNCrypt, or an answer: 0 agrees to the
// version, 1 to the subtype.
func vncServer(d *upgrade.State, data []byte) upgrade.Message {
	const version = 2
	switch {
	case d.Stage == vncTypes:
		return vncList(d, data, 1, vncExtended)
	case d.Stage == vncExtended && len(data) < version:
		return upgrade.Wait(version)
	case d.Stage == vncExtended && data[0] == 0 && data[1] <= 2:
		d.Stage, d.Ready = vncAgreed, false
		return upgrade.Took(version)
	case d.Stage == vncAgreed && data[0] == 0:
		d.Stage = vncSubtypes
		return upgrade.Took(1)
	case d.Stage == vncSubtypes:
		return vncList(d, data, 4, vncGranted)
	case d.Stage == vncGranted && data[0] == 1:
		return upgrade.Message{Size: 1, Event: upgrade.Grant}
	}
	return upgrade.Not()
}

// vncList passes over a list of types of size bytes each. With type 18 in the
// first list, TLS may follow it.
func vncList(d *upgrade.State, data []byte, size int, next uint8) upgrade.Message {
	n := int(data[0])
	if n == 0 || n > vncMostTypes {
		return upgrade.Not()
	}
	whole := 1 + n*size
	if len(data) < whole {
		return upgrade.Wait(whole)
	}
	for _, typ := range data[1:whole] {
		d.Ready = d.Ready || size == 1 && typ == vncTLS
	}
	d.Stage = next
	return upgrade.Took(whole)
}
