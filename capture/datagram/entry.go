package datagram

import "tlsfloor/capture/flow"

// entry is what is remembered of a conversation. It has no pointer, so that tens of
// thousands of them cost the garbage collector nothing.
type entry struct {
	ends                flow.Ends
	seen, queued, began int64 // when its last datagram came, it was queued, and it began
	said                flow.Digest
	network             [2]uint32 // by direction, if heard
	twin                int32     // the next older entry with the same ends, in another network, or none
	consumer            int32     // index in Table.consumers, or none
	counted             int32     // its Consumer's part of Stats.Bytes
	previous, next      int32     // in the queue of its class; next is also that of a free entry
	lane                uint16    // see decode.Packet.Lane
	class               class
	by                  flow.Guarantor
	heard               [2]bool // by direction
}

// none is the index of no entry, and opening stands for one that is not entered yet.
const (
	none    = int32(-1)
	opening = int32(-2)
)

// maxTwins bounds the entries with the same addresses and ports: an attacker can make any
// number of networks with tunnels.
const maxTwins = 8

// hear notes the network of a direction's first datagram.
func (e *entry) hear(d flow.Dir, network uint32) {
	if !e.heard[d.Index()] {
		e.heard[d.Index()], e.network[d.Index()] = true, network
	}
}

// standing is the class of a conversation whose Consumer has come to s.
func (e *entry) standing(s Standing) class {
	switch {
	case s == Begun:
		return begun
	case e.heard[0] && e.heard[1]:
		return answered
	}
	return waiting
}

// find returns the entry of a datagram in direction d, or none.
//
// Two networks may use the same addresses and ports, and one conversation may have other
// tags around each direction. So a direction belongs to the entry in whose network it was
// heard before, else to one of which it was not heard: best one whose other direction is
// in the same network.
func (t *Table) find(ends *flow.Ends, d flow.Dir, network uint32, by flow.Guarantor, lane uint16) int32 {
	i, ok := t.index[*ends]
	if !ok {
		return none
	}
	best := none
	for ; i != none; i = t.entries[i].twin {
		e := &t.entries[i]
		switch {
		case e.by != by, e.lane != lane:
		case e.heard[d.Index()] && e.network[d.Index()] == network:
			return i
		case e.heard[d.Index()]:
		case best == none, e.network[d.Other().Index()] == network:
			best = i
		}
	}
	return best
}

// insert enters a conversation, for which it makes room first.
func (t *Table) insert(ends *flow.Ends, by flow.Guarantor) int32 {
	t.boundTwins(ends)
	i := t.vacancy()
	older, ok := t.index[*ends]
	if !ok {
		older = none
	}
	t.entries[i] = entry{ends: *ends, by: by, twin: older, consumer: none, seen: t.claimed}
	t.index[*ends] = i
	return i
}

// boundTwins removes the oldest of maxTwins entries with the same ends.
func (t *Table) boundTwins(ends *flow.Ends) {
	i, ok := t.index[*ends]
	if !ok {
		return
	}
	n := 1
	for ; t.entries[i].twin != none; i = t.entries[i].twin {
		n++
	}
	if n >= maxTwins {
		t.remove(i, flow.Evicted)
	}
}

// vacancy returns a free entry. In a full Table it evicts one first.
func (t *Table) vacancy() int32 {
	if t.free == none && len(t.entries) >= t.most {
		t.evict()
	}
	if i := t.free; i != none {
		t.free = t.entries[i].next
		return i
	}
	t.entries = append(t.entries, entry{})
	return int32(len(t.entries) - 1)
}

// follow gives entry i, which is in no queue, a Consumer.
func (t *Table) follow(i int32, c Consumer, in class) {
	t.stats.Conversations++
	e := &t.entries[i]
	e.began = t.claimed
	if n := len(t.freeConsumers); n > 0 {
		e.consumer = t.freeConsumers[n-1]
		t.freeConsumers = t.freeConsumers[:n-1]
		t.consumers[e.consumer] = c
	} else {
		e.consumer = int32(len(t.consumers))
		t.consumers = append(t.consumers, c)
	}
	t.enqueue(i, in)
}

// end tells the Consumer of entry i that its conversation is over.
func (t *Table) end(i int32, cause flow.Cause) {
	t.asked = i
	t.consumers[t.entries[i].consumer].End(cause)
	t.asked = none
}

// settle goes on without the Consumer of entry i, whose conversation is over.
func (t *Table) settle(i int32) {
	t.release(i)
	t.requeue(i, settled)
}

// release takes the Consumer from entry i.
func (t *Table) release(i int32) {
	e := &t.entries[i]
	t.stats.Bytes -= int(e.counted)
	t.consumers[e.consumer] = nil
	t.freeConsumers = append(t.freeConsumers, e.consumer)
	e.consumer, e.counted = none, 0
}

// remove ends the conversation of entry i, if that is followed, and forgets the entry.
func (t *Table) remove(i int32, cause flow.Cause) {
	if t.entries[i].consumer != none {
		t.end(i, cause)
	}
	t.drop(i)
}

// drop forgets entry i.
func (t *Table) drop(i int32) {
	e := &t.entries[i]
	if e.consumer != none {
		t.release(i)
	}
	t.dequeue(i)
	switch at := t.index[e.ends]; {
	case at != i:
		for t.entries[at].twin != i {
			at = t.entries[at].twin
		}
		t.entries[at].twin = e.twin
	case e.twin != none:
		t.index[e.ends] = e.twin
	default:
		delete(t.index, e.ends)
	}
	e.next = t.free
	t.free = i
}

// Same is for a Consumer that is about to report its conversation, the one whose Consumer
// the Table is calling: see flow.Table.Same.
func (t *Table) Same(said flow.Digest) (reported bool, copies []Consumer) {
	i := t.asked
	if i < 0 {
		return false, nil
	}
	e := &t.entries[i]
	reported = e.said.Covers(said)
	for j := t.index[e.ends]; j != none; j = t.entries[j].twin {
		o := &t.entries[j]
		switch {
		case j == i:
		case o.consumer == none:
			reported = reported || o.said.Covers(said)
		case t.consumers[o.consumer].Said().Agrees(said):
			c := t.consumers[o.consumer]
			reported = reported || c.Said() != said && c.Said().Covers(said)
			copies = append(copies, c)
		}
	}
	e.said = said
	if !reported {
		// When a twin is about to be reported, this entry may be gone.
		for j := t.index[e.ends]; j != none; j = t.entries[j].twin {
			if t.entries[j].consumer != none {
				t.entries[j].said = said
			}
		}
	}
	return reported, copies
}
