package connections

import (
	"encoding/binary"
	"net/netip"
)

// Pair is the two ends of a connection of TCP, or of a conversation of UDP.
type Pair struct {
	Client, Server netip.AddrPort
	UDP            bool
}

// Size is the size of an encoded Pair, in bytes: for each end an IPv6 address
// (IPv4-mapped for IPv4) and a port, and whether it is of UDP.
const Size = 2*endSize + 1

const endSize = 16 + 2

// Append appends the encoded pair.
func (p Pair) Append(dst []byte) []byte {
	udp := byte(0)
	if p.UDP {
		udp = 1
	}
	return append(appendEnd(appendEnd(dst, p.Client), p.Server), udp)
}

func appendEnd(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	return binary.BigEndian.AppendUint16(append(dst, ip[:]...), a.Port())
}

// Read reads an encoded pair. b has Size bytes.
func Read(b []byte) Pair { return Pair{readEnd(b), readEnd(b[endSize:]), b[2*endSize] == 1} }

func readEnd(b []byte) netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(b[:16])).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:]))
}
