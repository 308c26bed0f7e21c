package sink

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/fault"
)

// backlog holds the undelivered events of one output, in order and in memory. One
// goroutine at a time adds, and one takes and commits.
type backlog struct {
	clock        clock.Clock
	newFormat    func() event.Format
	limit        int           // bytes
	chunk        int           // bytes of a batch
	linger       time.Duration // how long a batch that is not full waits for more
	dropWhenFull bool          // drop events rather than wait for room

	ready   chan struct{} // has an element when there may be something to take
	blocked atomic.Bool   // add waits for room

	mu      sync.Mutex
	changed sync.Cond // signalled when there is room
	format  event.Format
	batches []*transport.Batch
	open    bool      // the last batch takes more lines
	since   time.Time // when the last batch got its first line
	bytes   int
	spares  []*transport.Batch // empty, to be used again

	taken     *transport.Batch // the batch being delivered
	committed int              // lines of taken that are committed
	flushing  bool             // batches do not wait to be full
	finished  bool             // nothing will be added
	discarded bool             // the output was given up
}

// init makes b ready for use. The caller has set the fields up to dropWhenFull.
func (b *backlog) init() *backlog {
	b.ready = make(chan struct{}, 1)
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
	for b.bytes >= b.limit && !b.discarded && !b.dropWhenFull {
		signal(b.ready)
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
		signal(b.ready)
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

// announce wakes the goroutine that delivers.
func (b *backlog) announce() { signal(b.ready) }

// Take implements deliver.Source.
func (b *backlog) Take() (*transport.Batch, time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken, b.committed = nil, 0
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

// Commit implements deliver.Source.
func (b *backlog) Commit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.committed = b.taken.Front()
	if b.committed == b.taken.Len() {
		b.forget(1)
		b.recycle(b.taken)
		b.taken = nil
	}
	return nil
}

// forget removes the n oldest batches.
func (b *backlog) forget(n int) {
	for _, batch := range b.batches[:n] {
		b.bytes -= batch.Size()
	}
	b.batches = append(b.batches[:0], b.batches[n:]...)
	b.open = b.open && len(b.batches) > 0
	b.changed.Broadcast()
}

// waiting counts the lines that are not committed.
func (b *backlog) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count()
}

func (b *backlog) count() (n int) {
	for _, batch := range b.batches {
		n += batch.Len()
	}
	if len(b.batches) > 0 && b.batches[0] == b.taken {
		n -= b.committed
	}
	return n
}

// flush makes batches go out without waiting to be full.
func (b *backlog) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushing = true
	signal(b.ready)
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
	signal(b.ready)
}

// Ready implements deliver.Source.
func (b *backlog) Ready() <-chan struct{} { return b.ready }

// IsDone implements deliver.Source.
func (b *backlog) IsDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.finished && len(b.batches) == 0
}

// discard empties the backlog for good, and returns how many lines it held.
func (b *backlog) discard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.count()
	b.discarded, b.taken = true, nil
	b.forget(len(b.batches))
	return lost
}
