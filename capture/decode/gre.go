package decode

import "encoding/binary"

// GRE header bits (RFC 2784, RFC 2890, RFC 1701; RFC 2637 for version 1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007
)

// gre reads a GRE header up to its optional fields.
func (d *Decoder) gre() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	flags, protocol := u16(h), u16(h[2:])
	switch flags & greVersion {
	case 0:
		return d.gre0(flags, protocol)
	case 1:
		return d.version1(flags, protocol)
	}
	return d.end(Foreign)
}

// gre0 reads the optional fields of version 0, in their order.
func (d *Decoder) gre0(flags, protocol uint16) stage {
	layer := Layer{Kind: LayerGRE}
	if flags&(greChecksum|greRouting) != 0 && d.take(4) == nil {
		return d.end(Malformed)
	}
	if flags&greKey != 0 {
		h := d.take(4)
		if h == nil {
			return d.end(Malformed)
		}
		layer.ID, layer.HasID = u32(h), true
	}
	if flags&greSequence != 0 && d.take(4) == nil {
		return d.end(Malformed)
	}
	if flags&greRouting != 0 && !d.skipSourceRoutes() {
		return d.end(Malformed)
	}
	return d.grePayload(flags, protocol, layer)
}

// skipSourceRoutes skips the source route entries of RFC 1701: address family,
// offset, length, routing information; the last is all zero.
func (d *Decoder) skipSourceRoutes() bool {
	for {
		h := d.take(4)
		if h == nil {
			return false
		}
		family, length := u16(h), int(h[3])
		if family == 0 && length == 0 {
			return true
		}
		if d.take(length) == nil {
			return false
		}
	}
}

func (d *Decoder) grePayload(flags, protocol uint16, layer Layer) stage {
	switch protocol {
	case etherBridging:
		return d.enter(bridgingLayer(flags, layer), (*Decoder).ethernet)
	case etherERSPAN:
		if flags&greSequence == 0 { // type I has no header of its own
			return d.enter(Layer{Kind: LayerERSPAN}, (*Decoder).ethernet)
		}
		return (*Decoder).erspan2
	case etherERSPAN3:
		return (*Decoder).erspan3
	case etherWCCP:
		return d.enter(layer, d.wccp())
	case etherPPP:
		return d.enter(layer, (*Decoder).ppp)
	case etherCiscoMeta:
		return d.enter(layer, (*Decoder).ciscoMetaInGRE)
	}
	return d.enter(layer, d.etherType(protocol))
}

// bridgingLayer tells NVGRE from bridging over plain GRE: NVGRE has a key and
// neither checksum nor sequence, and the key is VSID and flow id (RFC 7637,
// 3.2).
func bridgingLayer(flags uint16, gre Layer) Layer {
	if flags&(greChecksum|greKey|greSequence) != greKey {
		return gre
	}
	return Layer{Kind: LayerNVGRE, ID: gre.ID >> 8, HasID: true}
}

// wccp goes on after the redirect header of WCCP version 2, which version 1
// does not have and nothing announces: it does not look like an IPv4 header.
func (d *Decoder) wccp() stage {
	if len(d.rest) >= 4 && d.rest[0]>>4 != 4 {
		d.rest = d.rest[4:]
	}
	return (*Decoder).ipv4
}

// ciscoMetaInGRE reads a security group tag as GRE has it: the EtherType of what
// follows comes first.
func (d *Decoder) ciscoMetaInGRE() stage {
	h := d.take(4)
	if h == nil || h[2] != 1 || h[3] == 0 || d.take(4*int(h[3])) == nil {
		return d.end(Malformed)
	}
	return d.enter(Layer{Kind: LayerCiscoMeta}, d.etherType(u16(h)))
}

// greInUDP opens GRE in UDP (RFC 8086): no routing, no reserved bits, and a
// payload that holds up.
func (d *Decoder) greInUDP() (stage, bool) {
	b := d.rest
	if len(b) < 4 || u16(b)&^(greChecksum|greKey|greSequence) != 0 {
		return nil, false
	}
	n := 4
	for _, field := range [...]uint16{greChecksum, greKey, greSequence} {
		if u16(b)&field != 0 {
			n += 4
		}
	}
	if n > len(b) || !soundInGRE(u16(b), u16(b[2:]), b[n:], d.wire()-n) {
		return nil, false
	}
	return (*Decoder).gre, true
}

func soundInGRE(flags, protocol uint16, b []byte, wire int) bool {
	switch protocol {
	case etherBridging:
		return soundEthernet(b, wire)
	case etherERSPAN:
		if flags&greSequence == 0 {
			return soundEthernet(b, wire)
		}
		return len(b) >= erspan2Header && b[0]>>4 == erspan2Version
	case etherERSPAN3:
		return len(b) >= erspan3Header && b[0]>>4 == erspan3Version
	}
	_, ok := carried(protocol, b, wire)
	return ok
}

// version1 reads enhanced GRE. Its key is the payload's length and a number.
func (d *Decoder) version1(flags, protocol uint16) stage {
	h := d.take(4)
	if h == nil || flags&greKey == 0 {
		return d.end(Malformed)
	}
	switch length := int(u16(h)); protocol {
	case etherPPP:
		return d.pptp(flags, length, uint32(u16(h[2:])))
	case etherEoIP:
		return d.eoip(length, uint32(binary.LittleEndian.Uint16(h[2:])))
	}
	return d.end(Malformed)
}

// eoip reads MikroTik's Ethernet over IP, whose keepalives are empty.
func (d *Decoder) eoip(length int, tunnel uint32) stage {
	if length == 0 {
		return d.end(Foreign)
	}
	d.limit(length)
	return d.enter(Layer{Kind: LayerEoIP, ID: tunnel, HasID: true}, (*Decoder).ethernet)
}

// pptp reads what follows the key: the call differs by direction, and without a
// sequence number the packet carries nothing.
func (d *Decoder) pptp(flags uint16, length int, call uint32) stage {
	if flags&greSequence == 0 {
		return d.end(Foreign)
	}
	if d.take(4) == nil || flags&greAck != 0 && d.take(4) == nil {
		return d.end(Malformed)
	}
	d.limit(length)
	return d.enter(Layer{Kind: LayerPPTP, ID: call, HasID: true}, (*Decoder).ppp)
}
