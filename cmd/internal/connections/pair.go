package connections

import (
	"encoding/binary"
	"net/netip"
)

// Pair is the two ends of a TCP connection.
type Pair struct{ Client, Server netip.AddrPort }

// Size is the size of an encoded Pair, in bytes: for each end an IPv6 address
// (IPv4-mapped for IPv4) and a port.
const Size = 2 * endSize

const endSize = 16 + 2

// Append appends the encoded pair.
func (p Pair) Append(dst []byte) []byte { return appendEnd(appendEnd(dst, p.Client), p.Server) }

func appendEnd(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	return binary.BigEndian.AppendUint16(append(dst, ip[:]...), a.Port())
}

// Read reads an encoded pair. b has Size bytes.
func Read(b []byte) Pair { return Pair{readEnd(b), readEnd(b[endSize:])} }

func readEnd(b []byte) netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(b[:16])).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:]))
}
