package decode

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

// lengthOrType goes on after a field that is a length in IEEE 802.3 frames.
func (d *Decoder) lengthOrType(t uint16) stage {
	if t < minEtherType {
		d.limit(int(t))
		return (*Decoder).llc
	}
	return d.etherType(t)
}

// etherType names the stage for the payload of an EtherType. The usual ones are
// apart from the others so that the compiler inlines them.
func (d *Decoder) etherType(t uint16) stage {
	switch t {
	case etherIPv4:
		return (*Decoder).ipv4
	case etherIPv6:
		return (*Decoder).ipv6
	case etherVLAN, etherQinQ:
		return (*Decoder).vlan
	}
	return d.rareEtherType(t)
}

func (d *Decoder) rareEtherType(t uint16) stage {
	if t == etherARP { // most of what is not read
		return d.end(Foreign)
	}
	switch t {
	case etherOldQinQ, etherOldQinQ2, etherOldQinQ3:
		return (*Decoder).vlan
	case etherMPLS, etherMPLSMulti:
		return (*Decoder).mpls
	case etherPPPoE:
		return (*Decoder).pppoe
	case etherCiscoMeta:
		return (*Decoder).ciscoMeta
	case etherPBB:
		return (*Decoder).pbb
	case etherNSH:
		return (*Decoder).nsh
	case etherVNTag:
		return (*Decoder).vnTag
	case etherETag:
		return (*Decoder).eTag
	case etherFabricPath:
		return (*Decoder).fabricPath
	case etherTRILL:
		return (*Decoder).trill
	case etherTTag:
		return (*Decoder).tTag
	case etherArista:
		return (*Decoder).arista
	case etherMACsec:
		return (*Decoder).macsec
	case etherHSR:
		return (*Decoder).hsr
	case etherRTag:
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

func vlanLayer(tag []byte) Layer {
	id := uint32(u16(tag) & 0x0fff)
	return Layer{Kind: LayerVLAN, ID: id, HasID: id != 0}
}

// LLC service access points (IEEE 802.2): SNAP, and the one RFC 948 gave to IP.
const (
	sapSNAP      = 0xaa
	sapIP        = 0x06
	unnumbered   = 0x03
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
	case h[0] == sapSNAP && h[1] == sapSNAP && h[2] == unnumbered:
		return (*Decoder).snap
	case h[0] == sapIP && h[1] == sapIP && h[2] == unnumbered:
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
	return d.enter(Layer{Kind: LayerCiscoMeta}, d.etherType(u16(h[len(h)-2:])))
}

// pbb reads the I-TAG of a provider backbone bridge (IEEE 802.1ah, 9.7): four
// bytes with the service instance, then the customer's Ethernet frame.
func (d *Decoder) pbb() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	return d.enter(Layer{Kind: LayerPBB, ID: u32(h) & 0xffffff, HasID: true}, (*Decoder).ethernet)
}
