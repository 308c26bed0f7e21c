package flow

import "tlsfloor/capture/decode"

// Standing is how far the connection of a packet has come. The order is that in which
// connections are worth more: see Table.evict.
type Standing uint8

// The standings.
const (
	// Decided: its Consumer needs no more of it, or it has none, or the table does not
	// know it.
	Decided  Standing = iota
	Opened            // no bytes came so far
	Followed          // its Consumer has not decided
	Waiting           // the same, and an answer is expected: see Stream.Wait
)

// Standing returns how far the connection of a packet has come that Push has taken, or
// would have taken if it were not Bare. Of several connections with the same addresses
// and ports, in different networks, it is the farthest that is not decided. begun: a SYN
// or SYN-ACK of one of them was seen.
//
// It looks the connection up again, so that Push costs nothing more for those who do not
// ask.
func (t *Table) Standing(p *decode.Packet) (s Standing, begun bool) {
	var k key
	d := k.set(p)
	hash := k.hash(&t.seed)
	w := t.twinsOf(&k, hash)
	for _, i := range w.entries[:w.n] {
		s = max(s, t.standing(i))
		begun = begun || t.entries[i].flags&(synSeen|synSeen<<1) != 0
	}
	if t.apart > 0 {
		network := t.seed.networkOf(p, d)
		if i := t.findApart(&k, apartHash(hash, network), network); i != none {
			s = max(s, t.standing(i))
			begun = begun || t.entries[i].flags&(synSeen|synSeen<<1) != 0
		}
	}
	return s, begun
}

// standing is the Standing of entry i.
func (t *Table) standing(i int32) Standing {
	e := &t.entries[i]
	switch {
	case e.flags&decided != 0:
		return Decided
	case e.stream == none:
		return Opened // also after a RST: see Table.syn
	case t.streams[e.stream].waits:
		return Waiting
	}
	return Followed
}
