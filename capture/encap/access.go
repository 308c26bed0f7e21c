package encap

// GTP-U (3GPP TS 29.281, 5.1).
const (
	gtpuHeader    = 8
	gtpuFixed     = 0x30
	gtpuFixedMask = 0xf8 // version 1, GTP rather than GTP', and a spare bit
	gtpuGPDU      = 255  // the message type of a user's packet
)

func gtpu(b []byte, wire int) (t Tunnel, ok bool) {
	if len(b) < gtpuHeader || b[0]&gtpuFixedMask != gtpuFixed || b[1] != gtpuGPDU {
		return Tunnel{}, false
	}
	length := gtpuHeader + int(u16(b[2:]))
	if length > wire {
		return Tunnel{}, false
	}
	n, ok := gtpuHeaderLength(b[:min(len(b), length)])
	if !ok {
		return Tunnel{}, false
	}
	t = Tunnel{Layer: Layer{Kind: GTPU, ID: u32(b[4:]), HasID: true}, Header: n, Length: length}
	// The header does not say what it carries.
	switch b, wire := b[n:], length-n; {
	case plausibleIP(b, wire):
		t.Inner = InnerIP
	case plausibleEthernet(b, wire):
		t.Inner = InnerEthernet
	}
	return t, t.Inner != 0
}

// gtpuHeaderLength returns the length with extension headers: each has its length in
// units of four bytes, content, and the type of the next.
func gtpuHeaderLength(b []byte) (n int, ok bool) {
	const anyOption, extension = 0x07, 0x04
	const optional = 4 // sequence number, N-PDU number, next extension header type
	if b[0]&anyOption == 0 {
		return gtpuHeader, true
	}
	n = gtpuHeader + optional
	if n > len(b) {
		return 0, false
	}
	if b[0]&extension == 0 {
		return n, true
	}
	for b[n-1] != 0 {
		if n >= len(b) || b[n] == 0 {
			return 0, false
		}
		n += 4 * int(b[n])
		if n > len(b) {
			return 0, false
		}
	}
	return n, true
}

// L2TP header bits (RFC 2661, 3.1; RFC 3931, 4.1.2.1).
const (
	l2tpControl  = 0x8000
	l2tpReserved = 0x34f0
	l2tpVersion  = 0x000f
)

// l2tp opens data messages. Control messages, and sessions that carry neither IP nor
// Ethernet, are no tunnels.
func l2tp(b []byte, wire int) (Tunnel, bool) {
	if len(b) < 8 || u16(b)&(l2tpControl|l2tpReserved) != 0 {
		return Tunnel{}, false
	}
	switch u16(b) & l2tpVersion {
	case 2:
		n, session, ok := l2tp2Header(b, wire)
		if !ok {
			return Tunnel{}, false
		}
		t := Tunnel{Layer: Layer{Kind: L2TP, ID: uint32(session), HasID: true}, Header: n, Inner: InnerPPP}
		return t, plausiblePPP(b[n:], wire-n)
	case 3:
		return l2tp3(b, wire, 4)
	}
	return Tunnel{}, false
}

// l2tp2Header returns the length of a version 2 header with its optional fields.
func l2tp2Header(b []byte, wire int) (n int, session uint16, ok bool) {
	const length, sequence, offset = 0x4000, 0x0800, 0x0200
	flags := u16(b)
	n = 2
	if flags&length != 0 {
		if int(u16(b[n:])) > wire {
			return 0, 0, false
		}
		n += 2
	}
	session = u16(b[n+2:])
	n += 4
	if flags&sequence != 0 {
		n += 4
	}
	if flags&offset != 0 {
		if n+2 > len(b) {
			return 0, 0, false
		}
		n += 2 + int(u16(b[n:]))
	}
	return n, session, n <= len(b)
}

