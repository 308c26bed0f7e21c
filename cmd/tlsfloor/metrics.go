package main

import (
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/metrics"
)

// exportEvery is how often --metrics-file is written.
const exportEvery = 10 * time.Second

// sendStats writes an event with the counts when it is time, or at the end. A run
// that could not see everything ends with one also where nobody asked for any:
// who reads its events later must not take the network for clean.
func (w *watcher) sendStats(end bool) {
	every := w.options.statsEvery
	if !end && (every == 0 || time.Since(w.counted) < every) {
		return
	}
	w.counted = time.Now()
	s := w.sensor.Stats()
	spots := w.blindSpots(&s)
	if every == 0 && len(spots) == 0 {
		return
	}
	now := s.Time
	if now == 0 && w.live() {
		now = w.counted.UnixNano() // no packet came that has a time
	}
	w.events.SendStats(&event.Stats{
		Time: now, Packets: s.Source.Frames, Bytes: s.Source.Bytes,
		KernelDropped: s.Source.KernelDropped, InterfaceDropped: s.Source.InterfaceDropped,
		Flows: s.Flow.Flows, Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Handshakes, InScope: s.InScope, Flagged: s.Flagged,
		Blind: blind.ForEvent(spots), Final: end,
	})
}

// exporter is the state of --metrics-file. It is written in a goroutine of its
// own: a file system that does not answer must not hold the run.
type exporter struct {
	last   time.Time
	failed bool       // said once, until it works again
	done   chan error // of the writing under way; nil: none is
}

// exportMetrics writes the counts when it is time, or at the end.
func (w *watcher) exportMetrics(end bool) {
	e := &w.metrics
	if w.options.metrics == "" || !w.exported(end) || !end && time.Since(e.last) < exportEvery {
		return
	}
	e.last, e.done = time.Now(), make(chan error, 1)
	counts := w.metricCounts()
	go func() { e.done <- metrics.WriteFile(w.options.metrics, counts) }()
	if end {
		w.exported(true)
	}
}

// exported reports whether no counts are being written, or waits until none are.
func (w *watcher) exported(wait bool) bool {
	e := &w.metrics
	if e.done == nil {
		return true
	}
	var err error
	if wait {
		err = <-e.done
	} else {
		select {
		case err = <-e.done:
		default:
			return false
		}
	}
	if err != nil && !e.failed {
		w.note("--metrics-file: %s; going on without", printable(err.Error()))
	}
	e.failed, e.done = err != nil, nil
	return true
}

func (w *watcher) metricCounts() *metrics.Counts {
	s := w.sensor.Stats()
	c := &metrics.Counts{
		Packets: s.Source.Frames, Bytes: s.Source.Bytes, Flows: s.Flow.Flows, Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Verdicts, Flagged: s.Flagged,
		DroppedKernel: s.Source.KernelDropped, DroppedInterface: s.Source.InterfaceDropped, DroppedTable: s.Flow.EvictedSum(),
		Faults: s.Faults, Blind: w.blindSpots(&s),
	}
	for _, o := range w.events.Stats() {
		c.DroppedOutput += o.Dropped + o.Refused
		c.Waiting += o.Waiting
	}
	return c
}
