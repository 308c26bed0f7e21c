package decode

import "slices"

// An opener looks whether a datagram's payload holds up as one kind of tunnel.
// If so it takes the tunnel's header off and names the stage for what is in it;
// if not it changes nothing, and the datagram is delivered as it is.
type opener func(*Decoder) (next stage, is bool)

func (d *Decoder) udpTunnel() (next stage, is bool) {
	p := d.packet
	if d.ports.has(p.DstPort) || d.ports.has(p.SrcPort) {
		return d.knownPort()
	}
	if next, is = d.strayTeredo(); !is && isWireGuard(d.rest, d.wire()) {
		d.unread.addWireGuard(min(p.SrcPort, p.DstPort))
	}
	return next, is
}

// knownPort opens a datagram one of whose ports is a tunnel's.
func (d *Decoder) knownPort() (next stage, is bool) {
	open, port := d.opener()
	if open == nil {
		d.sealed(port)
		return d.strayTeredo()
	}
	if next, is = open(d); !is {
		d.stats.NotTunnels++
		d.notTunnel(port)
	}
	return next, is
}

// opener picks by port, and returns the port that decided. No opener means a
// tunnel that is not read, or one whose port is only the source. VXLAN, GENEVE
// and their like have their port as destination in both directions, and a hash
// of the flow as source; in the others the answers come from the port.
func (d *Decoder) opener() (open opener, port uint16) {
	p := d.packet
	if open = oneWayOpener(p.DstPort); open != nil {
		return open, p.DstPort
	}
	if slices.Contains(d.vxlanPorts, p.DstPort) {
		return (*Decoder).vxlan, p.DstPort
	}
	if open, known := symmetricOpener(p.DstPort); known {
		return open, p.DstPort
	}
	open, _ = symmetricOpener(p.SrcPort)
	return open, p.SrcPort
}

// portSet is a set of UDP ports, a bit each: nearly all datagrams are to and
// from ports that no tunnel has.
type portSet [1 << 16 / 64]uint64

func (s *portSet) has(port uint16) bool { return s[port/64]>>(port%64)&1 != 0 }

func (s *portSet) add(port uint16) { s[port/64] |= 1 << (port % 64) }

// tunnelPorts returns the ports of all tunnels, read or not, and more.
func tunnelPorts(more []uint16) *portSet {
	s := new(portSet)
	for port := range udpPortNames {
		s.add(port)
	}
	for _, port := range more {
		s.add(port)
	}
	return s
}

func oneWayOpener(port uint16) opener {
	switch port {
	case portVXLAN, portVXLANGPE, portOldVXLAN:
		return (*Decoder).vxlan
	case portGENEVE:
		return (*Decoder).geneve
	case portLISP:
		return (*Decoder).lisp
	case portGREInUDP:
		return (*Decoder).greInUDP
	case portMPLSUDP:
		return (*Decoder).mplsInUDP
	case portGUE:
		return (*Decoder).gue
	case portTZSP:
		return (*Decoder).tzsp
	case portHPERM:
		return (*Decoder).hpERM
	case portJMirror:
		return (*Decoder).jMirror
	}
	return nil
}

func symmetricOpener(port uint16) (open opener, known bool) {
	switch port {
	case portGTPU:
		return (*Decoder).gtpu, true
	case portTeredo:
		return (*Decoder).teredo, true
	case portL2TP:
		return (*Decoder).l2tp, true
	case portCAPWAP:
		return (*Decoder).capwap, true
	case portOpenVPN, portGTP0, portNebula, portIPsecNATT, portGREDTLS, portMPLSUDPDTLS,
		portZeroTier, portWireGuard:
		return nil, true
	}
	return nil, false
}

// inner is open's answer for a header of n bytes.
func (d *Decoder) inner(n int, l Layer, next stage) (stage, bool) {
	d.rest = d.rest[n:]
	return d.enter(l, next), true
}

