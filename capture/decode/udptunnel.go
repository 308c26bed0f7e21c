package decode

import "slices"

// An opener looks whether a datagram's payload holds up as one kind of tunnel.
// If so it takes the tunnel's header off and names the stage for what is in it;
// if not it changes nothing, and the datagram is delivered as it is.
type opener func(*Decoder) (next stage, is bool)

func (d *Decoder) udpTunnel() (next stage, is bool) {
	open := d.opener()
	if open == nil {
		return d.strayTeredo()
	}
	if next, is = open(d); !is {
		d.stats.NotTunnels++
	}
	return next, is
}

// opener picks by port. VXLAN and GENEVE have their port as destination in both
// directions, and a hash of the flow as source; in the others the answers come
// from the port.
func (d *Decoder) opener() opener {
	switch p := d.packet; p.DstPort {
	case portVXLAN, portVXLANGPE, portOldVXLAN:
		return (*Decoder).vxlan
	case portGENEVE:
		return (*Decoder).geneve
	default:
		if len(d.vxlanPorts) != 0 && slices.Contains(d.vxlanPorts, p.DstPort) {
			return (*Decoder).vxlan
		}
		if open := symmetricOpener(p.DstPort); open != nil {
			return open
		}
		return symmetricOpener(p.SrcPort)
	}
}

func symmetricOpener(port uint16) opener {
	switch port {
	case portGTPU:
		return (*Decoder).gtpu
	case portTeredo:
		return (*Decoder).teredo
	case portL2TP:
		return (*Decoder).l2tp
	}
	return nil
}

// inner is open's answer for a header of n bytes.
func (d *Decoder) inner(n int, l Layer, next stage) (stage, bool) {
	d.rest = d.rest[n:]
	return d.enter(l, next), true
}

// carried names the stage for a tunnel's payload of the given EtherType, if b
// is long enough and holds up as that.
func carried(etherType uint16, b []byte, wire int) (next stage, sound bool) {
	switch etherType {
	case etherBridging:
		return (*Decoder).ethernet, len(b) >= 14
	case etherIPv4:
		return (*Decoder).ipv4, soundIPv4(b, wire)
	case etherIPv6:
		return (*Decoder).ipv6, soundIPv6(b, wire)
	case etherMPLS:
		return (*Decoder).mpls, len(b) >= 4
	}
	return nil, false
}

// VXLAN header flags (RFC 7348; draft-smith-vxlan-group-policy;
// draft-ietf-nvo3-vxlan-gpe).
const (
	vxlanHeader    = 8
	vxlanGroup     = 0x80
	vxlanVNI       = 0x08
	vxlanGPE       = 0x04
	vxlanGroupBits = 0x48 // of the second byte: don't learn, policy applied
)

// vxlan requires what Linux requires of a packet it accepts: every reserved bit
// zero, but for those of the group policy and generic protocol extensions.
func (d *Decoder) vxlan() (stage, bool) {
	b := d.rest
	if len(b) < vxlanHeader || b[7] != 0 {
		return nil, false
	}
	payload, ok := vxlanPayload(b)
	if !ok {
		return nil, false
	}
	next, ok := carried(payload, b[vxlanHeader:], d.wire()-vxlanHeader)
	if !ok {
		return nil, false
	}
	return d.inner(vxlanHeader, Layer{Kind: LayerVXLAN, ID: u32(b[4:]) >> 8, HasID: true}, next)
}

// vxlanPayload checks the first four bytes and returns the EtherType that they
// amount to.
func vxlanPayload(b []byte) (etherType uint16, ok bool) {
	switch b[0] {
	case vxlanVNI:
		return etherBridging, b[1]|b[2]|b[3] == 0
	case vxlanVNI | vxlanGroup:
		return etherBridging, b[1]&^vxlanGroupBits == 0
	case vxlanVNI | vxlanGPE:
		return vxlanNextProtocol(b[3]), b[1]|b[2] == 0
	}
	return 0, false
}

// vxlanNextProtocol translates the next protocol of VXLAN-GPE.
func vxlanNextProtocol(n byte) uint16 {
	return [...]uint16{1: etherIPv4, 2: etherIPv6, 3: etherBridging, 4: 0, 5: etherMPLS, 6: 0, 7: 0}[n&7]
}

const geneveHeader = 8

// geneve reads RFC 8926. The options of an AWS Gateway Load Balancer, which say
// endpoint and flow, are skipped like any other.
func (d *Decoder) geneve() (stage, bool) {
	b := d.rest
	if len(b) < geneveHeader || b[0]>>6 != 0 || b[1]&0x3f != 0 || b[7] != 0 {
		return nil, false
	}
	n := geneveHeader + 4*int(b[0]&0x3f)
	if n > len(b) || !geneveOptionsFit(b[geneveHeader:n]) {
		return nil, false
	}
	next, ok := carried(u16(b[2:]), b[n:], d.wire()-n)
	if !ok {
		return nil, false
	}
	return d.inner(n, Layer{Kind: LayerGENEVE, ID: u32(b[4:]) >> 8, HasID: true}, next)
}

// geneveOptionsFit reports whether the options' lengths add up (RFC 8926, 3.5).
func geneveOptionsFit(b []byte) bool {
	for len(b) >= 4 {
		n := 4 + 4*int(b[3]&0x1f)
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}
