package starttls

import "encoding/binary"

const (
	tdsHeader = 8 // [MS-TDS] 2.2.3.1

	tdsPrelogin = 0x12
	tdsReply    = 0x04

	tdsEnd = 1 // status bit: last packet of the message
)

// How far a direction is.
const (
	tdsOptions   = iota // the PRELOGIN message itself
	tdsHandshake        // after it: TLS in PRELOGIN packets
)

// tds reads a packet of the login ([MS-TDS] 2.2.6.5, 3.2.5.1): after one PRELOGIN
// message each way, PRELOGIN packets carry the bytes of the TLS handshake, cut
// where they please. Once the handshake is over, TLS comes without packets.
func (p *Preamble) tds(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case len(data) < 2:
		return d.wait(2)
	case d.status == Framed && tdsBare(data):
		d.status = TLS
		return Step{Status: TLS}
	case len(data) < tdsHeader+1:
		return d.wait(tdsHeader + 1)
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if !tdsPacket(s, data) || size <= tdsHeader {
		return p.foreign(s)
	}
	if d.stage == tdsOptions {
		return p.tdsOptions(s, data, size)
	}
	return p.tdsHandshake(s, data, size)
}

// tdsBare reports the beginning of a TLS record, of any type.
func tdsBare(data []byte) bool { return data[0] >= 20 && data[0] <= 23 && data[1] == 3 }

// tdsPacket judges type, status and window. Servers answer in replies, and
// some go on in PRELOGIN packets.
func tdsPacket(s side, data []byte) bool {
	typ := data[0] == tdsPrelogin || s == server && data[0] == tdsReply
	return typ && data[1] <= tdsEnd && data[7] == 0
}

// tdsOptions passes a packet of the PRELOGIN message, which begins with the
// VERSION option, number 0.
func (p *Preamble) tdsOptions(s side, data []byte, size int) Step {
	d := &p.dirs[s]
	if !d.begun && data[tdsHeader] != 0 {
		return p.foreign(s)
	}
	if data[1] == tdsEnd {
		d.stage = tdsHandshake
	}
	return d.tookSome(size, data)
}

// tdsHandshake hands on what is in a packet. The first must begin with a TLS
// record.
func (p *Preamble) tdsHandshake(s side, data []byte, size int) Step {
	d := &p.dirs[s]
	if d.status != Framed && data[tdsHeader] != recordHandshake && data[tdsHeader] != recordAlert {
		return p.foreign(s)
	}
	p.asked = true
	return d.carry(tdsHeader, size, data)
}
