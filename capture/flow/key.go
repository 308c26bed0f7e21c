package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"tlsfloor/capture/decode"
)

// key names a connection by its addresses and ports, the same for both
// directions. Which end is the low one is a matter of this process alone.
//
// It has no pointer, so that a table of a quarter of a million costs the
// garbage collector nothing. And its addresses are words that are written as
// they will be read: a processor that reads eight bytes of which it has just
// written two and two and four waits for them to arrive in the cache (that was
// a third of the 59 ns that a settled segment cost).
//
// The networks around a packet are not part of it: brokers, mirror ports,
// Cilium and EVPN put another VLAN id or VNI around each direction of a
// connection. See Table.belongs for what tells apart two networks that use the
// same addresses and ports.
type key struct {
	low, high [2]uint64
	ports     uint32 // the low end's in the upper half, the high end's in the lower
	// seen is when the last packet of an entry came. It names nothing, and lies here
	// because there are four bytes left of a word: with it an entry is one cache line.
	seen moment
}

// Dir is a direction of a connection: FromLo packets were sent by the low end.
type Dir uint8

// The directions.
const (
	FromLo Dir = iota
	FromHi
)

// Index is d as an index of what there is one of for each direction. The compiler
// sees that it is in range, and leaves out the checks that every packet would pay.
func (d Dir) Index() int { return int(d & 1) }

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// set makes k the key of the packet's connection, and returns the direction in
// which it went.
func (k *key) set(p *decode.Packet) Dir {
	src0, src1 := words(&p.Src)
	dst0, dst1 := words(&p.Dst)
	src, dst := uint32(p.SrcPort), uint32(p.DstPort)
	if src1 < dst1 || src1 == dst1 && (src0 < dst0 || src0 == dst0 && src <= dst) {
		k.low[0], k.low[1], k.high[0], k.high[1] = src0, src1, dst0, dst1
		k.ports = src<<16 | dst
		return FromLo
	}
	k.low[0], k.low[1], k.high[0], k.high[1] = dst0, dst1, src0, src1
	k.ports = dst<<16 | src
	return FromHi
}

func words(a *decode.Addr) (first, last uint64) {
	return binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:])
}

// equal is written out, what differs most first: for 36 bytes the compiler
// calls a function that costs more than the comparison.
func (k *key) equal(o *key) bool {
	return k.ports == o.ports && k.low[1] == o.low[1] && k.high[1] == o.high[1] &&
		k.low[0] == o.low[0] && k.high[0] == o.high[0]
}

// teller is the end of a connection whose tunnel told of it, where that end is
// believed about its own packets only; 0: another one, or no tunnel.
type teller uint8

// tellerOf says who told of a packet that went in direction d.
func tellerOf(p *decode.Packet, d Dir) teller {
	switch p.Word {
	case decode.SourceWord:
		return 1 + teller(d)
	case decode.DestinationWord:
		return 1 + teller(d.Other())
	}
	return 0
}

// networkOf hashes the VLAN ids and virtual networks around a packet that went in
// direction d, its IP version (::ffff:10.0.0.1 over IPv6 is not 10.0.0.1), and its
// teller. Nobody outside can tell which two share a value; two of the few with the
// same addresses and ports do by chance once in 2^32.
func (s *seed) networkOf(p *decode.Packet, d Dir) uint32 {
	if p.NumLayers == 0 { // as for most
		if p.V6 {
			return uint32(s[4])
		}
		return uint32(s[4] >> 32)
	}
	outer, inner := uint64(p.Network[0])|uint64(p.Network[1])<<32, uint64(p.Network[2])|uint64(p.Network[3])<<32
	if p.V6 {
		outer = ^outer
	}
	inner ^= uint64(tellerOf(p, d)) * s[0]
	return uint32(mix(outer^s[2], inner^s[3]))
}

// seed makes the slots of keys a secret of this process: who sends packets must
// not be able to choose keys that share one.
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

// mix folds the product of two numbers, so that each bit of it depends on all
// of theirs.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
