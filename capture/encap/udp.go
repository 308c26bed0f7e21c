package encap

import "slices"

// UDP ports of tunnels (IANA; 8472 is what Linux used before the assignment, and
// still does unless told otherwise; 7932, 30030 and 37008 are defaults of HP, Juniper
// and MikroTik).
const (
	portL2TP     = 1701
	portGTPU     = 2152
	portTeredo   = 3544
	portLISP     = 4341
	portGREInUDP = 4754
	portVXLAN    = 4789
	portVXLANGPE = 4790
	portCAPWAP   = 5247
	portGUE      = 6080
	portGENEVE   = 6081
	portMPLSUDP  = 6635
	portHPERM    = 7932
	portOldVXLAN = 8472
	portJMirror  = 30030
	portTZSP     = 37008
)

// UDP ports of tunnels that are encrypted or not read.
const (
	portOpenVPN     = 1194
	portGTP0        = 3386 // GTP version 0 of GPRS
	portNebula      = 4242
	portIPsecNATT   = 4500
	portGREDTLS     = 4755
	portMPLSUDPDTLS = 6636
	portZeroTier    = 9993
	portWireGuard   = 51820
)

var portNames = map[uint16]string{
	portL2TP: "L2TP", portGTPU: "GTP-U", portTeredo: "Teredo", portLISP: "LISP", portGREInUDP: "GRE in UDP",
	portVXLAN: "VXLAN", portVXLANGPE: "VXLAN-GPE", portCAPWAP: "CAPWAP", portGUE: "GUE", portGENEVE: "GENEVE",
	portMPLSUDP: "MPLS in UDP", portHPERM: "HP ERM", portOldVXLAN: "VXLAN", portJMirror: "Juniper packet mirroring",
	portTZSP: "TZSP", portOpenVPN: "OpenVPN", portGTP0: "GTP version 0", portNebula: "Nebula",
	portIPsecNATT: "ESP in UDP", portGREDTLS: "GRE in DTLS", portMPLSUDPDTLS: "MPLS in DTLS",
	portZeroTier: "ZeroTier", portWireGuard: "WireGuard",
}

// PortName names the tunnel that has a UDP port, or returns "".
func PortName(port uint16) string { return portNames[port] }

// Tunnel is what the payload of a UDP datagram turned out to be.
type Tunnel struct {
	Layer  Layer // its Kind is 0 where Inner is the encapsulation itself: GRE, MPLS
	Header int   // bytes in front of what is carried
	Length int   // bytes of the payload that belong to the tunnel, by its header; 0: all
	Inner  Inner
}

// Opener reports whether the payload of a datagram is plausible as one kind of
// tunnel.
type Opener func(b []byte, wire int) (t Tunnel, ok bool)

// Ports are the UDP ports of all tunnels, whether they are read or not. It holds a
// bit for each port, because nearly all datagrams are to and from ports that no
// tunnel has.
type Ports struct {
	known [1 << 16 / 64]uint64
	vxlan []uint16
}

// NewPorts returns the ports of all tunnels, and vxlan, which are more ports of
// VXLAN.
func NewPorts(vxlan []uint16) *Ports {
	p := &Ports{vxlan: slices.Clone(vxlan)}
	for port := range portNames {
		p.add(port)
	}
	for _, port := range vxlan {
		p.add(port)
	}
	return p
}

func (p *Ports) add(port uint16) { p.known[port/64] |= 1 << (port % 64) }

// Has reports whether the port is a tunnel's.
func (p *Ports) Has(port uint16) bool { return p.known[port/64]>>(port%64)&1 != 0 }

// Opener returns the opener for a datagram with one of the ports, and the port by
// which it was chosen. It returns none for a tunnel that is not read, or whose port
// is only the source. VXLAN, GENEVE and similar tunnels have their port as
// destination in both directions, and a hash of the flow as source; in the others
// answers come from the port.
func (p *Ports) Opener(src, dst uint16) (open Opener, port uint16) {
	if open = oneWayOpener(dst); open != nil {
		return open, dst
	}
	if slices.Contains(p.vxlan, dst) {
		return vxlan, dst
	}
	if open, known := symmetricOpener(dst); known {
		return open, dst
	}
	open, _ = symmetricOpener(src)
	return open, src
}

func oneWayOpener(port uint16) Opener {
	switch port {
	case portVXLAN, portVXLANGPE, portOldVXLAN:
		return vxlan
	case portGENEVE:
		return geneve
	case portLISP:
		return lisp
	case portGREInUDP:
		return greInUDP
	case portMPLSUDP:
		return mplsInUDP
	case portGUE:
		return gue
	case portTZSP:
		return tzsp
	case portHPERM:
		return hpERM
	case portJMirror:
		return jMirror
	}
	return nil
}

func symmetricOpener(port uint16) (open Opener, known bool) {
	switch port {
	case portGTPU:
		return gtpu, true
	case portTeredo:
		return teredo, true
	case portL2TP:
		return l2tp, true
	case portCAPWAP:
		return capwap, true
	case portOpenVPN, portGTP0, portNebula, portIPsecNATT, portGREDTLS, portMPLSUDPDTLS,
		portZeroTier, portWireGuard:
		return nil, true
	}
	return nil, false
}

// mplsInUDP opens MPLS in UDP (RFC 7510).
func mplsInUDP(b []byte, wire int) (Tunnel, bool) {
	return Tunnel{Inner: InnerMPLS}, plausibleMPLS(b, wire)
}

// greInUDP opens GRE in UDP (RFC 8086).
func greInUDP(b []byte, wire int) (Tunnel, bool) {
	return Tunnel{Inner: InnerGRE}, plausibleGRE(b, wire)
}
