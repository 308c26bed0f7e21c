package decode

import (
	"encoding/binary"
	"tlsfloor/capture/encap"
)

const (
	ipv4Header   = 20 // without options
	ipv6Header   = 40
	fragmentMask = 0x3fff // the flag "more fragments", and the offset
)

// ip reads an IP packet of either version.
func (d *Decoder) ip() stage {
	if len(d.rest) == 0 {
		return d.end(Malformed)
	}
	switch d.rest[0] >> 4 {
	case 4:
		return (*Decoder).ipv4
	case 6:
		return (*Decoder).ipv6
	}
	return d.end(Foreign)
}

func (d *Decoder) ipv4() stage {
	if len(d.rest) < ipv4Header || d.rest[0]>>4 != 4 {
		return d.end(Malformed)
	}
	header, total := int(d.rest[0]&15)*4, int(u16(d.rest[2:]))
	// A sender that leaves segmentation to its network card has a total length
	// of zero in its own captures.
	if total != 0 {
		d.limit(total)
	}
	h := d.take(header)
	if header < ipv4Header || h == nil {
		return d.end(Malformed)
	}
	p := d.packet
	p.Src.setIPv4(h[12:16])
	p.Dst.setIPv4(h[16:20])
	p.V6, d.headers, d.protocol = false, 0, h[9]
	d.inIP = true
	if u16(h[6:])&fragmentMask != 0 {
		return d.fragmentIPv4(h)
	}
	return (*Decoder).upper
}

func (d *Decoder) ipv6() stage {
	h := d.take(ipv6Header)
	if h == nil || h[0]>>4 != 6 {
		return d.end(Malformed)
	}
	// Zero is a jumbogram (RFC 2675), or a sender's own segmentation offload.
	if length := int(u16(h[4:])); length != 0 {
		d.limit(length)
	}
	p := d.packet
	p.Src, p.Dst = Addr(h[8:24]), Addr(h[24:40])
	p.V6, d.headers, d.protocol = true, 0, h[6]
	d.inIP = true
	return (*Decoder).upper
}

// setIPv4 sets the IPv4-mapped form with two stores of eight bytes: a processor that
// reads eight bytes which were written in smaller pieces waits for these. The stores
// are little-endian, because the compiler would split a big-endian second one.
func (a *Addr) setIPv4(b []byte) {
	binary.LittleEndian.PutUint64(a[0:8], 0)
	binary.LittleEndian.PutUint64(a[8:16], uint64(binary.LittleEndian.Uint32(b))<<32|0xffff<<16)
}

// upper reads what d.protocol names. ICMP is Foreign, because the TCP segments that
// its errors quote are no flows.
func (d *Decoder) upper() stage {
	switch d.protocol {
	case TCP:
		return (*Decoder).tcp
	case UDP:
		return (*Decoder).udp
	}
	return d.innerProtocol()
}

// innerProtocol returns the stage for what is in IP and is neither TCP nor UDP.
func (d *Decoder) innerProtocol() stage {
	switch d.protocol {
	case encap.ProtoIPv4:
		return d.enter(encap.Layer{Kind: encap.IPIP}, (*Decoder).ipv4)
	case encap.ProtoIPv6:
		if d.packet.V6 {
			return d.enter(encap.Layer{Kind: encap.IPIP}, (*Decoder).ipv6)
		}
		return d.enter(encap.Layer{Kind: encap.SixInFour}, (*Decoder).ipv6)
	case encap.ProtoGRE:
		return (*Decoder).gre
	case encap.ProtoMPLS:
		return (*Decoder).mpls
	case encap.ProtoL2TP:
		return (*Decoder).l2tpOverIP
	case encap.ProtoAH:
		return d.extension(4)
	case encap.ProtoEtherIP:
		return (*Decoder).etherIP
	case encap.ProtoEthernet:
		return d.enter(encap.Layer{Kind: encap.EtherIP}, (*Decoder).ethernet)
	case encap.ProtoNSH:
		return (*Decoder).nsh
	}
	if d.packet.V6 {
		return d.upperIPv6()
	}
	return d.unreadProtocol()
}

// upperIPv6 returns the stage for headers that exist in IPv6 only.
func (d *Decoder) upperIPv6() stage {
	switch d.protocol {
	case encap.ProtoHopByHop, encap.ProtoRouting, encap.ProtoDestination, encap.ProtoMobility, encap.ProtoHIP, encap.ProtoShim6:
		return d.extension(8)
	case encap.ProtoFragment:
		return (*Decoder).fragmentIPv6
	}
	return d.unreadProtocol()
}

// l2tpOverIP reads L2TP version 3 without UDP (RFC 3931, 4.1.1).
func (d *Decoder) l2tpOverIP() stage {
	t, is := encap.L2TPOverIP(d.rest, d.wire())
	if !is {
		return d.end(Foreign)
	}
	return d.open(t)
}

// etherIP reads the header of RFC 3378, 3: version 3 and twelve zero bits.
func (d *Decoder) etherIP() stage {
	h := d.take(2)
	if h == nil || h[0]>>4 != 3 {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.EtherIP}, (*Decoder).ethernet)
}

// extension skips an extension header. Its second byte is its length in units, not
// counting the first eight bytes (RFC 8200, 4.2; RFC 4302, 2.2).
func (d *Decoder) extension(unit int) stage {
	if !d.countHeader() {
		return d.tooDeep()
	}
	if len(d.rest) < 8 {
		return d.end(Malformed)
	}
	h := d.take(8 + unit*int(d.rest[1]))
	if h == nil {
		return d.end(Malformed)
	}
	d.protocol = h[0]
	return (*Decoder).upper
}

// countHeader counts a header, and reports whether the packet may have that many.
func (d *Decoder) countHeader() bool {
	d.headers++
	return d.headers <= maxHeaders
}
