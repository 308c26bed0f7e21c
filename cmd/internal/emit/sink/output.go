package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/wording"
)

// output is one far end, and the events that wait for it. Two goroutines work for it:
// deliverAll sends, and spillAll moves events from memory to the spool.
type output struct {
	config       Config
	transport    transport.Transport
	backlog      *backlog
	clock        clock.Clock
	pace         pace
	random       *rand.Rand
	health       health
	gaveUp       func(error)
	fullReported bool          // a full spool was reported
	dropReported atomic.Bool   // the first dropped event was reported
	faults       atomic.Uint64 // events that could not be encoded
	counts

	ctx      context.Context // of deliveries
	cancel   context.CancelFunc
	nudged   chan struct{} // has an element when the next attempt is to be made at once
	quit     chan struct{} // closed: spillAll returns
	began    time.Time
	progress atomic.Int64 // when a line was done last: a time.Duration since began
	failure  atomic.Pointer[error]

	delivered, spilled chan struct{} // closed when the goroutine has ended
}

func (o *output) start() {
	o.began = o.clock.Now()
	go o.deliverAll()
	go o.spillAll()
}

// age is the time since start.
func (o *output) age() time.Duration { return o.clock.Now().Sub(o.began) }

// add puts an event into the backlog if the output wants it.
func (o *output) add(e queued) {
	if !o.wants(e) {
		return
	}
	switch err := o.backlog.add(e); {
	case errors.Is(err, errNoRoom):
		o.drop(1)
	case err != nil:
		o.reportFault(err)
	}
}

func (o *output) wants(e queued) bool {
	return e.finding == nil || o.config.Wants(e.finding)
}

// drop counts events for which there was no room. The first time is reported.
func (o *output) drop(n int) {
	if n == 0 {
		return
	}
	o.dropped.Add(uint64(n))
	if !o.dropReported.Swap(true) && o.err() == nil {
		o.health.report("no room for more events: from here on some are dropped, and counted")
	}
}

// maxFaults bounds the faults that an output reports: an attacker can send the packet
// that leads to one again and again.
const maxFaults = 8

// reportFault counts an event that could not be encoded, and reports it.
func (o *output) reportFault(err error) {
	o.dropped.Add(1)
	switch n := o.faults.Add(1); {
	case n < maxFaults:
		o.health.report(err.Error() + "; the event is lost")
	case n == maxFaults:
		o.health.report(err.Error() + "; the event is lost; further faults are only counted, as dropped events")
	}
}

// deliverAll delivers until the backlog is finished and empty, or ctx ends.
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

