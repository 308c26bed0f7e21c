package sink

import (
	"errors"
	"sync"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/fault"
)

// backlog holds the events of one output that are not delivered, in their
// order: the older ones in the spool, if it has any, the younger in memory.
//
// One goroutine at a time adds, one takes and commits, and one spills. Only the last two
// touch the disk.
type backlog struct {
	clock     clock.Clock
	newFormat func() event.Format
	limit     int           // bytes in memory
	chunk     int           // bytes of a batch
	linger    time.Duration // how long a batch that is not full waits for more
	live      bool          // drop rather than wait for room
	spool     *spool.Spool  // nil: none

	ready  chan struct{} // has an element when there may be something to take
	crowds chan struct{} // has an element when there may be something to spill

	mu      sync.Mutex
	changed sync.Cond // there is room in memory, or a spill has ended
	format  event.Format
	batches []*transport.Batch
	open    bool      // the last of them takes more lines
	since   time.Time // when its first line came
	bytes   int
	spares  []*transport.Batch // empty, to be used again

	taken     *transport.Batch // in the hands of who delivers
	fromSpool bool             // its lines are in the spool
	committed int              // its lines that are committed
	spilling  bool
	owed      int  // lines committed during a spill
	away      bool // the far end is: spill at once
	full      bool // the spool takes no more for now
	closing   bool // no line is to linger
	over      bool // events do not wait for room any more
	finished  bool // no event will come
	dead      bool // nothing is ever delivered again
}

// init makes b ready for use. Its first fields are set.
func (b *backlog) init() *backlog {
	b.ready, b.crowds = make(chan struct{}, 1), make(chan struct{}, 1)
	b.changed.L = &b.mu
	b.format = b.newFormat()
	return b
}

// signal puts an element into a channel that has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// errNoRoom is why an event was dropped that came too fast.
var errNoRoom = errors.New("no room for more events")

// add encodes an event and appends it. An error, errNoRoom or a *fault.Fault,
// means that the event is lost.
func (b *backlog) add(e item) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.bytes >= b.limit && !b.dead && !b.mayDrop() {
		b.announceLocked()
		b.changed.Wait()
	}
	if b.bytes >= b.limit || b.dead {
		return errNoRoom
	}
	batch := b.tail()
	size := batch.Size()
	err := b.encode(batch, e)
	b.bytes += batch.Size() - size
	if batch.Len() == 0 {
		b.dropTail()
	}
	if batch.Size() >= b.chunk {
		b.open = false
		b.announceLocked()
	}
	return err
}

// encode appends e to batch. A panic is a mistake of ours that one event has met:
// it costs that event and no other, not even those that were sent with it. What
// the encoder had in memory may be half written, so a new one takes its place.
func (b *backlog) encode(batch *transport.Batch, e item) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fault.New(value)
			b.format = b.newFormat()
		}
	}()
	batch.Add(e.append(batch.Text(), b.format), e.mark())
	return nil
}

// mayDrop reports whether an event that finds no room is given up. A run over
// files waits, and at its end only as long as the spool takes what is in
// memory.
func (b *backlog) mayDrop() bool {
	return b.live || b.over && (b.spool == nil || b.full)
}

// tail returns the batch that takes the next line.
func (b *backlog) tail() *transport.Batch {
	if b.open {
		return b.batches[len(b.batches)-1]
	}
	batch := b.spare()
	b.batches = append(b.batches, batch)
	b.open, b.since = true, b.clock.Now()
	return batch
}

// dropTail takes back the batch that tail has just begun, which got no line: not
// every format has one for every event, and encoding may have failed. Left there,
// the batch would never be delivered, and Close would wait for it.
func (b *backlog) dropTail() {
	last := len(b.batches) - 1
	b.recycle(b.batches[last])
	b.batches, b.open = b.batches[:last], false
}

func (b *backlog) spare() *transport.Batch {
	n := len(b.spares)
	if n == 0 {
		return new(transport.Batch)
	}
	batch := b.spares[n-1]
	b.spares = b.spares[:n-1]
	return batch
}

// maxSpares bounds the empty batches that keep their memory.
const maxSpares = 8

