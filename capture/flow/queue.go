package flow

// class is what a table entry is worth: lower ones are evicted first.
type class uint8

const (
	embryonic class = iota // only a SYN was seen
	closing                // both FINs or a RST were seen; late segments may follow
	settled                // nobody follows it any more, or ever did
	ending                 // as closing, but its handshake was not decided yet
	followed               // its handshake is under way
	unused                 // the entry is free

	classes = unused
)

const second = int64(1e9)

// patience is how long an entry may be silent, in nanoseconds of packet time.
// A server that dislikes a hello may take 30 s to say so.
var patience = [classes]int64{
	embryonic: 40 * second,
	closing:   5 * second,
	settled:   60 * second,
	ending:    5 * second,
	followed:  90 * second,
}

// none is the index of no entry.
const none = int32(-1)

// queue is a list of the entries of one class, in the order they were put in
// it. Seeing a packet does not move an entry, which would touch its
// neighbours' cache lines for every packet: an entry that turns out to have
// been busy when it comes to the head is put at the end again. So an entry
// lasts between one and two times its patience.
type queue struct{ head, tail int32 }

func (t *Table) enqueue(i int32, c class) {
	e, q := &t.entries[i], &t.queues[c]
	e.class, e.queued, e.prev, e.next = c, t.now, q.tail, none
	if q.tail == none {
		q.head = i
	} else {
		t.entries[q.tail].next = i
	}
	q.tail = i
}

func (t *Table) dequeue(i int32) {
	e := &t.entries[i]
	q := &t.queues[e.class]
	if e.prev == none {
		q.head = e.next
	} else {
		t.entries[e.prev].next = e.next
	}
	if e.next == none {
		q.tail = e.prev
	} else {
		t.entries[e.next].prev = e.prev
	}
}

func (t *Table) requeue(i int32, c class) {
	t.dequeue(i)
	t.enqueue(i, c)
}

// sweep ends what has been silent for too long.
func (t *Table) sweep() {
	for c := range classes {
		for i := t.queues[c].head; i != none && t.now-t.entries[i].queued >= patience[c]; i = t.queues[c].head {
			if t.now-t.entries[i].seen < patience[c] {
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

// evict makes room: the least promising class first, in it the oldest.
func (t *Table) evict() {
	for c := range classes {
		if t.queues[c].head != none {
			t.evictFrom(c)
			return
		}
	}
}

func (t *Table) evictFrom(c class) {
	i := t.queues[c].head
	for n := 0; n < busyTries && t.entries[i].seen > t.entries[i].queued; n++ {
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
