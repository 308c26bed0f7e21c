package main

import (
	"tlsfloor/capture"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// maxWorkers bounds --workers: each has a part of --memory.
const maxWorkers = 32

// reader is one sensor, or several workers.
type reader interface {
	Run(src capture.Source, between func() bool) error
	Stats() sensor.Stats
}

// newReader makes what --workers asks for. o is for one, or for who judges what
// several find.
func (w *watcher) newReader(o sensor.Options) (reader, error) {
	if w.options.workers == 1 {
		o.Blank = w.events.Spare
		return sensor.New(o), nil
	}
	each := make([]sensor.Options, w.options.workers)
	for i := range each {
		s := &share{summary: w.newSummary()}
		w.parts = append(w.parts, s)
		each[i] = o
		each[i].Tally = s.tally
		var err error
		if each[i].Policy, err = w.options.policy(); err != nil {
			return nil, err
		}
	}
	return sensor.NewWorkers(o, each), nil
}

// share is what one worker keeps of what a watcher says at the end.
type share struct {
	summary *report.Summary
	worst   classify.Verdict
	flagged bool
}

func (s *share) tally(f *classify.Finding) {
	s.summary.Add(f)
	if f.Flagged {
		s.flagged, s.worst = true, max(s.worst, f.Verdict)
	}
}

// join adds up what the workers kept, when they are done.
func (w *watcher) join() {
	for _, s := range w.parts {
		w.summary.Merge(s.summary)
		w.flagged, w.worst = w.flagged || s.flagged, max(w.worst, s.worst)
	}
}

func (w *watcher) newSummary() *report.Summary {
	return report.New(report.Options{Floor: w.options.floor(), Scope: w.options.scopeInWords()})
}
