package flow

import (
	"bytes"
	"hash/maphash"
	"unsafe"

	"tlsfloor/capture/decode"
)

// Key names a connection, the same for both directions: the end with the lower
// address and port is first.
//
// It has no pointer, so that a table of a quarter of a million costs the
// garbage collector nothing, and no padding, so that it can be hashed as bytes.
type Key struct {
	Lo, Hi         decode.Addr
	Network        decode.Network
	LoPort, HiPort uint16
	Family         uint32 // 4 or 6: ::ffff:10.0.0.1 over IPv6 is not 10.0.0.1
}

// Dir is a direction of a connection: FromLo packets were sent by Key.Lo.
type Dir uint8

// The directions.
const (
	FromLo Dir = iota
	FromHi
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// KeyOf is the key of the packet's connection and the direction it went.
func KeyOf(p *decode.Packet) (k Key, d Dir) {
	k.Network = p.Network
	k.Family = 4
	if p.V6 {
		k.Family = 6
	}
	if before(p) {
		k.Lo, k.Hi, k.LoPort, k.HiPort = p.Src, p.Dst, p.SrcPort, p.DstPort
		return k, FromLo
	}
	k.Lo, k.Hi, k.LoPort, k.HiPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	return k, FromHi
}

// before reports whether the source sorts before the destination.
func before(p *decode.Packet) bool {
	if c := bytes.Compare(p.Src[:], p.Dst[:]); c != 0 {
		return c < 0
	}
	return p.SrcPort <= p.DstPort
}

// words is the key as numbers, in the machine's order.
func (k *Key) words() *[7]uint64 { return (*[7]uint64)(unsafe.Pointer(k)) }

// equal is written out: for 56 bytes the compiler calls a function that costs
// more than the comparison.
func (k *Key) equal(o *Key) bool {
	a, b := k.words(), o.words()
	return a[6] == b[6] && a[1] == b[1] && a[3] == b[3] && a[0] == b[0] && a[2] == b[2] && a[4] == b[4] && a[5] == b[5]
}

// hash is keyed by a seed of this process: who sends packets must not be able
// to choose keys that share a slot.
func (k *Key) hash(seed maphash.Seed) uint64 {
	return maphash.Bytes(seed, unsafe.Slice((*byte)(unsafe.Pointer(k)), unsafe.Sizeof(*k)))
}
