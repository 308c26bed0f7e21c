package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
)

// output is one far end, with what waits for it.
type output struct {
	config    Config
	transport transport.Transport
	backlog   *backlog
	clock     clock.Clock
	pace      pace
	random    *rand.Rand
	trouble   trouble
	died      func(error)
	spoolFull bool          // said so
	crowded   atomic.Bool   // the first event that found no room was reported
	faults    atomic.Uint64 // events that could not be encoded
	counts

	ctx      context.Context // ends what is being delivered
	cancel   context.CancelFunc
	poked    chan struct{} // has an element when the next attempt is to be made at once
	quit     chan struct{} // closed: spill no more
	began    time.Time
	progress atomic.Int64 // when a line was settled last: a time.Duration since it began
	failure  atomic.Pointer[error]

	delivered, spilled chan struct{} // closed when the goroutine has ended
}

func (o *output) start() {
	o.began = o.clock.Now()
	go o.deliverAll()
	go o.spillAll()
}

// age is how long the output has been there.
func (o *output) age() time.Duration { return o.clock.Now().Sub(o.began) }

// add takes an event if the output wants it.
func (o *output) add(e item) {
	if !o.wants(e) {
		return
	}
	switch err := o.backlog.add(e); {
	case errors.Is(err, errNoRoom):
		o.drop(1)
	case err != nil:
		o.spoil(err)
	}
}

func (o *output) wants(e item) bool {
	return e.finding == nil || o.config.Wants(e.finding)
}

// drop counts events that found no room, and reports the first.
func (o *output) drop(n int) {
	if n == 0 {
		return
	}
	o.dropped.Add(uint64(n))
	if !o.crowded.Swap(true) && o.err() == nil {
		o.trouble.say("no room for more events: from here on some are dropped, and counted")
	}
}

// maxFaults bounds the faults of an output that are reported: the packet that
// leads to one can be sent again and again.
const maxFaults = 8

// spoil counts an event that could not be encoded, and reports it.
func (o *output) spoil(err error) {
	o.dropped.Add(1)
	switch n := o.faults.Add(1); {
	case n < maxFaults:
		o.trouble.say(err.Error() + "; the event is lost")
	case n == maxFaults:
		o.trouble.say(err.Error() + "; the event is lost; further faults are only counted, as dropped events")
	}
}

// deliverAll delivers until the backlog is closed and empty, or ctx ends.
func (o *output) deliverAll() {
	defer close(o.delivered)
	backoff := transport.Backoff{Min: o.pace.min, Max: o.pace.max, Random: o.random}
	for {
		b := o.next()
		if b == nil {
			return
		}
		for err := o.attempt(b); err != nil; err = o.attempt(b) {
			if !o.retry(err, &backoff) {
				return
			}
		}
		backoff.Reset()
	}
}

// next waits for a batch. It returns nil when none will come.
func (o *output) next() *transport.Batch {
	for o.ctx.Err() == nil {
		b, wait, err := o.backlog.take()
		if err != nil {
			o.damaged(err)
			continue
		}
		if b != nil {
			return b
		}
		if o.backlog.isDone() {
			return nil
		}
		o.wait(wait, o.backlog.ready)
	}
	return nil
}

// wait waits until wake has an element, for so long at most; 0: without end.
func (o *output) wait(d time.Duration, wake <-chan struct{}) {
	var timeout <-chan time.Time
	if d > 0 {
		timeout = o.clock.After(d)
	}
	select {
	case <-wake:
	case <-timeout:
	case <-o.ctx.Done():
	}
}

// attempt delivers what is left of b, and counts what was settled. When it
// returns nil, nothing is left, and the backlog uses b for other events: b is not
// to be delivered again. So an error that came after the last line was settled is
// not returned; if it lasts, the next batch meets it.
func (o *output) attempt(b *transport.Batch) error {
	pending, refused := b.Pending(), b.Refused()
	err := o.transport.Deliver(o.ctx, b)
	left, newly := b.Pending(), b.Refused()-refused
	settled := pending - left
	o.sent.Add(uint64(settled - newly))
	o.refused.Add(uint64(newly))
	if settled > 0 {
		o.progress.Store(int64(o.age()))
	}
	if err := o.backlog.commit(); err != nil {
		o.damaged(err)
	}
	switch {
	case left == 0 && err != nil:
		return nil
	case left > 0 && err == nil:
		return errors.New("not everything was taken")
	case err == nil && o.trouble.over():
		o.backlog.setAway(false)
	}
	return err
}

// retry waits for the time of the next attempt, and reports whether there is
// to be one.
func (o *output) retry(err error, backoff *transport.Backoff) bool {
	if o.ctx.Err() != nil {
		return false
	}
	o.retries.Add(1)
	class := transport.ClassOf(err)
	if class == transport.Final {
		o.die(err)
		return false
	}
	if o.trouble.begins(err) {
		o.backlog.setAway(true)
	}
	wait := max(backoff.Next(), transport.After(err))
	if class == transport.Misconfigured {
		wait = max(wait, o.pace.max)
	}
	o.wait(wait, o.poked)
	return o.ctx.Err() == nil
}

// die gives the output up.
func (o *output) die(err error) {
	o.failure.Store(&err)
	o.drop(o.backlog.kill())
	o.died(err)
}

// err is why the output was given up, or nil.
func (o *output) err() error {
	if err := o.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// damaged books what the spool has lost.
func (o *output) damaged(err error) {
	if errors.Is(err, os.ErrClosed) {
		return // a delivery that Close has not waited for
	}
	var lost *spool.Lost
	if errors.As(err, &lost) {
		o.dropped.Add(uint64(lost.Records))
	}
	o.trouble.say(err.Error())
}

// spillAgain is how often a spool that takes no more is tried.
const spillAgain = time.Second

// spillAll moves to the spool what memory should not hold.
func (o *output) spillAll() {
	defer close(o.spilled)
	for {
		wake, again := o.backlog.crowds, (<-chan time.Time)(nil)
		if o.spill() != nil {
			wake, again = nil, o.clock.After(spillAgain)
		}
		select {
		case <-o.quit:
			return
		case <-wake:
		case <-again:
		}
	}
}

// spill moves what is to be moved, and says when the spool begins to take no
// more.
func (o *output) spill() error {
	lines, err := o.backlog.spill()
	o.spooled.Add(uint64(lines))
	if err != nil && !o.spoolFull {
		o.trouble.say(fmt.Sprintf("events wait in memory: %v", err))
	}
	o.spoolFull = err != nil || o.spoolFull && lines == 0
	return err
}

// poke makes the next attempt come at once.
func (o *output) poke() { signal(o.poked) }
