package flow

import "math/bits"

// forgotten remembers connections that the table forgot because they were silent,
// or because it was full. When one goes on, it is not taken for a connection that
// was open before the capture began.
//
// It is a cache of 32-bit tags, in sets of one cache line each: a set that is
// full forgets the tag that was noted first. The hash is a fixed one, so that a
// capture gives the same counts each time it is read; who knows it can have
// connections forgotten, which are then reported as open at the start.
type forgotten [][forgottenWays]uint32

// forgottenWays is how many tags a set has: a cache line of them.
const forgottenWays = 16

// note remembers a connection, in as many places as the table has entries,
// rounded down to a power of two.
func (f *forgotten) note(k *key, entries int) {
	if *f == nil {
		*f = make(forgotten, 1<<(bits.Len(uint(max(entries, forgottenWays)/forgottenWays))-1))
	}
	set, tag := f.place(k)
	copy(set[1:], set[:])
	set[0] = tag
}

// knows reports whether a connection was noted.
func (f *forgotten) knows(k *key) bool {
	if *f == nil {
		return false
	}
	set, tag := f.place(k)
	for _, t := range set {
		if t == tag {
			return true
		}
	}
	return false
}

// place is the set that the connection's tag lies in. A tag is not 0, which is an
// empty place.
func (f *forgotten) place(k *key) (set *[forgottenWays]uint32, tag uint32) {
	sum := mix(k.low[0]^k0, k.low[1]^k1) ^ mix(k.high[0]^k1, k.high[1]^k2)
	sum = mix(sum^k2, uint64(k.ports)^k0)
	return &(*f)[sum>>32&uint64(len(*f)-1)], uint32(sum) | 1
}
