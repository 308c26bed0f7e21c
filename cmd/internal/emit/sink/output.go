package sink

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport/local"
	"tlsfloor/cmd/internal/wording"
)

// output is one far end, and the events that wait for it. Two goroutines work for it:
// the loop's sends, and spillAll moves events from memory to the spool.
type output struct {
	config       config.Config
	loop         *deliver.Loop
	health       *deliver.Health
	backlog      *backlog
	clock        clock.Clock
	gaveUp       func(error)
	fullReported bool          // a full spool was reported
	dropReported atomic.Bool   // the first dropped event was reported
	faults       atomic.Uint64 // events that could not be encoded

	dropped, spooled atomic.Uint64

	ctx     context.Context // of deliveries
	cancel  context.CancelFunc
	quit    chan struct{} // closed: spillAll returns
	spilled chan struct{} // closed when it has
}

func (o *output) start() {
	o.loop.Start(o.ctx)
	go o.spillAll()
}

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
	if !o.dropReported.Swap(true) && o.loop.Err() == nil {
		o.health.Report("no room for more events: from here on some are dropped, and counted")
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
		o.health.Report(err.Error() + "; the event is lost")
	case n == maxFaults:
		o.health.Report(err.Error() + "; the event is lost; further faults are only counted, as dropped events")
	}
}

// giveUp ends the output for good: what waits for it is lost.
func (o *output) giveUp(err error) {
	o.drop(o.backlog.discard())
	o.gaveUp(err)
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
	o.health.Report(wording.Of(err))
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
		o.health.Report("events wait in memory: " + wording.Of(err))
	}
	o.fullReported = err != nil || o.fullReported && lines == 0
	return err
}

// OutputStats are the counts of one output so far.
type OutputStats struct {
	Name string
	deliver.Counts
	Dropped uint64 // events without room, that could not be encoded, or lost in a damaged spool
	Spooled uint64 // events written to the spool
	Waiting uint64 // events not sent yet, in memory and in the spool
	Next    uint64 // of a journal: the index of its next event
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
	next := uint64(0)
	if j, is := o.loop.Transport.(*local.Journal); is {
		next = j.Next()
	}
	return OutputStats{
		Name: o.config.Name(), Counts: o.loop.Counts(), Dropped: o.dropped.Load(),
		Spooled: o.spooled.Load(), Waiting: uint64(memory + spooled), Next: next,
	}
}
