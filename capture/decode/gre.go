package decode

import (
	"encoding/binary"
	"tlsfloor/capture/encap"
)

// More header bits of GRE than package encap has (RFC 1701; RFC 2637 for version 1).
const (
	greRouting = 0x4000
	greAck     = 0x0080 // version 1
	greVersion = 0x0007
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
	layer := encap.Layer{Kind: encap.GRE}
	if flags&(encap.GREChecksum|greRouting) != 0 && d.take(4) == nil {
		return d.end(Malformed)
	}
	if flags&encap.GREKey != 0 {
		h := d.take(4)
		if h == nil {
			return d.end(Malformed)
		}
		layer.ID, layer.HasID = u32(h), true
	}
	if flags&encap.GRESequence != 0 && d.take(4) == nil {
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

func (d *Decoder) grePayload(flags, protocol uint16, layer encap.Layer) stage {
	switch protocol {
	case encap.EtherTypeBridging:
		return d.enter(bridgingLayer(flags, layer), (*Decoder).ethernet)
	case encap.EtherTypeERSPAN:
		if flags&encap.GRESequence == 0 { // type I has no header of its own
			return d.enter(encap.Layer{Kind: encap.ERSPAN}, (*Decoder).ethernet)
		}
		return (*Decoder).erspan2
	case encap.EtherTypeERSPAN3:
		return (*Decoder).erspan3
	case encap.EtherTypeWCCP:
		return d.enter(layer, d.wccp())
	case encap.EtherTypePPP:
		return d.enter(layer, (*Decoder).ppp)
	case encap.EtherTypeCiscoMeta:
		return d.enter(layer, (*Decoder).ciscoMetaInGRE)
	}
	return d.enter(layer, d.etherType(protocol))
}

// bridgingLayer distinguishes NVGRE from bridging over plain GRE: NVGRE has a key,
// which is VSID and flow id, and neither checksum nor sequence (RFC 7637, 3.2).
func bridgingLayer(flags uint16, gre encap.Layer) encap.Layer {
	if flags&(encap.GREChecksum|encap.GREKey|encap.GRESequence) != encap.GREKey {
		return gre
	}
	return encap.Layer{Kind: encap.NVGRE, ID: gre.ID >> 8, HasID: true}
}

// wccp goes on after the redirect header of WCCP version 2. Version 1 has none, and
// nothing tells which version it is, but the header does not look like IPv4.
func (d *Decoder) wccp() stage {
	if len(d.rest) >= 4 && d.rest[0]>>4 != 4 {
		d.rest = d.rest[4:]
	}
	return (*Decoder).ipv4
}

// ciscoMetaInGRE reads a security group tag in GRE, where the EtherType of what
// follows comes first.
func (d *Decoder) ciscoMetaInGRE() stage {
	h := d.take(4)
	if h == nil || h[2] != 1 || h[3] == 0 || d.take(4*int(h[3])) == nil {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.CiscoMeta}, d.etherType(u16(h)))
}

// version1 reads enhanced GRE (RFC 2637). Its key is the payload's length and a
// number.
func (d *Decoder) version1(flags, protocol uint16) stage {
	h := d.take(4)
	if h == nil || flags&encap.GREKey == 0 {
		return d.end(Malformed)
	}
	switch length := int(u16(h)); protocol {
	case encap.EtherTypePPP:
		return d.pptp(flags, length, uint32(u16(h[2:])))
	case encap.EtherTypeEoIP:
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
	return d.enter(encap.Layer{Kind: encap.EoIP, ID: tunnel, HasID: true}, (*Decoder).ethernet)
}

// pptp reads what follows the key. The call differs by direction. A packet without a
// sequence number carries nothing.
func (d *Decoder) pptp(flags uint16, length int, call uint32) stage {
	if flags&encap.GRESequence == 0 {
		return d.end(Foreign)
	}
	if d.take(4) == nil || flags&greAck != 0 && d.take(4) == nil {
		return d.end(Malformed)
	}
	d.limit(length)
	return d.enter(encap.Layer{Kind: encap.PPTP, ID: call, HasID: true}, (*Decoder).ppp)
}

const (
	erspan3Platform = 8 // bytes of the optional platform specific subheader
	erspan3FrameIP  = 2 // frame type; 0 is Ethernet
)

func erspanLayer(h []byte) encap.Layer {
	return encap.Layer{Kind: encap.ERSPAN, ID: uint32(u16(h[2:]) & 0x03ff), HasID: true}
}

func (d *Decoder) erspan2() stage {
	h := d.take(encap.ERSPAN2Header)
	if h == nil || h[0]>>4 != encap.ERSPAN2Version {
		return d.end(Malformed)
	}
	return d.enter(erspanLayer(h), (*Decoder).ethernet)
}

func (d *Decoder) erspan3() stage {
	h := d.take(encap.ERSPAN3Header)
	if h == nil || h[0]>>4 != encap.ERSPAN3Version {
		return d.end(Malformed)
	}
	frameType, platform := h[10]>>2&0x1f, h[11]&1 != 0
	if platform && d.take(erspan3Platform) == nil {
		return d.end(Malformed)
	}
	switch frameType {
	case 0:
		return d.enter(erspanLayer(h), (*Decoder).ethernet)
	case erspan3FrameIP:
		return d.enter(erspanLayer(h), (*Decoder).ip)
	}
	return d.unreadEtherType(encap.EtherTypeERSPAN3)
}
