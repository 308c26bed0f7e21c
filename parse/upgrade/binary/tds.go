package binary

import (
	"encoding/binary"

	"tlsfloor/parse"
	"tlsfloor/parse/upgrade"
)

const (
	tdsHeader = 8 // [MS-TDS] 2.2.3.1

	tdsPrelogin = 0x12
	tdsReply    = 0x04

	tdsEnd = 1 // status bit: last packet of the message
)

// Stages of a direction.
const (
	tdsOptions   = iota // the PRELOGIN message itself
	tdsHandshake        // after it: TLS in PRELOGIN packets
)

// tdsReplyOpens tells a TDS reply from a SOCKS4 request, which begins with the same
// bytes, by the window byte: TDS never used it, and in SOCKS4 it ends an IPv4
// address.
func tdsReplyOpens(data []byte) (upgrade.Protocol, upgrade.Side, int) {
	switch {
	case data[1] > tdsEnd:
		return upgrade.None, upgrade.Client, 0
	case len(data) < tdsHeader:
		return upgrade.None, upgrade.Client, tdsHeader
	case data[7] == 0:
		return upgrade.TDS, upgrade.Server, 0
	}
	return upgrade.None, upgrade.Client, 0
}

// TDS reads a packet of the login ([MS-TDS] 2.2.6.5, 3.2.5.1): after one PRELOGIN
// message each way, PRELOGIN packets carry the bytes of the TLS handshake, cut
// anywhere. After the handshake, TLS comes without packets.
func TDS(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	switch {
	case len(data) < 2:
		return upgrade.Wait(2)
	case d.Carried && tdsBare(data):
		return upgrade.Message{Event: upgrade.Begin}
	case len(data) < tdsHeader+1:
		return upgrade.Wait(tdsHeader + 1)
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	typ := data[0] == tdsPrelogin || from == upgrade.Server && data[0] == tdsReply // servers may send either
	switch {
	case !typ || data[1] > tdsEnd || data[7] != 0 || size <= tdsHeader:
		return upgrade.Not()
	case d.Stage == tdsHandshake && !d.Carried && !opensTLS(data[tdsHeader]):
		return upgrade.Not()
	case d.Stage == tdsHandshake:
		return upgrade.Message{Size: size, Inner: tdsHeader, Event: upgrade.Ask}
	case !d.Begun && data[tdsHeader] != 0: // PRELOGIN begins with the option VERSION, number 0
		return upgrade.Not()
	case data[1] == tdsEnd:
		d.Stage = tdsHandshake
	}
	return upgrade.Took(size)
}

// tdsBare recognises the beginning of a TLS record, of any type.
func tdsBare(data []byte) bool { return data[0] >= 20 && data[0] <= 23 && data[1] == 3 }

// opensTLS reports whether a record with the first bytes of a direction's TLS may
// begin with c.
func opensTLS(c byte) bool { return c == byte(parse.Handshake) || c == byte(parse.AlertRecord) }
