package wrap

import (
	"encoding/binary"
	"net/netip"
)

// IP protocol numbers.
const (
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoFragment = 44
	protoGRE      = 47
	protoEtherIP  = 97
)

const (
	ipv4Header     = 20
	ipv6Header     = 40
	fragmentHeader = 8
	tcpHeader      = 20
	udpHeader      = 8
	hopLimit       = 64
)

// Ends are the addresses of an IP packet: both IPv4 or both IPv6.
type Ends struct{ Src, Dst netip.Addr }

// Segment is the header of a TCP segment.
type Segment struct {
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	Flags    uint8
	Options  []byte // a multiple of four bytes
}

// TCP returns the packet of a TCP segment.
func TCP(s Segment, payload []byte) []byte {
	b := make([]byte, tcpHeader, tcpHeader+len(s.Options)+len(payload))
	binary.BigEndian.PutUint16(b[0:], s.Src.Port())
	binary.BigEndian.PutUint16(b[2:], s.Dst.Port())
	binary.BigEndian.PutUint32(b[4:], s.Seq)
	binary.BigEndian.PutUint32(b[8:], s.Ack)
	b[12] = byte((tcpHeader + len(s.Options)) / 4 << 4)
	b[13] = s.Flags
	binary.BigEndian.PutUint16(b[14:], 65535) // window
	b = append(append(b, s.Options...), payload...)
	ends := Ends{s.Src.Addr(), s.Dst.Addr()}
	binary.BigEndian.PutUint16(b[16:], transportChecksum(ends, protoTCP, b))
	return packet(ends, protoTCP, b)
}

// UDP returns the packet of a UDP datagram.
func UDP(src, dst netip.AddrPort, payload []byte) []byte {
	b := make([]byte, udpHeader, udpHeader+len(payload))
	binary.BigEndian.PutUint16(b[0:], src.Port())
	binary.BigEndian.PutUint16(b[2:], dst.Port())
	binary.BigEndian.PutUint16(b[4:], uint16(udpHeader+len(payload)))
	b = append(b, payload...)
	ends := Ends{src.Addr(), dst.Addr()}
	sum := transportChecksum(ends, protoUDP, b)
	if sum == 0 { // RFC 768: zero means that there is no checksum
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[6:], sum)
	return packet(ends, protoUDP, b)
}

// IPIP puts a packet into another of either version: IP-in-IP, and 6in4 when
// the inner one is IPv6 and the outer IPv4.
func IPIP(e Ends, inner []byte) []byte {
	if isIPv6(inner) {
		return packet(e, protoIPv6, inner)
	}
	return packet(e, protoIPv4, inner)
}

const moreFragments = 0x2000 // IPv4; in IPv6 it is the lowest bit

// Fragments cuts a packet into fragments of at most mtu bytes, in order. The packet must
// be no fragment and have neither options nor extension headers. IPv4 uses the lower 16
// bits of id.
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

// packet returns an IP packet with the payload.
func packet(e Ends, proto uint8, payload []byte) []byte {
	if e.Src.Is4() {
		return packet4(e, proto, 0, 0, payload)
	}
	b := make([]byte, ipv6Header, ipv6Header+len(payload))
	b[0], b[6], b[7] = 6<<4, proto, hopLimit
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	copy(b[8:], e.Src.AsSlice())
	copy(b[24:], e.Dst.AsSlice())
	return append(b, payload...)
}

func packet4(e Ends, proto uint8, id, fragment uint16, payload []byte) []byte {
	b := make([]byte, ipv4Header, ipv4Header+len(payload))
	b[0], b[8], b[9] = 4<<4|ipv4Header/4, hopLimit, proto
	binary.BigEndian.PutUint16(b[2:], uint16(ipv4Header+len(payload)))
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], fragment)
	copy(b[12:], e.Src.AsSlice())
	copy(b[16:], e.Dst.AsSlice())
	binary.BigEndian.PutUint16(b[10:], ^sum(0, b))
	return append(b, payload...)
}

func isIPv6(packet []byte) bool { return packet[0]>>4 == 6 }

// ends returns the addresses of a packet.
func ends(packet []byte) Ends {
	if isIPv6(packet) {
		return Ends{netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))}
	}
	return Ends{netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))}
}

// transportChecksum is the checksum of TCP and UDP, with the pseudo header of
// the IP version, over bytes whose checksum field is zero.
func transportChecksum(e Ends, proto uint8, b []byte) uint16 {
	pseudo := sum(uint32(proto)+uint32(len(b)), append(e.Src.AsSlice(), e.Dst.AsSlice()...))
	return ^sum(uint32(pseudo), b)
}

// sum is the ones' complement sum of RFC 1071.
func sum(start uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		start += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	for start > 0xffff {
		start = start>>16 + start&0xffff
	}
	return uint16(start)
}
