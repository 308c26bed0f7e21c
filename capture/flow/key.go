package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"tlsfloor/capture/decode"
)

// key names a connection by its addresses and ports, and is the same for both
// directions. Which end is the low one has no meaning outside the package.
//
// It has no pointer, so a table of a quarter of a million keys costs the garbage
// collector nothing. Its addresses are written in words of the size in which they are
// read: a processor that reads eight bytes which were written in smaller pieces waits
// until these have reached the cache. That was a third of the 59 ns that a settled
// segment cost.
//
// The networks around a packet are not part of the key: brokers, mirror ports, Cilium
// and EVPN put another VLAN id or VNI around each direction of a connection.
// Table.entryFor distinguishes two networks that use the same addresses and ports.
type key struct {
	low, high [2]uint64
	ports     uint32 // the low end's in the upper half, the high end's in the lower
	// seen is when the last packet of an entry came. It is no part of the name, but fits
	// into four bytes that are left, so that an entry is one cache line.
	seen moment
}

// Dir is a direction of a connection. It is 0 or 1.
type Dir uint8

const (
	fromLow  Dir = iota // sent by the low end of the key
	fromHigh            // sent by the high end
)

// Index is d as an index of an array with an element for each direction. It lets the
// compiler prove that the index is in range, and leave out a check for every packet.
func (d Dir) Index() int { return int(d & 1) }

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// set makes k the key of the packet's connection, and returns the packet's direction.
func (k *key) set(p *decode.Packet) Dir {
	src0, src1 := words(&p.Src)
	dst0, dst1 := words(&p.Dst)
	src, dst := uint32(p.SrcPort), uint32(p.DstPort)
	if src1 < dst1 || src1 == dst1 && (src0 < dst0 || src0 == dst0 && src <= dst) {
		k.low[0], k.low[1], k.high[0], k.high[1] = src0, src1, dst0, dst1
		k.ports = src<<16 | dst
		return fromLow
	}
	k.low[0], k.low[1], k.high[0], k.high[1] = dst0, dst1, src0, src1
	k.ports = dst<<16 | src
	return fromHigh
}

func words(a *decode.Addr) (first, last uint64) {
	return binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:])
}

// equal compares one field after the other, those that differ most often first: for 36
// bytes the compiler would call a function that takes longer than the comparison.
func (k *key) equal(o *key) bool {
	return k.ports == o.ports && k.low[1] == o.low[1] && k.high[1] == o.high[1] &&
		k.low[0] == o.low[0] && k.high[0] == o.high[0]
}

// guarantor is the end of a connection in whose tunnel its packets come, if that end is
// believed about its own packets only: 1 and the Dir in which it sends. 0 is for all
// other packets.
type guarantor uint8

// guarantorOf returns the guarantor of a packet in direction d.
func guarantorOf(p *decode.Packet, d Dir) guarantor {
	switch p.Word {
	case decode.SourceWord:
		return 1 + guarantor(d)
	case decode.DestinationWord:
		return 1 + guarantor(d.Other())
	}
	return 0
}

// networkOf hashes the VLAN ids and virtual networks around a packet in direction d, its
// IP version (::ffff:10.0.0.1 over IPv6 is not 10.0.0.1), and its guarantor. Nobody
// outside can find out which two networks share a value. Two of the few with the same
// addresses and ports do by chance once in 2^32.
func (s *seed) networkOf(p *decode.Packet, d Dir) uint32 {
	if p.NumLayers == 0 { // most packets
		if p.V6 {
			return uint32(s[4])
		}
		return uint32(s[4] >> 32)
	}
	outer, inner := uint64(p.Network[0])|uint64(p.Network[1])<<32, uint64(p.Network[2])|uint64(p.Network[3])<<32
	if p.V6 {
		outer = ^outer
	}
	inner ^= uint64(guarantorOf(p, d)) * s[0]
	return uint32(mix(outer^s[2], inner^s[3]))
}

// seed keeps the slots of keys a secret of this process: an attacker must not be able to
// choose keys that share a slot.
type seed [5]uint64

func newSeed() (s seed) {
	for i := range s {
		s[i] = rand.Uint64()
	}
	return s
}

func (k *key) hash(s *seed) uint32 {
	low := mix(k.low[0]^s[0], k.low[1]^s[1])
	high := mix(k.high[0]^s[1], k.high[1]^s[2])
	return uint32(mix(low^uint64(k.ports)^s[3], high^s[4]))
}

// mix folds the product of two numbers, so that each bit of the result depends on all of
// theirs.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// ShardOf returns which of n tables, numbered from 0, has the packet's connection. It is
// the same for both directions, in whatever networks they are seen.
//
// It is a fixed function, so that a capture is divided in the same way each time it is
// read. An attacker can therefore put all his connections into one table. They cost what
// they would cost a single table, whose slots depend on a secret seed.
func ShardOf(p *decode.Packet, n int) int {
	ends := endHash(&p.Src, p.SrcPort) + endHash(&p.Dst, p.DstPort)
	high, _ := bits.Mul64(mix(ends^k0, k1), uint64(n))
	return int(high)
}

// Constants with about as many ones as zeros: fractions of square roots.
const (
	k0 = 0x6a09e667f3bcc909
	k1 = 0xbb67ae8584caa73b
	k2 = 0x3c6ef372fe94f82b
)

func endHash(a *decode.Addr, port uint16) uint64 {
	return mix(binary.LittleEndian.Uint64(a[:8])^uint64(port)^k1, binary.LittleEndian.Uint64(a[8:])^k2)
}
