package decode

// L2TP header bits (RFC 2661, 3.1; RFC 3931, 4.1.2.1).
const (
	l2tpControl  = 0x8000
	l2tpLength   = 0x4000
	l2tpSequence = 0x0800
	l2tpOffset   = 0x0200
	l2tpReserved = 0x34f0
	l2tpVersion  = 0x000f
)

// l2tp opens data messages. Control messages, and sessions that carry neither
// IP nor Ethernet, stay datagrams.
func (d *Decoder) l2tp() (stage, bool) {
	b := d.rest
	if len(b) < 8 || u16(b)&(l2tpControl|l2tpReserved) != 0 {
		return nil, false
	}
	switch u16(b) & l2tpVersion {
	case 2:
		return d.l2tp2()
	case 3:
		return d.l2tp3(4)
	}
	return nil, false
}

func (d *Decoder) l2tp2() (stage, bool) {
	b := d.rest
	n, session, ok := l2tp2Header(b, d.wire())
	if !ok {
		return nil, false
	}
	if skip, protocol, ok := pppHeader(b[n:]); !ok || !carriesIP(protocol, b[n+skip:], d.wire()-n-skip) {
		return nil, false
	}
	return d.inner(n, Layer{Kind: LayerL2TP, ID: uint32(session), HasID: true}, (*Decoder).ppp)
}

// l2tp2Header returns the length of a version 2 header with its optional
// fields.
func l2tp2Header(b []byte, wire int) (n int, session uint16, ok bool) {
	flags := u16(b)
	n = 2
	if flags&l2tpLength != 0 {
		if int(u16(b[n:])) > wire {
			return 0, 0, false
		}
		n += 2
	}
	session = u16(b[n+2:])
	n += 4
	if flags&l2tpSequence != 0 {
		n += 4
	}
	if flags&l2tpOffset != 0 {
		if n+2 > len(b) {
			return 0, 0, false
		}
		n += 2 + int(u16(b[n:]))
	}
	return n, session, n <= len(b)
}

// l2tpOverIP reads version 3 straight over IP (RFC 3931, 4.1.1), where session
// 0 is the control channel.
func (d *Decoder) l2tpOverIP() stage {
	if len(d.rest) < 8 || u32(d.rest) == 0 {
		return d.end(Foreign)
	}
	next, is := d.l2tp3(0)
	if !is {
		return d.end(Foreign)
	}
	return next
}

// l2tp3 reads a version 3 session header at the given offset. How long the
// cookie is (0, 4 or 8 bytes) and whether a sublayer of 4 bytes follows was
// agreed on when the session was set up, out of our sight: the frame behind
// them tells, if it holds up.
func (d *Decoder) l2tp3(at int) (stage, bool) {
	b := d.rest
	layer := Layer{Kind: LayerL2TP, ID: u32(b[at:]), HasID: true}
	for n := at + 4; n <= at+16 && n <= len(b); n += 4 {
		if soundEthernet(b[n:], d.wire()-n) {
			return d.inner(n, layer, (*Decoder).ethernet)
		}
		skip, protocol, ok := pppHeader(b[n:])
		if ok && carriesIP(protocol, b[n+skip:], d.wire()-n-skip) {
			return d.inner(n, layer, (*Decoder).ppp)
		}
	}
	return nil, false
}
