package main

import (
	"time"

	"tlsfloor/cmd/internal/combine"
)

// series is what makes one event of several findings that are alike (--every). Without
// that option it has no Combiner.
type series struct {
	*combine.Combiner
	last  int64     // the sensor's time
	since time.Time // when it became that
}

func (w *watcher) openSeries() {
	if w.options.Every > 0 {
		w.series.Combiner = combine.New(combine.Options{Every: w.options.Every, Bytes: w.shares.Series, Send: w.events.Send})
	}
}

// settleSeries lets time pass while no finding comes. The clock of a capture that is
// followed stands still while nothing is added to it. Of other captures the findings tell
// the time, so that reading one again gives the same.
func (w *watcher) settleSeries() {
	s := &w.series
	if s.Combiner == nil || !w.live() && !w.options.Follow {
		return
	}
	now := time.Now()
	if at := w.sensor.Now(); at != s.last || s.since.IsZero() {
		s.last, s.since = at, now
	}
	s.Settle(s.last + int64(now.Sub(s.since)))
}

// closeSeries sends what is held.
func (w *watcher) closeSeries() {
	if w.series.Combiner != nil {
		w.series.Close()
	}
}

// noteSeries writes what is held, and what could not be.
func (w *watcher) noteSeries() {
	s := w.series.stats()
	w.noteCount(s.Held, "handshake* that no event is about yet (--every)")
	w.noteCount(s.Alone, "event* about one handshake alone: there was no memory to hold more for --every")
}

// stats are the counts of the findings that are held; zero without --every.
func (s *series) stats() (counts combine.Stats) {
	if s.Combiner != nil {
		counts = s.Combiner.Stats()
	}
	return counts
}
