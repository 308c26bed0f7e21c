package decode

import "tlsfloor/capture/encap"

// mpls reads a label stack (RFC 3032) to its bottom.
func (d *Decoder) mpls() stage {
	const bottom = 1 << 8
	for range encap.MaxLabels {
		h := d.take(4)
		if h == nil {
			return d.end(Malformed)
		}
		if entry := u32(h); entry&bottom != 0 {
			return d.enter(encap.Layer{Kind: encap.MPLS, ID: entry >> 12, HasID: true}, (*Decoder).mplsPayload)
		}
	}
	return d.tooDeep()
}

// mplsPayload goes on with what encap.UnderLabels finds.
func (d *Decoder) mplsPayload() stage {
	const associatedChannel = 1 // RFC 4385, 5: no user's traffic
	inner, skip := encap.UnderLabels(d.rest, d.wire())
	switch {
	case inner != 0:
		d.rest = d.rest[skip:]
		return innerStage(inner)
	case d.cut > 0:
		return d.end(Malformed)
	case len(d.rest) > 0 && d.rest[0]>>4 != associatedChannel:
		d.unread.add(UnreadEtherType, encap.EtherTypeMPLS)
	}
	return d.end(Foreign)
}

// nsh reads a Network Service Header up to its context, and skips that.
func (d *Decoder) nsh() stage {
	h, ok := encap.ParseNSH(d.rest)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = d.rest[h.Length:]
	next := innerStage(h.Inner)
	if h.OAM {
		next = func(d *Decoder) stage { return d.end(Foreign) }
	} else if next == nil {
		next = func(d *Decoder) stage { return d.unreadEtherType(encap.EtherTypeNSH) }
	}
	return d.enter(encap.Layer{Kind: encap.NSH, ID: h.Path, HasID: true}, next)
}

// innerStage returns the stage for what an encapsulation carries, or nil if that is
// not known.
func innerStage(i encap.Inner) stage {
	switch i {
	case encap.InnerIP:
		return (*Decoder).ip
	case encap.InnerIPv4:
		return (*Decoder).ipv4
	case encap.InnerIPv6:
		return (*Decoder).ipv6
	case encap.InnerEthernet:
		return (*Decoder).ethernet
	case encap.InnerMPLS:
		return (*Decoder).mpls
	case encap.InnerNSH:
		return (*Decoder).nsh
	case encap.InnerPPP:
		return (*Decoder).ppp
	case encap.InnerGRE:
		return (*Decoder).gre
	}
	return nil
}

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
	return d.enter(encap.Layer{Kind: encap.PPPoE, ID: uint32(u16(h[2:])), HasID: true}, (*Decoder).ppp)
}

// serial reads a frame of a serial line: PPP with or without its HDLC address, or
// Cisco HDLC, which has other address bytes.
func (d *Decoder) serial() stage {
	const ciscoUnicast, ciscoMulticast = 0x0f, 0x8f
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
	n, protocol, ok := encap.PPPHeader(d.rest)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = d.rest[n:]
	switch protocol {
	case encap.PPPIPv4:
		return (*Decoder).ipv4
	case encap.PPPIPv6:
		return (*Decoder).ipv6
	case encap.PPPMPLS, encap.PPPMPLSMulti:
		return (*Decoder).mpls
	case encap.PPPBridging:
		return (*Decoder).bridged
	}
	if !encap.PPPWithoutIP(protocol) {
		d.unread.add(UnreadEtherType, encap.EtherTypePPP)
	}
	return d.end(Foreign)
}

// bridged reads the header of a bridged frame in PPP (RFC 3518, 4.2).
func (d *Decoder) bridged() stage {
	n, ok := encap.BridgedHeader(d.rest)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = d.rest[n:]
	return (*Decoder).ethernet
}
