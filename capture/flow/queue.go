package flow

// class is what a table entry is worth.
type class uint8

const (
	closing   class = iota // both FINs or a RST were seen; late segments may follow
	settled                // nobody follows it any more, or ever did
	embryonic              // only a SYN was seen
	ending                 // as closing, but its handshake was not decided yet
	followed               // its handshake is under way
	waiting                // as followed, and worth an answer: see Stream.Wait and Table.evictFrom
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
	waiting:   90 * secondUnits,
}

// maxClosing is how many connections that are over are remembered at most: a
// busy server has more in a second than the processor's cache holds. The late
// segments for which they are remembered come within a round trip, and are rare.
const maxClosing = 1 << 11

// none is the index of no entry.
const none = int32(-1)

// queue holds the entries of one class, in the order they were put in it.
//
// It is a ring of records, not a list through the entries: taking an entry out
// of the middle of a list touches its neighbours, which nobody had in the
// cache. Here the record stays, and is passed over when it comes to the head
// and its ticket is no longer the entry's. Nor does seeing a packet move an
// entry: one that turns out to have been busy when it comes to the head is put
// at the end again. So an entry lasts between one and two times its patience.
type queue struct {
	ring       []record // its length is a power of two
	head, tail uint32   // of records ever taken, and ever put
	length     int      // entries in it
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

// makeRoom drops the records that are no longer anybody's; when that is less
// than half of them, it doubles the ring. So the ring is at most four times as
// long as the table has entries.
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

// current reports whether the record is the entry's place.
func (t *Table) current(r record) bool { return t.entries[r.entry].ticket == r.ticket }

// oldest returns the record at the head of a class's queue, after those that
// are nobody's; ok is false when the queue is empty.
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
		for r, ok := t.oldest(c); ok && t.moment()-r.queued >= patience[c]; r, ok = t.oldest(c) {
			if int32(t.moment()-t.entries[r.entry].key.seen) < int32(patience[c]) { // negative: see Clock.Claimed
				t.requeue(r.entry, c)
				continue
			}
			t.stats.Expired++
			t.past.note(&t.entries[r.entry].key, len(t.entries))
			t.remove(r.entry, Idle)
		}
	}
}

// busyTries bounds the search for an entry that was silent since it was
// queued, when one must go at once.
const busyTries = 8

// evict makes room. What is over costs nothing to forget, and what is settled
// little; but when SYNs without a connection fill a quarter of the table, they
// are a flood, and go before what is settled. Handshakes under way go last: of
// those that wait for an answer, and of the others before them, the oldest first.
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

// evictFrom forgets the oldest entry of a class, and reports whether there was
// one.
func (t *Table) evictFrom(c class) bool {
	r, ok := t.oldest(c)
	for n := 0; ok && n < busyTries && t.entries[r.entry].key.seen != r.queued; n++ {
		t.requeue(r.entry, c)
		r, ok = t.oldest(c)
	}
	for ok && c == followed && t.streams[t.entries[r.entry].stream].waits {
		t.requeue(r.entry, waiting) // here, so that a handshake costs nothing while there is room
		r, ok = t.oldest(c)
	}
	if ok {
		t.stats.Evicted[c]++
		t.past.note(&t.entries[r.entry].key, len(t.entries))
		t.remove(r.entry, Evicted)
	}
	return ok
}

// economise makes room for bytes: handshakes that ended undecided go first, then
// those of which only a part was heard, and last those that wait for an answer.
func (t *Table) economise() {
	for _, c := range []class{ending, followed, waiting} {
		for t.stats.Bytes > t.maxBytes && t.evictFrom(c) {
		}
	}
}
