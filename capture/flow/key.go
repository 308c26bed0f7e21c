package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"tlsfloor/capture/decode"
)

// key names a connection, the same for both directions: its addresses, its
// ports and the networks that it lives in. Which end is the low one is a matter
// of this process alone.
//
// It has no pointer, so that a table of a quarter of a million costs the
// garbage collector nothing. And it is made of words that are written as they
// will be read: a processor that reads eight bytes of which it has just
// written two and two and four waits for them to arrive in the cache (that was
// a third of the 59 ns that a settled segment cost).
type key struct {
	low, high [2]uint64
	// network is a hash of the packet's, by the table's seed: two are the same
	// by chance once in 2^64, and nobody outside can tell which.
	network uint64
	// ends is the low end's port, the high end's, and 4 or 6: ::ffff:10.0.0.1
	// over IPv6 is not 10.0.0.1.
	ends uint64
}

// Dir is a direction of a connection: FromLo packets were sent by the low end.
type Dir uint8

// The directions.
const (
	FromLo Dir = iota
	FromHi
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// set makes k the key of the packet's connection, and returns the direction in
// which it went.
func (k *key) set(p *decode.Packet, s *seed) Dir {
	src0, src1 := words(&p.Src)
	dst0, dst1 := words(&p.Dst)
	outer, inner := uint64(p.Network[0])|uint64(p.Network[1])<<32, uint64(p.Network[2])|uint64(p.Network[3])<<32
	k.network = mix(outer^s[2], inner^s[3])
	family := uint64(4) << 32
	if p.V6 {
		family = 6 << 32
	}
	src, dst := uint64(p.SrcPort), uint64(p.DstPort)
	if src1 < dst1 || src1 == dst1 && (src0 < dst0 || src0 == dst0 && src <= dst) {
		k.low[0], k.low[1], k.high[0], k.high[1] = src0, src1, dst0, dst1
		k.ends = family | src<<16 | dst
		return FromLo
	}
	k.low[0], k.low[1], k.high[0], k.high[1] = dst0, dst1, src0, src1
	k.ends = family | dst<<16 | src
	return FromHi
}

func words(a *decode.Addr) (first, last uint64) {
	return binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:])
}

// equal is written out, what differs most first: for 48 bytes the compiler
// calls a function that costs more than the comparison.
func (k *key) equal(o *key) bool {
	return k.ends == o.ends && k.low[1] == o.low[1] && k.high[1] == o.high[1] &&
		k.low[0] == o.low[0] && k.high[0] == o.high[0] && k.network == o.network
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
	return uint32(mix(low^k.ends^s[3], high^k.network^s[4]))
}

// mix folds the product of two numbers, so that each bit of it depends on all
// of theirs.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
