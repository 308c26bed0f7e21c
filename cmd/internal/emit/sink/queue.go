package sink

import (
	"sync"

	"tlsfloor/classify"
)

// queue holds what was sent and is not encoded.
type queue struct {
	mu     sync.Mutex
	events []item
	called bool                // who encodes was told of what is there
	spares []*classify.Finding // of events that are encoded: the last first, it is in the processor's cache
}

// maxSpareFindings bounds the findings that keep their memory.
const maxSpareFindings = 64

// add appends an event, unless room are there. It returns how many there are
// then, 0 for no room, and whether who encodes is to be told.
func (q *queue) add(e item, room int) (n int, tell bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) >= room {
		return 0, false
	}
	q.events = append(q.events, e)
	tell, q.called = !q.called, true
	return len(q.events), tell
}

// answer says that what comes from now on is to be told of again.
func (q *queue) answer() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.called = false
}

// take empties the queue, and gives it empty to hold what comes.
func (q *queue) take(empty []item) (events []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events, q.events = q.events, empty
	return events
}

// giveBack takes the memory of events that nobody needs any more.
func (q *queue) giveBack(events []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range events {
		if e.finding != nil && len(q.spares) < maxSpareFindings {
			q.spares = append(q.spares, e.finding)
		}
	}
	clear(events)
}

func (q *queue) spare() *classify.Finding {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.spares)
	if n == 0 {
		return nil
	}
	f := q.spares[n-1]
	q.spares = q.spares[:n-1]
	return f
}