// L2TPOverIP opens version 3 directly over IP (RFC 3931, 4.1.1). Session 0 is the
// control channel.
func L2TPOverIP(b []byte, wire int) (Tunnel, bool) {
	if len(b) < 8 || u32(b) == 0 {
		return Tunnel{}, false
	}
	return l2tp3(b, wire, 0)
}

// l2tp3 reads the session header of version 3 at the given offset. How long its
// cookie is (0, 4 or 8 bytes) and whether a sublayer of 4 bytes follows was agreed on
// when the session was set up, and is not known here: the first length after which
// the frame is plausible is taken.
func l2tp3(b []byte, wire, at int) (Tunnel, bool) {
	t := Tunnel{Layer: Layer{Kind: L2TP, ID: u32(b[at:]), HasID: true}}
	for n := at + 4; n <= at+16 && n <= len(b); n += 4 {
		t.Header = n
		if plausibleEthernet(b[n:], wire-n) {
			t.Inner = InnerEthernet
			return t, true
		}
		if plausiblePPP(b[n:], wire-n) {
			t.Inner = InnerPPP
			return t, true
		}
	}
	return Tunnel{}, false
}

// teredo opens IPv6 in UDP (RFC 4380, 5.1.1), with indicators in front of it in
// packets to and from servers. It requires an address of Teredo, or a length that is
// exactly right, because relays forward packets of any address.
func teredo(b []byte, wire int) (t Tunnel, ok bool) {
	n := teredoIndicators(b)
	b, wire = b[n:], wire-n
	if !plausibleIPv6(b, wire) {
		return Tunnel{}, false
	}
	ok = hasTeredoAddress(b) || linkLocal(b[8:24]) || ipv6Header+int(u16(b[4:])) == wire
	return Tunnel{Layer: Layer{Kind: Teredo}, Header: n, Inner: InnerIPv6}, ok
}

// teredoIndicators returns the length of the authentication header and the origin
// indication, which may both be missing.
func teredoIndicators(b []byte) (n int) {
	const (
		authentication       = 0x0001
		nonceAndConfirmation = 9
		origin               = 0x0000
		originLength         = 8
	)
	if len(b) >= 4 && u16(b) == authentication {
		n = 4 + int(b[2]) + int(b[3]) + nonceAndConfirmation
	}
	if n+2 <= len(b) && u16(b[n:]) == origin {
		n += originLength
	}
	return min(n, len(b))
}

// StrayTeredo opens Teredo between two clients, which uses no fixed port after they
// have opened their NATs. Version 6, a length that is exactly right and an address of
// Teredo are 52 bits that do not agree by chance.
func StrayTeredo(b []byte, wire int) (Tunnel, bool) {
	if len(b) < ipv6Header || b[0]>>4 != 6 || ipv6Header+int(u16(b[4:])) != wire || !hasTeredoAddress(b) {
		return Tunnel{}, false
	}
	return Tunnel{Layer: Layer{Kind: Teredo}, Inner: InnerIPv6}, true
}

// hasTeredoAddress reports whether either address of an IPv6 header has the prefix
// of Teredo.
func hasTeredoAddress(h []byte) bool {
	const prefix = 0x20010000
	return u32(h[8:]) == prefix || u32(h[24:]) == prefix
}

func linkLocal(addr []byte) bool { return u16(addr)&0xffc0 == 0xfe80 }

// capwap opens data messages (RFC 5415, 4.3) that carry whole Ethernet frames. 802.11
// frames and fragments are not read.
func capwap(b []byte, wire int) (t Tunnel, ok bool) {
	const header, native, fragment = 8, 0x01, 0x80
	if len(b) < header || b[0] != 0 || b[2]&native != 0 || b[3]&fragment != 0 {
		return Tunnel{}, false
	}
	n := 4 * int(b[1]>>3)
	if n < header || n > len(b) {
		return Tunnel{}, false
	}
	return Tunnel{Layer: Layer{Kind: CAPWAP}, Header: n, Inner: InnerEthernet}, plausibleEthernet(b[n:], wire-n)
}
