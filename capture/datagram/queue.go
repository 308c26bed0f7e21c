package datagram

import "tlsfloor/capture/flow"

// class is the state of an entry. When there is no room, entries of lower classes go
// first.
type class uint8

const (
	settled  class = iota // it has no Consumer any more
	begun                 // its hello is not whole
	waiting               // an answer is expected
	answered              // the same, and there were datagrams in both directions

	classes = answered + 1
)

const second = int64(1e9)

// timeouts are how long a conversation of each class may be silent. A server may take 30
// s to refuse a hello, and a client may wait 60 s before it sends its hello again
// (RFC 9147, 5.8.2).
var timeouts = [classes]int64{settled: 60 * second, begun: 40 * second, waiting: 90 * second, answered: 90 * second}

// maxFollowed is how long a conversation is followed at most: where one direction is not
// captured, the other may go on for days.
const maxFollowed = 120 * second

// queue holds the entries of one class in the order in which they were added. A datagram
// does not move its entry: an entry that was not silent is added again when it comes to
// the head. So an entry lasts between one and two times its timeout.
type queue struct {
	first, last int32
	length      int
}

func (t *Table) enqueue(i int32, c class) {
	q, e := &t.queues[c], &t.entries[i]
	e.class, e.queued = c, t.clock.Now()
	e.previous, e.next = q.last, none
	if q.last == none {
		q.first = i
	} else {
		t.entries[q.last].next = i
	}
	q.last = i
	q.length++
}

func (t *Table) dequeue(i int32) {
	e := &t.entries[i]
	q := &t.queues[e.class]
	if e.previous == none {
		q.first = e.next
	} else {
		t.entries[e.previous].next = e.next
	}
	if e.next == none {
		q.last = e.previous
	} else {
		t.entries[e.next].previous = e.previous
	}
	q.length--
}

func (t *Table) requeue(i int32, c class) {
	t.dequeue(i)
	t.enqueue(i, c)
}

// sweep ends what has been silent, or followed, for too long.
func (t *Table) sweep() {
	now := t.clock.Now()
	for c := range classes {
		for i := t.queues[c].first; i != none && now-t.entries[i].queued >= timeouts[c]; i = t.queues[c].first {
			e := &t.entries[i]
			switch {
			case now-e.seen >= timeouts[c]:
				t.stats.Expired++
				t.remove(i, flow.Idle)
			case e.consumer != none && now-e.began >= maxFollowed:
				// The entry stays: a hello that comes again is not another one.
				t.stats.Expired++
				t.end(i, flow.Idle)
				t.settle(i)
			default:
				t.requeue(i, c)
			}
		}
	}
}

// evict makes room for one entry: the oldest of the lowest class that has any.
func (t *Table) evict() {
	for c := range classes {
		if i := t.queues[c].first; i != none {
			t.stats.Evicted[c]++
			t.remove(i, flow.Evicted)
			return
		}
	}
}

// evictBytes makes room for bytes. The entries stay: a hello that comes again is not
// another one.
func (t *Table) evictBytes() {
	for c := begun; c < classes && t.stats.Bytes > t.maxByte; c++ {
		for i := t.queues[c].first; i != none && t.stats.Bytes > t.maxByte; i = t.queues[c].first {
			t.stats.Evicted[c]++
			t.end(i, flow.Evicted)
			t.settle(i)
		}
	}
}
