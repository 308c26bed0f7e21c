package names

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// index finds entries by hashes of their keys: open addressing with linear probing, at
// most half full. When a table is full, each address of a flood is an insertion and a
// deletion, which take four times as long in a map.
//
// The hashes are seeded, so that an attacker cannot choose keys that share a slot. The
// seed does not change the results.
type index struct {
	seed  [3]uint64
	slots []slot
	used  int
}

// slot has the hash, so that most mismatches are found without reading the entry.
type slot struct {
	hash  uint32
	entry int32 // its number plus one; 0: the slot is empty
}

const firstSlots = 1 << 8

func newIndex() index {
	x := index{slots: make([]slot, firstSlots)}
	seed := maphash.MakeSeed()
	for i := range x.seed {
		x.seed[i] = maphash.Comparable(seed, i)
	}
	return x
}

// place hashes an address in a network.
func (x *index) place(p *place) uint32 {
	n, a := &p.network, &p.addr
	network := mix((uint64(n[0])|uint64(n[1])<<32)^x.seed[0], (uint64(n[2])|uint64(n[3])<<32)^x.seed[1])
	return uint32(mix(binary.LittleEndian.Uint64(a[:])^network, binary.LittleEndian.Uint64(a[8:])^x.seed[2]))
}

// pair hashes a pair of a client and an address.
func (x *index) pair(k *pairKey) uint32 {
	a := &k.server
	client := uint64(uint32(k.client)) * 0x9e3779b97f4a7c15
	return uint32(mix(binary.LittleEndian.Uint64(a[:])^client^x.seed[0], binary.LittleEndian.Uint64(a[8:])^x.seed[1]))
}

// mix folds the product of two numbers, so that each bit depends on all bits of both.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// home returns the slot where a probe for hash begins.
func (x *index) home(hash uint32) int { return int(hash) & (len(x.slots) - 1) }

// after returns the next slot.
func (x *index) after(at int) int { return (at + 1) & (len(x.slots) - 1) }

// add adds an entry that is not there yet.
func (x *index) add(hash uint32, entry int32) {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	x.used++
	x.put(slot{hash, entry + 1})
}

func (x *index) put(s slot) {
	at := x.home(s.hash)
	for x.slots[at].entry != 0 {
		at = x.after(at)
	}
	x.slots[at] = s
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.entry != 0 {
			x.put(s)
		}
	}
}

// remove removes an entry that is there, and moves entries behind it whose probes
// would end at the gap.
func (x *index) remove(hash uint32, entry int32) {
	gap := x.home(hash)
	for x.slots[gap].entry != entry+1 {
		gap = x.after(gap)
	}
	x.used--
	mask := len(x.slots) - 1
	for at := x.after(gap); x.slots[at].entry != 0; at = x.after(at) {
		if home := x.home(x.slots[at].hash); (at-home)&mask >= (at-gap)&mask {
			x.slots[gap] = x.slots[at]
			gap = at
		}
	}
	x.slots[gap] = slot{}
}