// recycle takes a batch that nobody uses any more.
func (b *backlog) recycle(batch *transport.Batch) {
	if len(b.spares) < maxSpares {
		batch.Reset()
		b.spares = append(b.spares, batch)
	}
}

// announce tells the others that lines were added.
func (b *backlog) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.announceLocked()
}

func (b *backlog) announceLocked() {
	signal(b.ready)
	if b.crowded() {
		signal(b.crowds)
	}
}

// take returns the oldest batch, or how long to wait for one; 0: until ready.
// What is taken stays until it is committed.
func (b *backlog) take() (*transport.Batch, time.Duration, error) {
	b.mu.Lock()
	b.awaitSpill()
	b.taken, b.committed, b.fromSpool = nil, 0, b.spool != nil && b.spool.Len() > 0
	if b.fromSpool {
		b.mu.Unlock()
		batch, err := b.read()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.taken = batch
		return batch, 0, err
	}
	defer b.mu.Unlock()
	if len(b.batches) == 0 || b.batches[0].Len() == 0 {
		return nil, 0, nil
	}
	if wait := b.linger - b.clock.Now().Sub(b.since); b.open && len(b.batches) == 1 && wait > 0 && !b.closing {
		return nil, wait, nil
	}
	b.open = b.open && len(b.batches) > 1
	b.taken = b.batches[0]
	return b.taken, 0, nil
}

// read makes a batch of what is oldest in the spool.
func (b *backlog) read() (*transport.Batch, error) {
	records, err := b.spool.Read(b.chunk)
	if len(records) == 0 {
		return nil, err
	}
	batch := new(transport.Batch)
	for _, record := range records {
		if err := addRecord(batch, record); err != nil {
			break
		}
	}
	if batch.Len() == 0 {
		return nil, join(errRecord, b.spool.Commit(1))
	}
	return batch, nil
}

// commit forgets the lines in front of the taken batch that are settled.
func (b *backlog) commit() error {
	b.mu.Lock()
	n := b.taken.Front() - b.committed
	b.committed += n
	switch {
	case b.spilling && !b.fromSpool:
		b.owed += n
	case b.fromSpool:
		b.mu.Unlock()
		return b.spool.Commit(n)
	case b.committed == b.taken.Len():
		b.forget(1)
		b.recycle(b.taken)
		b.taken = nil
	}
	b.mu.Unlock()
	return nil
}

// forget takes the n oldest batches out of memory.
func (b *backlog) forget(n int) {
	for _, batch := range b.batches[:n] {
		b.bytes -= batch.Size()
	}
	b.batches = append(b.batches[:0], b.batches[n:]...)
	b.open = b.open && len(b.batches) > 0
	b.changed.Broadcast()
}

// waiting counts the lines that are not committed. It never waits for the disk.
func (b *backlog) waiting() (memory, spooled int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spool != nil {
		spooled = b.spool.Len()
	}
	return b.inMemory(), spooled
}

func (b *backlog) inMemory() (n int) {
	for _, batch := range b.batches {
		n += batch.Len()
	}
	if len(b.batches) > 0 && b.batches[0] == b.taken {
		n -= b.committed
	}
	return n
}

// setAway says whether the far end can be reached. While it cannot, what
// comes goes to the spool at once, so that it outlives the process.
func (b *backlog) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
	b.announceLocked()
}

// hurry lets no line linger any more.
func (b *backlog) hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closing = true
	b.announceLocked()
}

// end lets no event wait for room any more, but for the spool to make it.
func (b *backlog) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	b.announceLocked()
	b.changed.Broadcast()
}

// giveUp lets no event wait at all.
func (b *backlog) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live = true
	b.changed.Broadcast()
}

// finish says that nothing more will be added.
func (b *backlog) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished = true
	b.announceLocked()
}

// isDone reports whether nothing is left, and nothing will come.
func (b *backlog) isDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.finished && !b.spilling && len(b.batches) == 0 && (b.spool == nil || b.spool.Len() == 0)
}

// kill empties the memory for good and returns how many lines were in it.
func (b *backlog) kill() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaitSpill()
	lost := b.inMemory()
	b.dead, b.taken = true, nil
	b.forget(len(b.batches))
	return lost
}

func (b *backlog) awaitSpill() {
	for b.spilling {
		b.changed.Wait()
	}
}