// next waits for a batch. It returns nil if none will come.
func (o *output) next() *transport.Batch {
	for o.ctx.Err() == nil {
		b, wait, err := o.backlog.take()
		if err != nil {
			o.reportDamage(err)
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

// wait waits until wake has an element, but no longer than d if d is not 0.
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

// attempt delivers the pending lines of b and counts those that are done. After
// nil, none is pending and the backlog uses b for other events, so the caller must not
// deliver b again. An error that came after the last line was done is therefore not
// returned; if it lasts, the next batch fails too.
func (o *output) attempt(b *transport.Batch) error {
	pending, refused := b.Pending(), b.Refused()
	err := o.transport.Deliver(o.ctx, b)
	left, newly := b.Pending(), b.Refused()-refused
	done := pending - left
	o.sent.Add(uint64(done - newly))
	o.refused.Add(uint64(newly))
	if done > 0 {
		o.progress.Store(int64(o.age()))
	}
	if err := o.backlog.commit(); err != nil {
		o.reportDamage(err)
	}
	switch {
	case left == 0 && err != nil:
		return nil
	case left > 0 && err == nil:
		return errors.New("the far end did not take everything")
	case err == nil && o.health.recovered():
		o.backlog.setAway(false)
	}
	return err
}

// retry waits until the next attempt is due, and reports whether to make it.
func (o *output) retry(err error, backoff *transport.Backoff) bool {
	if o.ctx.Err() != nil {
		return false
	}
	o.retries.Add(1)
	class := transport.ClassOf(err)
	if class == transport.Final {
		o.giveUp(err)
		return false
	}
	if o.health.failed(err) {
		o.backlog.setAway(true)
	}
	wait := max(backoff.Next(), transport.After(err))
	if class == transport.Misconfigured {
		wait = max(wait, o.pace.max)
	}
	o.wait(wait, o.nudged)
	return o.ctx.Err() == nil
}

// giveUp ends the output for good: what waits for it is lost.
func (o *output) giveUp(err error) {
	o.failure.Store(&err)
	o.drop(o.backlog.discard())
	o.gaveUp(err)
}

// err returns why the output was given up, or nil.
func (o *output) err() error {
	if err := o.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// reportDamage counts and reports events that the spool has lost.
func (o *output) reportDamage(err error) {
	if errors.Is(err, os.ErrClosed) {
		return // Close did not wait for this delivery
	}
	var lost *spool.Lost
	if errors.As(err, &lost) {
		o.dropped.Add(uint64(lost.Items))
	}
	o.health.report(wording.Of(err))
}

// spillAgain is how often a full spool is tried again.
const spillAgain = time.Second

// spillAll moves events to the spool whenever the backlog asks for it.
func (o *output) spillAll() {
	defer close(o.spilled)
	for {
		wake, again := o.backlog.spillable, (<-chan time.Time)(nil)
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

// spill moves events to the spool, and reports when that begins to fail.
func (o *output) spill() error {
	lines, err := o.backlog.spill()
	o.spooled.Add(uint64(lines))
	if err != nil && !o.fullReported {
		o.health.report("events wait in memory: " + wording.Of(err))
	}
	o.fullReported = err != nil || o.fullReported && lines == 0
	return err
}

// retryNow makes the next attempt start at once.
func (o *output) retryNow() { signal(o.nudged) }

// OutputStats are the counts of one output so far.
type OutputStats struct {
	Name    string
	Sent    uint64 // events that the far end has, as far as its protocol tells
	Refused uint64 // events that the far end rejected for good
	Dropped uint64 // events without room, that could not be encoded, or lost in a damaged spool
	Spooled uint64 // events written to the spool
	Retries uint64 // failed attempts
	Waiting uint64 // events not sent yet, in memory and in the spool
}

// counts are the sources of OutputStats.
type counts struct {
	sent, refused, dropped, spooled, retries atomic.Uint64
}

// Stats returns the counts of the outputs, in the order of their configuration. It is
// cheap, and may be called at any time.
func (s *Set) Stats() []OutputStats {
	all := make([]OutputStats, len(s.outputs))
	for i, o := range s.outputs {
		all[i] = o.stats()
	}
	return all
}

func (o *output) stats() OutputStats {
	memory, spooled := o.backlog.waiting()
	return OutputStats{
		Name: o.config.Name(), Sent: o.sent.Load(), Refused: o.refused.Load(), Dropped: o.dropped.Load(),
		Spooled: o.spooled.Load(), Retries: o.retries.Load(), Waiting: uint64(memory + spooled),
	}
}

// reportEvery is how long an output that fails again and again is not reported anew.
const reportEvery = time.Minute

// health reports when an output begins to fail and when it works again, at most once
// in reportEvery. One goroutine uses it, but any may call report and read failing.
type health struct {
	clock clock.Clock
	name  string
	note  func(string)

	failing    atomic.Bool
	since      time.Time
	reported   bool      // that it began
	reportedAt time.Time // when something was reported last
}

// report sends the user a message about the output, in one line.
func (h *health) report(text string) {
	h.note(h.name + ": " + strings.ReplaceAll(text, "\n", "; "))
}

// failed notes a failed attempt. It returns true if the attempt before succeeded.
func (h *health) failed(err error) bool {
	first := !h.failing.Swap(true)
	now := h.clock.Now()
	if first {
		h.since, h.reported = now, false
	}
	if !h.reported && (h.reportedAt.IsZero() || now.Sub(h.reportedAt) >= reportEvery) {
		h.reported, h.reportedAt = true, now
		h.report(wording.Of(err) + "; events wait, and it is tried again")
	}
	return first
}

// recovered notes a successful attempt. It returns true if the attempt before failed.
func (h *health) recovered() bool {
	if !h.failing.Swap(false) {
		return false
	}
	if h.reported {
		h.reportedAt = h.clock.Now()
		h.report(fmt.Sprintf("works again, after %v", h.reportedAt.Sub(h.since).Round(time.Second/10)))
	}
	return true
}
