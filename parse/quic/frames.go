package quic

import "encoding/binary"

// The types of frames that an Initial packet may have (RFC 9000, 12.4), and the
// CONNECTION_CLOSE of an application, which some ends send there all the same.
const (
	framePadding = 0x00
	framePing    = 0x01
	frameACK     = 0x02
	frameACKECN  = 0x03
	frameCrypto  = 0x06
	frameClose   = 0x1c
	frameAppEnd  = 0x1d
)

// frames reads the frames of an Initial packet from the end that sends in direction d. It
// reports false if something else than frames follows.
func (c *Connection) frames(d Dir, b []byte, p *Pool) bool {
	r := reader{b: b}
	for r.at < len(b) && !r.short {
		switch r.byte() {
		case framePadding:
			r.padding()
		case framePing:
		case frameACK:
			r.ack()
		case frameACKECN:
			r.ack()
			r.varint()
			r.varint()
			r.varint()
		case frameCrypto:
			offset := r.varint()
			data := r.take(r.varint())
			if !r.short && !c.streams[d.index()].add(offset, data, p) {
				c.overflow = true
			}
		case frameClose:
			c.readClose(d, &r, true)
		case frameAppEnd:
			c.readClose(d, &r, false)
		default:
			return false
		}
	}
	return !r.short
}

// padding skips PADDING frames: most of a client's first packet, so that it looks at eight
// bytes at once.
func (r *reader) padding() {
	for len(r.b)-r.at >= 8 && binary.LittleEndian.Uint64(r.b[r.at:]) == 0 {
		r.at += 8
	}
	for r.at < len(r.b) && r.b[r.at] == framePadding {
		r.at++
	}
}

// ack skips an ACK frame (RFC 9000, 19.3). Its ranges take two bytes each at least, so
// that a count of many ends with the packet.
func (r *reader) ack() {
	r.varint()
	r.varint()
	ranges := r.varint()
	r.varint()
	for ; ranges > 0 && !r.short; ranges-- {
		r.varint()
		r.varint()
	}
}

// readClose reads a CONNECTION_CLOSE (RFC 9000, 19.19). transport: its code is QUIC's.
func (c *Connection) readClose(d Dir, r *reader, transport bool) {
	code := r.varint()
	if transport {
		r.varint() // the type of the frame that was wrong
	}
	r.skip(r.varint()) // a reason in words
	if at := &c.closed[d.index()]; !at.seen && !r.short {
		*at = closing{seen: true, transport: transport, code: code}
	}
}

// closing is a CONNECTION_CLOSE of one direction.
type closing struct {
	seen, transport bool
	code            uint64
}

// alert is the description of the TLS alert in the code (RFC 9001, 4.8).
func (x *closing) alert() (description uint8, ok bool) {
	const cryptoError = 0x0100
	return uint8(x.code), x.seen && x.transport && x.code>>8 == cryptoError>>8
}
