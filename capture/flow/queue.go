package flow

// class is what a table entry is worth.
type class uint8

const (
	closing   class = iota // both FINs or a RST were seen; late segments may follow
	settled                // nobody follows it any more, or ever did
	embryonic              // only a SYN was seen
	ending                 // as closing, but its handshake was not decided yet
	followed               // its handshake is under way
	unused                 // the entry is free

	classes = unused
)

const second = int64(1e9)

// moment is a time by the table's clock, in units of 2^20 ns (1.05 ms). It
// wraps around after 52 days, which is why moments are only subtracted.
type moment uint32

const (
	unit        = 20
	secondUnits = moment(second >> unit)
)

// patience is how long an entry may be silent. A server that dislikes a hello
// may take 30 s to say so.
var patience = [classes]moment{
	embryonic: 40 * secondUnits,
	closing:   5 * secondUnits,
	settled:   60 * secondUnits,
	ending:    5 * secondUnits,
	followed:  90 * secondUnits,
}

// maxClosing is how many connections that are over are remembered at most: a
// busy server has more in a second than the processor's cache holds, and late
// segments come within a few.
const maxClosing = 1 << 13

// none is the index of no entry.
const none = int32(-1)

// queue is a list of the entries of one class, in the order they were put in
// it. Seeing a packet does not move an entry, which would touch its
// neighbours' cache lines for every packet: an entry that turns out to have
// been busy when it comes to the head is put at the end again. So an entry
// lasts between one and two times its patience.
type queue struct {
	head, tail int32
	length     int
}

func (t *Table) enqueue(i int32, c class) {
	d, q := &t.details[i], &t.queues[c]
	t.entries[i].class = c
	d.queued, d.prev, d.next = t.moment(), q.tail, none
	if q.tail == none {
		q.head = i
	} else {
		t.details[q.tail].next = i
	}
	q.tail = i
	q.length++
}

func (t *Table) dequeue(i int32) {
	d, q := &t.details[i], &t.queues[t.entries[i].class]
	q.length--
	if d.prev == none {
		q.head = d.next
	} else {
		t.details[d.prev].next = d.next
	}
	if d.next == none {
		q.tail = d.prev
	} else {
		t.details[d.next].prev = d.prev
	}
}

func (t *Table) requeue(i int32, c class) {
	t.dequeue(i)
	t.enqueue(i, c)
}

// sweep ends what has been silent for too long.
func (t *Table) sweep() {
	for c := range classes {
		for i := t.queues[c].head; i != none && t.moment()-t.details[i].queued >= patience[c]; i = t.queues[c].head {
			if t.moment()-t.entries[i].seen < patience[c] {
				t.requeue(i, c)
				continue
			}
			t.stats.Expired++
			t.remove(i, Idle)
		}
	}
}

// busyTries bounds the search for an entry that was silent since it was
// queued, when one must go at once.
const busyTries = 8

// evict makes room. What is over costs nothing to forget, and what is settled
// little; but when SYNs without a connection fill a quarter of the table, they
// are a flood, and go before what is settled. Handshakes under way go last, the
// oldest first.
func (t *Table) evict() {
	flood := t.queues[embryonic].length > len(t.entries)/4
	switch {
	case t.queues[closing].head != none:
		t.evictFrom(closing)
	case flood || t.queues[settled].head == none && t.queues[embryonic].head != none:
		t.evictFrom(embryonic)
	case t.queues[settled].head != none:
		t.evictFrom(settled)
	case t.queues[ending].head != none:
		t.evictFrom(ending)
	default:
		t.evictFrom(followed)
	}
}

func (t *Table) evictFrom(c class) {
	i := t.queues[c].head
	for n := 0; n < busyTries && t.entries[i].seen != t.details[i].queued; n++ {
		t.requeue(i, c)
		i = t.queues[c].head
	}
	t.stats.Evicted[c]++
	t.remove(i, Evicted)
}

// economise makes room for bytes: handshakes that ended undecided first, then
// the oldest.
func (t *Table) economise() {
	for _, c := range []class{ending, followed} {
		for t.stats.Bytes > t.maxBytes && t.queues[c].head != none {
			t.evictFrom(c)
		}
	}
}
