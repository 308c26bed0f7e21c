package decode

import "tlsfloor/capture/encap"

func (d *Decoder) ethernet() stage {
	h := d.take(14)
	if h == nil {
		return d.end(Malformed)
	}
	if islAddress(h) {
		return (*Decoder).isl
	}
	return d.lengthOrType(u16(h[12:]))
}

// lengthOrType goes on after the field that is a length in IEEE 802.3 frames, and
// otherwise an EtherType.
func (d *Decoder) lengthOrType(t uint16) stage {
	if t < encap.MinEtherType {
		d.limit(int(t))
		return (*Decoder).llc
	}
	return d.etherType(t)
}

// etherType returns the stage for the payload of an EtherType. The usual ones are in
// a function of their own so that the compiler inlines it.
func (d *Decoder) etherType(t uint16) stage {
	switch t {
	case encap.EtherTypeIPv4:
		return (*Decoder).ipv4
	case encap.EtherTypeIPv6:
		return (*Decoder).ipv6
	case encap.EtherTypeVLAN, encap.EtherTypeQinQ:
		return (*Decoder).vlan
	}
	return d.rareEtherType(t)
}

func (d *Decoder) rareEtherType(t uint16) stage {
	if t == encap.EtherTypeARP { // the most frequent that is not read
		return d.end(Foreign)
	}
	switch t {
	case encap.EtherTypeOldQinQ, encap.EtherTypeOldQinQ2, encap.EtherTypeOldQinQ3:
		return (*Decoder).vlan
	case encap.EtherTypeMPLS, encap.EtherTypeMPLSMulti:
		return (*Decoder).mpls
	case encap.EtherTypePPPoE:
		return (*Decoder).pppoe
	case encap.EtherTypeCiscoMeta:
		return (*Decoder).ciscoMeta
	case encap.EtherTypePBB:
		return (*Decoder).pbb
	case encap.EtherTypeNSH:
		return (*Decoder).nsh
	case encap.EtherTypeVNTag:
		return (*Decoder).vnTag
	case encap.EtherTypeETag:
		return (*Decoder).eTag
	case encap.EtherTypeFabricPath:
		return (*Decoder).fabricPath
	case encap.EtherTypeTRILL:
		return (*Decoder).trill
	case encap.EtherTypeTTag:
		return (*Decoder).tTag
	case encap.EtherTypeArista:
		return (*Decoder).arista
	case encap.EtherTypeMACsec:
		return (*Decoder).macsec
	case encap.EtherTypeHSR:
		return (*Decoder).hsr
	case encap.EtherTypeRTag:
		return (*Decoder).rTag
	}
	return d.unreadEtherType(t)
}

// vlan reads the tag control information after an 802.1Q or 802.1ad EtherType.
func (d *Decoder) vlan() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	return d.enter(vlanLayer(h), d.lengthOrType(u16(h[2:])))
}

func vlanLayer(tag []byte) encap.Layer {
	id := uint32(u16(tag) & 0x0fff)
	return encap.Layer{Kind: encap.VLAN, ID: id, HasID: id != 0}
}

const (
	llcHeader    = 3
	snapHeader   = 5
	ouiEthernet  = 0x000000 // RFC 1042
	ouiBridgeTun = 0x0000f8 // IEEE 802.1H
)

func (d *Decoder) llc() stage {
	h := d.take(llcHeader)
	if h == nil {
		return d.end(Malformed)
	}
	switch {
	case h[0] == encap.SAPSNAP && h[1] == encap.SAPSNAP && h[2] == encap.Unnumbered:
		return (*Decoder).snap
	case h[0] == encap.SAPIP && h[1] == encap.SAPIP && h[2] == encap.Unnumbered:
		return (*Decoder).ipv4
	}
	return d.end(Foreign)
}

func (d *Decoder) snap() stage {
	h := d.take(snapHeader)
	if h == nil {
		return d.end(Malformed)
	}
	if oui := u32(h) >> 8; oui != ouiEthernet && oui != ouiBridgeTun {
		return d.end(Foreign)
	}
	return d.etherType(u16(h[3:]))
}

// ciscoMeta reads Cisco's security group tag: version 1, the number of 32-bit
// option words, the options, and the EtherType of what follows.
func (d *Decoder) ciscoMeta() stage {
	h := d.take(2)
	if h == nil || h[0] != 1 || h[1] == 0 {
		return d.end(Malformed)
	}
	h = d.take(4*int(h[1]) + 2)
	if h == nil {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.CiscoMeta}, d.etherType(u16(h[len(h)-2:])))
}

// pbb reads the I-TAG of a provider backbone bridge (IEEE 802.1ah, 9.7): four
// bytes with the service instance, then the customer's Ethernet frame.
func (d *Decoder) pbb() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.PBB, ID: u32(h) & 0xffffff, HasID: true}, (*Decoder).ethernet)
}
