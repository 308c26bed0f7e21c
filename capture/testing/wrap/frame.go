package wrap

import "encoding/binary"

// EtherTypes.
const (
	etherIPv4      = 0x0800
	etherVLAN      = 0x8100
	etherIPv6      = 0x86dd
	etherMPLS      = 0x8847
	etherPPPoE     = 0x8864
	etherQinQ      = 0x88a8
	etherPBB       = 0x88e7
	etherCiscoMeta = 0x8909
)

const addresses = 12 // the two MAC addresses of an Ethernet frame

// Ethernet puts a packet into a frame. The MAC addresses are locally
// administered ones.
func Ethernet(packet []byte) []byte {
	return frame(etherTypeOf(packet), packet)
}

// SNAP puts a packet into an IEEE 802.3 frame with LLC and SNAP headers (RFC
// 1042).
func SNAP(packet []byte) []byte {
	b := []byte{0xaa, 0xaa, 3, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, etherTypeOf(packet))
	return frame(uint16(len(b)+len(packet)), append(b, packet...))
}

func frame(etherType uint16, payload []byte) []byte {
	b := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	b = binary.BigEndian.AppendUint16(b, etherType)
	return append(b, payload...)
}

func etherTypeOf(packet []byte) uint16 {
	if isIPv6(packet) {
		return etherIPv6
	}
	return etherIPv4
}

// VLAN puts an 802.1Q tag after the frame's addresses.
func VLAN(frame []byte, id uint16) []byte { return tag(frame, etherVLAN, id) }

// QinQ puts an 802.1ad service tag and an 802.1Q tag after the frame's addresses.
func QinQ(frame []byte, outer, inner uint16) []byte {
	return tag(VLAN(frame, inner), etherQinQ, outer)
}

func tag(frame []byte, etherType, id uint16) []byte {
	h := binary.BigEndian.AppendUint16(nil, etherType)
	return insert(frame, binary.BigEndian.AppendUint16(h, id))
}

// insert puts a header after the addresses. It must end before an EtherType.
func insert(frame, header []byte) []byte {
	b := append(frame[:addresses:addresses], header...)
	return append(b, frame[addresses:]...)
}

// CiscoMeta puts a security group tag into the frame.
func CiscoMeta(frame []byte, group uint16) []byte {
	h := binary.BigEndian.AppendUint16(nil, etherCiscoMeta)
	h = append(h, 1, 1, 0, 1) // version, length in words, option: group tag
	return insert(frame, binary.BigEndian.AppendUint16(h, group))
}

// MPLS puts a label stack, outermost first, between the Ethernet header and the
// packet of a frame.
func MPLS(frame []byte, labels ...uint32) []byte {
	b := binary.BigEndian.AppendUint16(frame[:addresses:addresses], etherMPLS)
	return append(labelStack(b, labels), frame[addresses+2:]...)
}

// MPLSEthernet puts a label stack and a control word before a frame: an Ethernet
// pseudowire (RFC 4448).
func MPLSEthernet(frame []byte, labels ...uint32) []byte {
	b := binary.BigEndian.AppendUint16(frame[:addresses:addresses], etherMPLS)
	b = append(labelStack(b, labels), 0, 0, 0, 0)
	return append(b, frame...)
}

func labelStack(b []byte, labels []uint32) []byte {
	for i, label := range labels {
		entry := label<<12 | hopLimit
		if i == len(labels)-1 {
			entry |= 1 << 8
		}
		b = binary.BigEndian.AppendUint32(b, entry)
	}
	return b
}

// PPPoE puts the packet of a frame into a PPPoE session.
func PPPoE(frame []byte, session uint16) []byte {
	ppp := binary.BigEndian.AppendUint16(nil, pppProtocol(frame[addresses+2:]))
	ppp = append(ppp, frame[addresses+2:]...)
	b := binary.BigEndian.AppendUint16(frame[:addresses:addresses], etherPPPoE)
	b = append(b, 0x11, 0)
	b = binary.BigEndian.AppendUint16(b, session)
	b = binary.BigEndian.AppendUint16(b, uint16(len(ppp)))
	return append(b, ppp...)
}

func pppProtocol(packet []byte) uint16 {
	if isIPv6(packet) {
		return 0x0057
	}
	return 0x0021
}

// PBB puts a frame into a frame between provider backbone bridges (IEEE 802.1ah).
func PBB(inner []byte, service uint32) []byte {
	return frame(etherPBB, append(binary.BigEndian.AppendUint32(nil, service), inner...))
}
