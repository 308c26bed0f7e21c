package decode

import "encoding/binary"

// notTunnel counts a datagram on a tunnel's port that does not hold up as that
// tunnel, if its header is that of a user's packet. Ports are also met by
// chance: without the header every other client's port would be a tunnel.
func (d *Decoder) notTunnel(port uint16) {
	switch {
	case d.wire() == 0 || d.chance(port):
	case d.cut > 0 && len(d.rest) < tunnelLook:
		d.stats.CutShort++
	case len(d.rest) < tunnelLook || !hasTunnelHeader(port, d.rest, d.cut > 0):
	case d.cut > 0:
		d.stats.CutShort++
	default:
		d.unread.add(UnreadUDPPort, port)
	}
}

// sealed counts a datagram on the port of a tunnel that is not read, if it has
// the form of one that carries packets.
func (d *Decoder) sealed(port uint16) {
	b := d.rest
	switch {
	case isWireGuard(b, d.wire()):
		d.unread.addWireGuard(port)
	case d.chance(port):
	case isSealed(port, b, d.wire()):
		d.unread.add(UnreadUDPPort, port)
	case d.cut > 0 && len(b) < sealedLook:
		d.stats.CutShort++
	}
}

// chance reports whether the datagram has the port only by chance, because the
// other port is that of a service.
func (d *Decoder) chance(port uint16) bool {
	p := d.packet
	return p.SrcPort <= maxServicePort && p.DstPort == port || p.DstPort <= maxServicePort && p.SrcPort == port
}

// tunnelLook is how much of a payload hasTunnelHeader looks at.
const tunnelLook = 8

// hasTunnelHeader reports whether a datagram has the header that the port's
// tunnel has around a user's packet, and not around signalling, probes and
// keepalives. A tunnel whose header has nothing to know it by is one if cut says
// that the packet in it could not be looked at.
func hasTunnelHeader(port uint16, b []byte, cut bool) bool {
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
	case portLISP: // what is not encrypted would have been read
		return cut || b[0]&lispEncrypted != 0
	case portGREInUDP:
		return u16(b)&^(greChecksum|greKey|greSequence) == 0
	case portMPLSUDP:
		return b[2]&1 != 0 || b[6]&1 != 0
	case portGUE: // version 0, data, few extensions
		return b[0] < 8
	case portHPERM, portJMirror:
		return cut
	case portTeredo: // all of it is IPv6, and would have been read
		return cut && b[0]>>4 == 6
	}
	return b[0]&vxlanVNI != 0 && b[7] == 0
}

// l2tpCarriesData reports whether a version 2 data message holds no control
// protocol of PPP.
func l2tpCarriesData(b []byte) bool {
	if u16(b)&l2tpVersion != 2 {
		return false
	}
	n, _, ok := l2tp2Header(b, len(b))
	if !ok {
		return false
	}
	_, protocol, ok := pppHeader(b[n:])
	return ok && !quietPPP(protocol)
}

// sealedLook is how much of a payload isSealed looks at.
const sealedLook = 16

// isSealed looks at the payload of a datagram on the port of a tunnel that is
// not read.
func isSealed(port uint16, b []byte, wire int) bool {
	if len(b) < sealedLook {
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

// WireGuard's messages (WireGuard: Next Generation Kernel Network Tunnel, 5.4):
// a type, three reserved zero bytes, and a length that the type decides.
const (
	wireGuardInitiation = 148
	wireGuardResponse   = 92
	wireGuardCookie     = 64
	wireGuardData       = 32 // the shortest; the others are multiples of 16 longer
)

// isWireGuard recognises the messages by type and length, and data also by its
// counter, which is not beyond 2^40. It is used on any port.
func isWireGuard(b []byte, wire int) bool {
	if len(b) < 16 || b[1]|b[2]|b[3] != 0 {
		return false
	}
	switch b[0] {
	case 1:
		return wire == wireGuardInitiation
	case 2:
		return wire == wireGuardResponse
	case 3:
		return wire == wireGuardCookie
	case 4:
		return wire >= wireGuardData && wire%16 == 0 && u32(b[4:]) != 0 && binary.LittleEndian.Uint64(b[8:]) < 1<<40
	}
	return false
}
