package flow

import "math/bits"

// class is the state of a table entry. When there is no room, entries of lower classes
// go first, except in a flood of SYNs: see evict. timeouts tells how long each may be
// silent.
type class uint8

const (
	closing   class = iota // both FINs or a RST were seen; late segments may follow
	settled                // it has no consumer any more, or never had one
	embryonic              // only a SYN was seen
	ending                 // as closing, but its consumer has not decided yet
	followed               // it has a consumer
	waiting                // as followed, and an answer is expected: see Stream.Wait
	unused                 // the entry is free

	classes = unused
)

const second = int64(1e9)

// moment is a time by the table's clock, in units of 2^20 ns (1.05 ms). It wraps around
// after 52 days, so moments are only subtracted.
type moment uint32

const (
	unit        = 20
	secondUnits = moment(second >> unit)
)

// timeouts are how long an entry of each class may be silent. A server may take 30 s to
// refuse a hello.
var timeouts = [classes]moment{
	embryonic: 40 * secondUnits,
	closing:   5 * secondUnits,
	settled:   60 * secondUnits,
	ending:    5 * secondUnits,
	followed:  90 * secondUnits,
	waiting:   90 * secondUnits,
}

// maxClosing bounds the entries of the class closing: a busy server closes more
// connections in a second than the processor's cache holds. The late segments for which
// they are remembered are rare, and come within a round trip.
const maxClosing = 1 << 11

// none is the index of no entry.
const none = int32(-1)

// queue holds the entries of one class in the order in which they were added.
//
// It is a ring of records, and not a linked list of entries: removing an entry from the
// middle of a list touches its neighbours, which are not in the cache. Here the record
// stays, and is skipped at the head if its ticket is no longer the entry's. A packet
// does not move its entry either: an entry that was not silent is added to the end again
// when it comes to the head. So an entry lasts between one and two times its timeout.
type queue struct {
	ring       []record // its length is a power of two
	head, tail uint32   // how many records were removed, and added, so far
	length     int      // entries in the queue
}

type record struct {
	entry  int32
	ticket uint32
	queued moment
}

const firstRing = 1 << 10

func (q *queue) at(n uint32) *record { return &q.ring[n&uint32(len(q.ring)-1)] }

func (t *Table) enqueue(i int32, c class) {
	q := &t.queues[c]
	if int(q.tail-q.head) == len(q.ring) {
		t.makeRoom(q)
	}
	t.tickets++
	e := &t.entries[i]
	e.class, e.ticket = c, t.tickets
	*q.at(q.tail) = record{i, t.tickets, t.moment()}
	q.tail++
	q.length++
}

func (t *Table) dequeue(i int32) {
	e := &t.entries[i]
	t.queues[e.class].length--
	e.ticket = 0
}

func (t *Table) requeue(i int32, c class) {
	t.dequeue(i)
	t.enqueue(i, c)
}

// makeRoom removes the records that no entry has any more. If that is less than half of
// them, it doubles the ring. So the ring has at most four times as many records as the
// table has entries.
func (t *Table) makeRoom(q *queue) {
	end := q.head
	for at := q.head; at != q.tail; at++ {
		if r := *q.at(at); t.current(r) {
			*q.at(end) = r
			end++
		}
	}
	q.tail = end
	if 2*q.length >= len(q.ring) {
		q.grow()
	}
}

func (q *queue) grow() {
	ring := make([]record, max(firstRing, 2*len(q.ring)))
	n := uint32(0)
	for at := q.head; at != q.tail; at++ {
		ring[n] = *q.at(at)
		n++
	}
	q.ring, q.head, q.tail = ring, 0, n
}

// current reports whether the record is its entry's last.
func (t *Table) current(r record) bool { return t.entries[r.entry].ticket == r.ticket }

// oldest returns the first current record of a class's queue; ok is false when there is
// none.
func (t *Table) oldest(c class) (r record, ok bool) {
	for q := &t.queues[c]; q.head != q.tail; q.head++ {
		if r := *q.at(q.head); t.current(r) {
			return r, true
		}
	}
	return record{}, false
}

// sweep ends what has been silent for too long.
func (t *Table) sweep() {
	for c := range classes {
		for r, ok := t.oldest(c); ok && t.moment()-r.queued >= timeouts[c]; r, ok = t.oldest(c) {
			if int32(t.moment()-t.entries[r.entry].key.seen) < int32(timeouts[c]) { // may be negative: see Clock.Claimed
				t.requeue(r.entry, c)
				continue
			}
			t.stats.Expired++
			t.past.note(&t.entries[r.entry].key, len(t.entries))
			t.remove(r.entry, Idle)
		}
	}
}

// evict makes room for one entry: the oldest of the lowest class that has any. But when
// SYNs without a connection fill a quarter of the table, they are a flood, and go before
// settled connections. Handshakes under way go last, those that wait for an answer after
// the others.
func (t *Table) evict() {
	order := []class{closing, settled, embryonic, ending, followed, waiting}
	if t.queues[embryonic].length > len(t.entries)/4 {
		order = []class{closing, embryonic, settled, ending, followed, waiting}
	}
	for _, c := range order {
		if t.evictFrom(c) {
			return
		}
	}
}

// busyTries bounds the search for an entry that was silent since it was queued, when one
// has to be evicted at once.
const busyTries = 8

// evictFrom evicts the oldest entry of a class, and reports whether there was one.
func (t *Table) evictFrom(c class) bool {
	r, ok := t.oldest(c)
	for n := 0; ok && n < busyTries && t.entries[r.entry].key.seen != r.queued; n++ {
		t.requeue(r.entry, c)
		r, ok = t.oldest(c)
	}
	for ok && c == followed && t.streams[t.entries[r.entry].stream].waits {
		t.requeue(r.entry, waiting) // only now, so that it costs nothing while there is room
		r, ok = t.oldest(c)
	}
	if ok {
		t.stats.Evicted[c]++
		t.past.note(&t.entries[r.entry].key, len(t.entries))
		t.remove(r.entry, Evicted)
	}
	return ok
}

// evictBytes makes room for bytes: handshakes that ended undecided go first, then those
// of which only a part was seen, and last those that wait for an answer.
func (t *Table) evictBytes() {
	for _, c := range []class{ending, followed, waiting} {
		for t.stats.Bytes > t.maxBytes && t.evictFrom(c) {
		}
	}
}

// forgotten remembers connections that the table forgot because they were silent, or
// because it was full. When one of them goes on, it is not taken for a connection that
// was open before the capture began.
//
// It is a cache of 32-bit tags, in sets of one cache line each: a full set drops its
// oldest tag. The hash is a fixed one, so that a capture gives the same counts each time
// it is read. An attacker can therefore have tags dropped; their connections are then
// reported as open at the start.
type forgotten [][forgottenWays]uint32

// forgottenWays is how many tags a set has: a cache line of them.
const forgottenWays = 16

// note remembers a connection. There is room for as many as the table has entries,
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

// place returns a connection's tag, and the set that it belongs into. 0 is no tag: it
// marks an empty place.
func (f *forgotten) place(k *key) (set *[forgottenWays]uint32, tag uint32) {
	sum := mix(k.low[0]^k0, k.low[1]^k1) ^ mix(k.high[0]^k1, k.high[1]^k2)
	sum = mix(sum^k2, uint64(k.ports)^k0)
	return &(*f)[sum>>32&uint64(len(*f)-1)], uint32(sum) | 1
}