// carried names the stage for a tunnel's payload of the given EtherType, if b
// is long enough and holds up as that. Of Ethernet, only the length is looked
// at: a tunnel whose header is beyond doubt may carry any EtherType.
func carried(etherType uint16, b []byte, wire int) (next stage, sound bool) {
	switch etherType {
	case etherBridging:
		return (*Decoder).ethernet, len(b) >= 14
	case etherIPv4:
		return (*Decoder).ipv4, soundIPv4(b, wire)
	case etherIPv6:
		return (*Decoder).ipv6, soundIPv6(b, wire)
	case etherMPLS:
		return (*Decoder).mpls, soundMPLS(b, wire)
	case etherNSH:
		return (*Decoder).nsh, soundNSH(b, wire)
	}
	return nil, false
}

// soundlyCarried is carried for a tunnel whose header says little: Ethernet has
// to hold up, too.
func soundlyCarried(etherType uint16, b []byte, wire int) (next stage, sound bool) {
	if etherType == etherBridging && !soundEthernet(b, wire) {
		return nil, false
	}
	return carried(etherType, b, wire)
}

// VXLAN header flags (RFC 7348; draft-smith-vxlan-group-policy;
// draft-ietf-nvo3-vxlan-gpe).
const (
	vxlanHeader    = 8
	vxlanGroup     = 0x80
	vxlanVNI       = 0x08
	vxlanGPE       = 0x04
	vxlanOAM       = 0x01 // with vxlanGPE
	vxlanGroupBits = 0x48 // of the second byte: don't learn, policy applied
)

// vxlan requires the flag that says that there is a VNI. All other bits are
// ignored on receipt (RFC 7348, 5), but a header in which reserved ones are set
// has to have a payload that holds up.
func (d *Decoder) vxlan() (stage, bool) {
	b := d.rest
	if len(b) < vxlanHeader || b[0]&vxlanVNI == 0 {
		return nil, false
	}
	next, ok := stage((*Decoder).ethernet), len(b) >= vxlanHeader+14
	if u32(b) != vxlanVNI<<24 || b[7] != 0 {
		next, ok = vxlanExtended(b, d.wire())
	}
	if !ok {
		return nil, false
	}
	return d.inner(vxlanHeader, Layer{Kind: LayerVXLAN, ID: u32(b[4:]) >> 8, HasID: true}, next)
}

// vxlanExtended names the stage for what follows a header in which more than
// the flag is set.
func vxlanExtended(b []byte, wire int) (next stage, ok bool) {
	inner, wire := b[vxlanHeader:], wire-vxlanHeader
	etherType, regular := vxlanPayload(b)
	if regular {
		next, ok = carried(etherType, inner, wire)
	} else {
		next, ok = soundlyCarried(etherType, inner, wire)
	}
	if !ok { // without the extension, its bits are reserved ones
		next, ok = (*Decoder).ethernet, b[0]&vxlanGPE != 0 && soundEthernet(inner, wire)
	}
	return next, ok
}

// vxlanPayload returns the EtherType that the header amounts to, and whether
// every reserved bit is zero, but for those of the group policy and generic
// protocol extensions.
func vxlanPayload(b []byte) (etherType uint16, regular bool) {
	if b[0] == vxlanVNI|vxlanGroup {
		return etherBridging, b[1]&^vxlanGroupBits|b[7] == 0
	}
	if b[0]&vxlanGPE != 0 {
		return nextProtocol(b[3]), b[0] == vxlanVNI|vxlanGPE && b[1]|b[2]|b[7] == 0
	}
	return etherBridging, false
}

// GENEVE (RFC 8926, 3.4).
const (
	geneveHeader   = 8
	geneveControl  = 0x80
	geneveReserved = 0x3f // of the second byte
)

// geneve reads RFC 8926. The options, those of an AWS Gateway Load Balancer and
// critical ones included, are skipped. Reserved bits are ignored, but where they
// are set the payload has to hold up.
func (d *Decoder) geneve() (stage, bool) {
	b := d.rest
	if len(b) < geneveHeader || b[0]>>6 != 0 {
		return nil, false
	}
	n := geneveHeader + 4*int(b[0]&0x3f)
	if n > len(b) || !geneveOptionsFit(b[geneveHeader:n]) {
		return nil, false
	}
	etherType, inner, wire := u16(b[2:]), b[n:], d.wire()-n
	next, ok := carried(etherType, inner, wire)
	if ok && b[1]&geneveReserved|b[7] != 0 {
		next, ok = soundlyCarried(etherType, inner, wire)
	}
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
