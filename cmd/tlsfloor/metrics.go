package main

import (
	"time"

	"tlsfloor/cmd/internal/emit"
	"tlsfloor/cmd/internal/metrics"
)

// exportEvery is how often --metrics-file is written.
const exportEvery = 10 * time.Second

// sendStats writes an event with the counts when it is time, or at the end.
func (w *watcher) sendStats(end bool) {
	every := w.options.statsEvery
	if every == 0 || !end && time.Since(w.counted) < every {
		return
	}
	w.counted = time.Now()
	s := w.sensor.Stats()
	w.events.SendStats(&emit.Stats{
		Time: s.Time, Packets: s.Source.Frames, Bytes: s.Source.Bytes,
		KernelDropped: s.Source.KernelDropped, InterfaceDropped: s.Source.InterfaceDropped,
		Flows: s.Flow.Flows, Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Handshakes, InScope: s.InScope, Flagged: s.Flagged,
	})
}

// exporter is the state of --metrics-file.
type exporter struct {
	last   time.Time
	failed bool // said once, until it works again
}

// exportMetrics writes the counts when it is time, or at the end.
func (w *watcher) exportMetrics(end bool) {
	if w.options.metrics == "" || !end && time.Since(w.metrics.last) < exportEvery {
		return
	}
	w.metrics.last = time.Now()
	err := metrics.WriteFile(w.options.metrics, w.metricCounts())
	if err != nil && !w.metrics.failed {
		w.note("--metrics-file: %s; going on without", printable(err.Error()))
	}
	w.metrics.failed = err != nil
}

func (w *watcher) metricCounts() *metrics.Counts {
	s := w.sensor.Stats()
	c := &metrics.Counts{
		Packets: s.Source.Frames, Bytes: s.Source.Bytes, Flows: s.Flow.Flows, Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Verdicts, Flagged: s.Flagged,
		DroppedKernel: s.Source.KernelDropped, DroppedInterface: s.Source.InterfaceDropped, DroppedTable: s.Flow.EvictedSum(),
		Faults: s.Faults,
	}
	for _, o := range w.events.Stats() {
		c.DroppedOutput += o.Dropped + o.Refused
		c.Waiting += o.Waiting
	}
	return c
}
