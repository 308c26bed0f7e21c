package decode

// pppoe reads the header of RFC 2516. Only code 0 carries a session's data.
func (d *Decoder) pppoe() stage {
	const versionAndType = 0x11
	h := d.take(6)
	if h == nil || h[0] != versionAndType {
		return d.end(Malformed)
	}
	if code := h[1]; code != 0 {
		return d.end(Foreign)
	}
	d.limit(int(u16(h[4:])))
	return d.enter(Layer{Kind: LayerPPPoE, ID: uint32(u16(h[2:])), HasID: true}, (*Decoder).ppp)
}

// HDLC addresses, the control byte of PPP, and the address bytes that Cisco
// uses instead.
const (
	hdlcAll        = 0xff
	hdlcUnnumbered = 0x03
	ciscoUnicast   = 0x0f
	ciscoMulticast = 0x8f
)

// serial reads a frame of a serial line: PPP with or without its HDLC address,
// or Cisco HDLC.
func (d *Decoder) serial() stage {
	if b := d.rest; len(b) > 0 && (b[0] == ciscoUnicast || b[0] == ciscoMulticast) {
		return (*Decoder).ciscoHDLC
	}
	return (*Decoder).ppp
}

func (d *Decoder) ciscoHDLC() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	return d.etherType(u16(h[2:]))
}

func (d *Decoder) ppp() stage {
	n, protocol, ok := pppHeader(d.rest)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = d.rest[n:]
	switch protocol {
	case pppIPv4:
		return (*Decoder).ipv4
	case pppIPv6:
		return (*Decoder).ipv6
	case pppMPLS, pppMPLSMulti:
		return (*Decoder).mpls
	case pppBridging:
		return (*Decoder).bridged
	}
	return d.unreadPPP(protocol)
}

// unreadPPP ends the decoding at a PPP protocol that has no stage. From 0x4000
// on they are control protocols (RFC 1661, 2). Multilink, compressed and
// encrypted frames may hold IP.
func (d *Decoder) unreadPPP(protocol uint16) stage {
	if !quietPPP(protocol) {
		d.unread.add(UnreadEtherType, etherPPP)
	}
	return d.end(Foreign)
}

func quietPPP(protocol uint16) bool {
	switch protocol {
	case 0x0023, 0x0025, 0x0027, 0x0029, 0x002b, 0x003f: // OSI, XNS, DECnet, AppleTalk, IPX, NetBIOS
		return true
	}
	return protocol >= 0x0201 && protocol != pppMPLS && protocol != pppMPLSMulti
}

// bridged reads what RFC 3518, 4.2 puts in front of a bridged frame.
func (d *Decoder) bridged() stage {
	n, ok := bridgedHeader(d.rest)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = d.rest[n:]
	return (*Decoder).ethernet
}

// bridgedHeader returns the length of flags, MAC type and LAN id, if the MAC
// type is that of Ethernet.
func bridgedHeader(b []byte) (n int, ok bool) {
	const lanID, macEthernet = 0x40, 1
	if len(b) < 2 || b[1] != macEthernet {
		return 0, false
	}
	n = 2
	if b[0]&lanID != 0 {
		n += 4
	}
	return n, n <= len(b)
}

// pppHeader reads the protocol of a PPP frame and says how long the header is.
// The address and control bytes may be left out, and so may the first byte of
// the protocol when it is zero (RFC 1661, 6.5 and 6.6): its last byte, and no
// other, is odd.
func pppHeader(b []byte) (n int, protocol uint16, ok bool) {
	if len(b) >= 2 && b[0] == hdlcAll && b[1] == hdlcUnnumbered {
		n = 2
	}
	switch {
	case n < len(b) && b[n]&1 != 0:
		return n + 1, uint16(b[n]), true
	case n+1 < len(b):
		return n + 2, u16(b[n:]), true
	}
	return 0, 0, false
}

// carriesIP reports whether a PPP frame's payload is IP, or Ethernet, and holds
// up as that.
func carriesIP(protocol uint16, b []byte, wire int) bool {
	switch protocol {
	case pppIPv4:
		return soundIPv4(b, wire)
	case pppIPv6:
		return soundIPv6(b, wire)
	case pppBridging:
		n, ok := bridgedHeader(b)
		return ok && soundEthernet(b[n:], wire-n)
	}
	return false
}
