package wrap

import "encoding/binary"

const moreFragments = 0x2000 // IPv4; in IPv6 it is the lowest bit

// Fragments cuts a packet, which is no fragment itself and has neither options
// nor extension headers, into fragments of at most mtu bytes, in order. Of id,
// IPv4 has the lower 16 bits.
func Fragments(whole []byte, mtu int, id uint32) [][]byte {
	if isIPv6(whole) {
		return fragments6(whole, mtu, id)
	}
	return fragments4(whole, mtu, uint16(id))
}

func fragments4(whole []byte, mtu int, id uint16) (list [][]byte) {
	size := (mtu - ipv4Header) &^ 7
	for at, rest := 0, whole[ipv4Header:]; len(rest) > 0; at += size {
		part := rest[:min(size, len(rest))]
		rest = rest[len(part):]
		field := uint16(at / 8)
		if len(rest) > 0 {
			field |= moreFragments
		}
		list = append(list, packet4(ends(whole), whole[9], id, field, part))
	}
	return list
}

func fragments6(whole []byte, mtu int, id uint32) (list [][]byte) {
	size := (mtu - ipv6Header - fragmentHeader) &^ 7
	for at, rest := 0, whole[ipv6Header:]; len(rest) > 0; at += size {
		part := rest[:min(size, len(rest))]
		rest = rest[len(part):]
		h := make([]byte, fragmentHeader, fragmentHeader+len(part))
		h[0] = whole[6]
		field := uint16(at)
		if len(rest) > 0 {
			field |= 1
		}
		binary.BigEndian.PutUint16(h[2:], field)
		binary.BigEndian.PutUint32(h[4:], id)
		list = append(list, packet(ends(whole), protoFragment, append(h, part...)))
	}
	return list
}
