package wrap

import (
	"encoding/binary"
	"net/netip"
)

// UDP ports of tunnels, and the one that these functions send from.
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
	portJMirror  = 30030
	portTZSP     = 37008
	sourcePort   = 49152
)

// tunnel puts a payload into a datagram to the port.
func (e Ends) tunnel(port uint16, payload []byte) []byte {
	return UDP(netip.AddrPortFrom(e.Src, sourcePort), netip.AddrPortFrom(e.Dst, port), payload)
}

// VXLAN puts a frame into a virtual network, as AWS traffic mirroring does.
func VXLAN(e Ends, vni uint32, frame []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{8, 0, 0, 0}, vni<<8)
	return e.tunnel(portVXLAN, append(b, frame...))
}

// geneveOption is an option like those of an AWS Gateway Load Balancer: its
// class, type 1 (the endpoint), eight bytes.
var geneveOption = []byte{0x01, 0x08, 1, 2, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8}

// GENEVE puts a frame into a virtual network, with an option.
func GENEVE(e Ends, vni uint32, frame []byte) []byte {
	return e.geneve(vni, etherBridging, frame)
}

// GENEVEIP puts a packet into a virtual network, with an option, as an AWS
// Gateway Load Balancer does.
func GENEVEIP(e Ends, vni uint32, packet []byte) []byte {
	return e.geneve(vni, etherTypeOf(packet), packet)
}

func (e Ends) geneve(vni uint32, etherType uint16, inner []byte) []byte {
	b := []byte{byte(len(geneveOption) / 4), 0}
	b = binary.BigEndian.AppendUint16(b, etherType)
	b = binary.BigEndian.AppendUint32(b, vni<<8)
	b = append(b, geneveOption...)
	return e.tunnel(portGENEVE, append(b, inner...))
}

// GTPU puts a packet into a GTP-U tunnel, with a sequence number and a PDU
// session container, as 5G networks have it.
func GTPU(e Ends, teid uint32, inner []byte) []byte {
	const optional, container = 4, 4
	b := []byte{0x36, 255}
	b = binary.BigEndian.AppendUint16(b, uint16(optional+container+len(inner)))
	b = binary.BigEndian.AppendUint32(b, teid)
	b = append(b, 0, 1, 0, 0x85) // sequence; next extension: PDU session container
	b = append(b, 1, 0, 9, 0)    // one word, downlink, flow 9; no next extension
	return e.tunnel(portGTPU, append(b, inner...))
}

// Teredo puts an IPv6 packet into UDP to a Teredo server, behind an origin
// indication.
func Teredo(e Ends, packet []byte) []byte {
	origin := []byte{0, 0, 0x3f, 0xff, 0xc0, 0xa8, 0, 1}
	return e.tunnel(portTeredo, append(origin, packet...))
}

// L2TP puts a packet into PPP in L2TP version 2 (RFC 2661).
func L2TP(e Ends, session uint16, inner []byte) []byte {
	b := []byte{0x40, 2}
	b = binary.BigEndian.AppendUint16(b, uint16(12+len(inner)))
	b = binary.BigEndian.AppendUint16(b, 1) // tunnel
	b = binary.BigEndian.AppendUint16(b, session)
	b = append(b, 0xff, 3)
	b = binary.BigEndian.AppendUint16(b, pppProtocol(inner))
	return e.tunnel(portL2TP, append(b, inner...))
}

// TZSP sends a frame as MikroTik's sniffer does, with the tags that others add.
func TZSP(e Ends, frame []byte) []byte {
	b := []byte{1, 0, 0, 1}
	b = append(b, 0, 10, 1, 200, 41, 2, byte(len(frame)>>8), byte(len(frame)), 1)
	return e.tunnel(portTZSP, append(b, frame...))
}

// HPERM sends a frame as the remote mirroring of HP ProCurve and Aruba switches
// does.
func HPERM(e Ends, frame []byte) []byte {
	return e.tunnel(portHPERM, append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, frame...))
}

// JMirror sends a packet as Juniper's packet mirroring does.
func JMirror(e Ends, mirror uint32, packet []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, mirror)
	b = binary.BigEndian.AppendUint32(b, 5) // session
	return e.tunnel(portJMirror, append(b, packet...))
}

// CAPWAP sends a frame as an access point does that bridges to its controller.
func CAPWAP(e Ends, frame []byte) []byte {
	return e.tunnel(portCAPWAP, append([]byte{0, 2 << 3, 0, 0, 0, 0, 0, 0}, frame...))
}

// MPLSInUDP puts a packet behind a label stack into UDP (RFC 7510).
func MPLSInUDP(e Ends, packet []byte, labels ...uint32) []byte {
	return e.tunnel(portMPLSUDP, append(labelStack(nil, labels), packet...))
}

// GUE puts a packet into generic UDP encapsulation.
func GUE(e Ends, packet []byte) []byte {
	proto := byte(protoIPv4)
	if isIPv6(packet) {
		proto = protoIPv6
	}
	return e.tunnel(portGUE, append([]byte{0, proto, 0, 0}, packet...))
}
