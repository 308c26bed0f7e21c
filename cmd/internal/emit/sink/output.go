package sink

import (
	"context"
	"errors"
	"sync/atomic"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/transport/local"
)

// output is one output, and the events that wait for it.
type output struct {
	config       config.Config
	loop         *deliver.Loop
	health       *deliver.Health
	backlog      *backlog
	clock        clock.Clock
	gaveUp       func(error)
	dropReported atomic.Bool   // the first dropped event was reported
	faults       atomic.Uint64 // events that could not be encoded

	dropped atomic.Uint64

	ctx    context.Context // of deliveries
	cancel context.CancelFunc
}

func (o *output) start() {
	o.loop.Start(o.ctx)
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

// OutputStats are the counts of one output so far.
type OutputStats struct {
	Name string
	deliver.Counts
	Dropped uint64 // events without room, or that could not be encoded
	Waiting uint64 // events not written yet
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
	next := uint64(0)
	if j, is := o.loop.Transport.(*local.Journal); is {
		next = j.Next()
	}
	return OutputStats{
		Name: o.config.Name(), Counts: o.loop.Counts(), Dropped: o.dropped.Load(),
		Waiting: uint64(o.backlog.waiting()), Next: next,
	}
}
