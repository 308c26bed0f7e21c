package sink

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/fault"
)

// backlog holds the undelivered events of one output, in order: the older ones in the
// spool, if there is one, the newer ones in memory.
//
// One goroutine at a time adds, one takes and commits, and one spills. Only the last
// two wait for the disk.
type backlog struct {
	clock        clock.Clock
	newFormat    func() event.Format
	limit        int           // bytes in memory
	chunk        int           // bytes of a batch
	linger       time.Duration // how long a batch that is not full waits for more
	dropWhenFull bool          // drop events rather than wait for room
	spool        *spool.Spool  // nil: none

	ready     chan struct{} // has an element when there may be something to take
	spillable chan struct{} // has an element when there may be something to spill

	mu      sync.Mutex
	changed sync.Cond // signalled when there is room in memory, or a spill has ended
	format  event.Format
	batches []*transport.Batch
	open    bool      // the last batch takes more lines
	since   time.Time // when the last batch got its first line
	bytes   int
	spares  []*transport.Batch // empty, to be used again

	taken       *transport.Batch // the batch being delivered
	fromSpool   bool             // taken came from the spool
	committed   int              // lines of taken that are committed
	spilling    bool
	lateCommits int         // lines committed during a spill, to be committed in the spool
	blocked     atomic.Bool // add waits for room
	away        bool        // the far end is unreachable: spill at once
	full        bool        // the spool rejected the last spill
	flushing    bool        // batches do not wait to be full
	ending      bool        // add waits for room only as long as the spool makes some
	finished    bool        // nothing will be added
	discarded   bool        // the output was given up
}

// init makes b ready for use. The caller has set the fields up to spool.
func (b *backlog) init() *backlog {
	b.ready, b.spillable = make(chan struct{}, 1), make(chan struct{}, 1)
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

// errNoRoom: an event was dropped because the backlog is full.
var errNoRoom = errors.New("no room for more events")

// add encodes an event and appends it. After an error, errNoRoom or a *fault.Fault,
// the event is lost.
func (b *backlog) add(e queued) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.bytes >= b.limit && !b.discarded && !b.mayDrop() {
		b.announceLocked()
		b.blocked.Store(true)
		b.changed.Wait()
	}
	b.blocked.Store(false)
	if b.bytes >= b.limit || b.discarded {
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

// encode appends e to batch. A panic in an encoder is a bug that this event met. It
// costs this event alone: the encoder, whose memory may be half written, is replaced.
func (b *backlog) encode(batch *transport.Batch, e queued) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fault.New(value)
			b.format = b.newFormat()
		}
	}()
	batch.Add(e.append(batch.Text(), b.format), e.mark())
	return nil
}

// mayDrop reports whether an event without room is dropped. A run over captures waits
// instead; while it ends, it waits only if the spool makes room.
func (b *backlog) mayDrop() bool {
	return b.dropWhenFull || b.ending && (b.spool == nil || b.full)
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

// dropTail removes the batch that tail has just begun, which got no line: the format
// has none for this event, or encoding failed. Close would wait for an empty batch,
// which is never delivered.
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

// maxSpares bounds the empty batches that are kept for their memory.
const maxSpares = 8

// recycle keeps a batch that is no longer used for its memory.
func (b *backlog) recycle(batch *transport.Batch) {
	if len(b.spares) < maxSpares {
		batch.Reset()
		b.spares = append(b.spares, batch)
	}
}

// announce wakes the goroutines that deliver and spill.
func (b *backlog) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.announceLocked()
}

func (b *backlog) announceLocked() {
	signal(b.ready)
	if b.shouldSpill() {
		signal(b.spillable)
	}
}

// Take returns the oldest batch, or how long to wait for one; 0: until ready has an
// element. The batch stays in the backlog until it is committed.
func (b *backlog) Take() (*transport.Batch, time.Duration, error) {
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
	if wait := b.linger - b.clock.Now().Sub(b.since); b.open && len(b.batches) == 1 && wait > 0 && !b.flushing {
		return nil, wait, nil
	}
	b.open = b.open && len(b.batches) > 1
	b.taken = b.batches[0]
	return b.taken, 0, nil
}

// read makes a batch of the oldest items in the spool.
func (b *backlog) read() (*transport.Batch, error) {
	items, err := b.spool.Read(b.chunk)
	if len(items) == 0 {
		return nil, err
	}
	batch := new(transport.Batch)
	for _, item := range items {
		if err := addItem(batch, item); err != nil {
			break
		}
	}
	if batch.Len() == 0 {
		return nil, join(errItem, b.spool.Commit(1))
	}
	return batch, nil
}

// Commit removes the lines that are done from the front of the taken batch.
func (b *backlog) Commit() error {
	b.mu.Lock()
	n := b.taken.Front() - b.committed
	b.committed += n
	switch {
	case b.spilling && !b.fromSpool:
		b.lateCommits += n
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

// forget removes the n oldest batches from memory.
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

// SetAway notes whether the far end is unreachable. While it is, events go to the
// spool at once, where they survive the end of the process.
func (b *backlog) SetAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
	b.announceLocked()
}

// flush makes batches go out without waiting to be full.
func (b *backlog) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushing = true
	b.announceLocked()
}

// setEnding makes add wait for room only as long as the spool makes some.
func (b *backlog) setEnding() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ending = true
	b.announceLocked()
	b.changed.Broadcast()
}

// neverWait makes add drop events rather than wait for room.
func (b *backlog) neverWait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropWhenFull = true
	b.changed.Broadcast()
}

// finish notes that nothing more will be added.
func (b *backlog) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished = true
	b.announceLocked()
}

// Ready has an element when there may be something to take.
func (b *backlog) Ready() <-chan struct{} { return b.ready }

// IsDone reports whether the backlog is finished and empty.
func (b *backlog) IsDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.finished && !b.spilling && len(b.batches) == 0 && (b.spool == nil || b.spool.Len() == 0)
}

// discard empties the memory for good, and returns how many lines it held.
func (b *backlog) discard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaitSpill()
	lost := b.inMemory()
	b.discarded, b.taken = true, nil
	b.forget(len(b.batches))
	return lost
}

func (b *backlog) awaitSpill() {
	for b.spilling {
		b.changed.Wait()
	}
}
