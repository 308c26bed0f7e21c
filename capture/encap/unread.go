package encap

import "encoding/binary"

// How many bytes of a payload HasTunnelHeader and IsUnreadTunnel look at.
const (
	TunnelHeaderBytes = 8
	UnreadTunnelBytes = 16
)

// HasTunnelHeader reports whether b, TunnelHeaderBytes bytes at least, has the header
// that the tunnel of a UDP port has around a user's packet, and not around
// signalling, probes and keepalives. Of a tunnel whose header is not characteristic,
// it is true if cut says that the packet in it was not captured whole, so that its
// opener could not check it.
func HasTunnelHeader(port uint16, b []byte, cut bool) bool {
	switch port {
	case portVXLANGPE:
		return b[0]&vxlanVNI != 0 && b[0]&(vxlanGPE|vxlanOAM) != vxlanGPE|vxlanOAM
	case portGENEVE:
		return b[0]>>6 == 0 && b[1] == 0 && b[7] == 0
	case portGTPU: // 3GPP TS 29.281, 6.1
		return b[0]&gtpuFixedMask == gtpuFixed && b[1] == gtpuGPDU
	case portL2TP:
		return u16(b)&(l2tpControl|l2tpReserved) == 0 && (u16(b)&l2tpVersion == 3 || l2tpCarriesData(b))
	case portTZSP: // its port is in the range of clients' ports
		return b[0] == tzspVersion && b[1] <= tzspTransmit && b[2] == 0
	case portCAPWAP: // RFC 5415, 4.3: in clear or in DTLS, and no keepalive
		return b[0] == 1 || b[0] == 0 && b[3]&0x08 == 0
	case portLISP: // one that is not encrypted would have been opened
		return cut || b[0]&lispEncrypted != 0
	case portGREInUDP:
		return u16(b)&^(GREChecksum|GREKey|GRESequence) == 0
	case portMPLSUDP:
		return b[2]&1 != 0 || b[6]&1 != 0
	case portGUE: // version 0, data, few extensions
		return b[0] < 8
	case portHPERM, portJMirror:
		return cut
	case portTeredo: // nothing but IPv6, which would have been opened
		return cut && b[0]>>4 == 6
	}
	return b[0]&vxlanVNI != 0 && b[7] == 0
}

// l2tpCarriesData reports whether a version 2 data message holds no control protocol
// of PPP.
func l2tpCarriesData(b []byte) bool {
	if u16(b)&l2tpVersion != 2 {
		return false
	}
	n, _, ok := l2tp2Header(b, len(b))
	if !ok {
		return false
	}
	_, protocol, ok := PPPHeader(b[n:])
	return ok && !PPPWithoutIP(protocol)
}

// IsUnreadTunnel reports whether the payload of a datagram has the form that the
// tunnel of a UDP port gives users' packets. It is for tunnels without an Opener.
func IsUnreadTunnel(port uint16, b []byte, wire int) bool {
	if len(b) < UnreadTunnelBytes {
		return false
	}
	switch port {
	case portIPsecNATT: // RFC 3948, 2: an SPI of 0 is IKE; below 256 none is assigned (RFC 4303, 2.1)
		return u32(b) > 255 && u32(b[4:]) != 0
	case portOpenVPN: // opcode in the upper five bits: P_DATA_V1 and P_DATA_V2
		return b[0]>>3 == 6 || b[0]>>3 == 9
	case portGTP0: // GSM 09.60, 6: version 0, header of 20 bytes; 255 is a user's packet
		return b[0]>>5 == 0 && b[1] == gtpuGPDU && 20+int(u16(b[2:])) == wire
	case portGREDTLS, portMPLSUDPDTLS: // application data of DTLS
		return b[0] == 23 && b[1] == 0xfe
	case portNebula: // version 1; 1 is a user's packet
		return b[0] == 1<<4|1
	case portZeroTier: // packet id, addresses of five bytes each, flags
		return len(b) >= 28
	}
	return false
}

// IsWireGuard recognises WireGuard on any port (WireGuard: Next Generation Kernel
// Network Tunnel, 5.4): a type, three reserved zero bytes, and a length that the type
// decides. Data, whose length is only a multiple of 16, also needs a counter below
// 2^40.
func IsWireGuard(b []byte, wire int) bool {
	const initiation, response, cookie, shortestData = 148, 92, 64, 32
	if len(b) < 16 || b[1]|b[2]|b[3] != 0 {
		return false
	}
	switch b[0] {
	case 1:
		return wire == initiation
	case 2:
		return wire == response
	case 3:
		return wire == cookie
	case 4:
		return wire >= shortestData && wire%16 == 0 && u32(b[4:]) != 0 && binary.LittleEndian.Uint64(b[8:]) < 1<<40
	}
	return false
}
