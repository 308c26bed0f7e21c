package main

import (
	"errors"
	"syscall"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
	"tlsfloor/capture/live"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/delivery"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/metrics"
	"tlsfloor/cmd/internal/sensor"
)

// sendStats sends an event with the counts when it is due, or at the end. A run that
// could not see everything, or excepted something, ends with one even without
// --stats-every, so that a reader of its events does not take the network for clean.
func (w *watcher) sendStats(end bool) {
	every := w.options.StatsEvery
	if !end && (every == 0 || time.Since(w.statsSent) < every) {
		return
	}
	w.statsSent = time.Now()
	s := w.sensor.Stats()
	spots := w.blindSpots(&s)
	flagged, _ := w.summary.Flagged()
	excepted, _ := w.summary.Excepted()
	if every == 0 && len(spots) == 0 && excepted == 0 {
		return
	}
	now := s.Time
	if now == 0 { // there was no packet with a time
		now = w.statsSent.UnixNano()
	}
	w.events.SendStats(&event.Stats{
		Time: now, Packets: s.Source.Frames, Bytes: s.Source.Bytes,
		KernelDropped: s.Source.KernelDropped, InterfaceDropped: s.Source.InterfaceDropped,
		Flows: s.Flows(), Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Handshakes, InScope: s.InScope, Flagged: flagged, Own: s.Own, Excepted: excepted, Held: w.series.stats().Flagged,
		Blind: blind.ForEvent(spots), Final: end,
	})
}

// exportMetrics writes the counts when they are due, or at the end.
func (w *watcher) exportMetrics(end bool) {
	if w.options.Metrics != "" && w.metrics.IsDue(end, w.sayLine) {
		counts := w.metricCounts()
		w.metrics.Write(end, w.sayLine, func() error { return metrics.WriteFile(w.options.Metrics, counts) })
	}
}

func (w *watcher) metricCounts() *metrics.Counts {
	s := w.sensor.Stats()
	c := &metrics.Counts{
		Packets: s.Source.Frames, Bytes: s.Source.Bytes, Flows: s.Flows(), Hellos: s.ClientHellos + s.ServerHellos,
		Handshakes: s.Verdicts, Own: s.Own,
		DroppedKernel: s.Source.KernelDropped, DroppedInterface: s.Source.InterfaceDropped, DroppedTable: s.GivenUp(),
		Faults: s.Faults, Blind: w.blindSpots(&s),
	}
	c.Flagged, _ = w.summary.Flagged()
	c.Excepted, _ = w.summary.Excepted()
	for _, o := range w.events.Stats() {
		c.DroppedOutput += o.Dropped + o.Refused
		c.Waiting += o.Waiting
	}
	for _, o := range w.delivery.Stats() {
		c.DroppedOutput += o.Lost + o.Refused
		c.Waiting += delivery.Waiting(&o, w.journalEnd())
	}
	w.packets.addTo(c)
	return c
}

// blindSpots returns what could not be seen so far.
func (w *watcher) blindSpots(s *sensor.Stats) []blind.Spot {
	r := s.Blind()
	r.Live, r.Filtered = w.live(), w.options.Expression != ""
	if w.filter != nil {
		r.Hidden = w.filter.Hidden()
	}
	r.LeftOut, r.Incomplete, r.Away = w.inputs.leftOut, w.inputs.incomplete, w.inputs.away
	r.Withheld = w.inputs.withheld
	if !errors.Is(w.events.Err(), syscall.EPIPE) { // unless the reader closed early
		for _, o := range w.events.Stats() {
			r.Dropped += o.Dropped + o.Refused
		}
		for _, o := range w.delivery.Stats() {
			r.Dropped += o.Lost + o.Refused
		}
	}
	return r.Spots()
}

// inputs counts inputs that could not be read.
type inputs struct {
	leftOut, incomplete blind.Names
	away                uint64 // how often an interface was
	withheld            blind.Names
	crowded             bool // tooManyOpen has reported one
}

// note counts an error of an input. Some errors are counted elsewhere (an unknown link
// type and an expression that cannot be used with it, by frames) or mean no loss (a file
// that was replaced, is absent or waits for memory is read later). A URL may have been
// given as a file name: mask hides the secret in it.
func (i *inputs) note(err error, mask *transport.Mask) {
	var input *capture.InputError
	switch {
	case !errors.As(err, &input), errors.Is(err, sensor.ErrUnknownLink), errors.Is(err, file.ErrReplaced), errors.Is(err, file.ErrDeferred),
		errors.Is(err, file.ErrAbsent), errors.Is(err, live.ErrOneByOne):
	case errors.Is(err, live.ErrDown), errors.Is(err, live.ErrLost):
		i.away++
	case errors.Is(err, live.ErrFilterChanged), errors.Is(err, live.ErrUnseen):
		i.withheld.Add(input.Name)
	case errors.Is(err, capture.ErrTruncated), errors.Is(err, capture.ErrDamaged):
		i.incomplete.Add(mask.Hide(input.Name))
	default:
		i.leftOut.Add(mask.Hide(input.Name))
	}
}

// noteLeftOut counts files of a folder that were skipped, except those that are no
// captures.
func (i *inputs) noteLeftOut(l *file.LeftOut) {
	if !l.MayHide() {
		return
	}
	for n := range l.Count {
		name := "others"
		if n < len(l.Names) {
			name = l.Names[n]
		}
		i.leftOut.Add(name)
	}
}
