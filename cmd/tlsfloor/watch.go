package main

import (
	"errors"
	"io"
	"runtime/debug"
	"syscall"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/emit"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// watch is the main job: from sources to findings.
func watch(o *options, stdin io.Reader, stdout io.Writer, m *messages) int {
	w := &watcher{options: o, messages: m, summary: report.New(report.Options{Floor: o.floor(), Scope: o.scopeInWords()})}
	if err := w.prepare(stdin, stdout); err != nil {
		return m.fail(err)
	}
	return w.run()
}

// watcher is one run.
type watcher struct {
	*messages
	options   *options
	source    capture.Source
	stop      func() // makes source end soon; safe from another goroutine
	sensor    *sensor.Sensor
	writer    *emit.Writer
	summary   *report.Summary
	knowledge *knowledge
	worst     classify.Verdict // of what was flagged
	flagged   bool
	bar       *progress
}

// prepare opens everything that can fail before the first packet.
func (w *watcher) prepare(stdin io.Reader, stdout io.Writer) error {
	pol, err := w.options.policy()
	if err != nil {
		return err
	}
	selection, err := emit.ParseSelection(w.options.emit)
	if err != nil {
		return err
	}
	if w.knowledge, err = newKnowledge(w.options); err != nil {
		return err
	}
	if err := w.open(stdin); err != nil {
		return err
	}
	w.writer = emit.NewWriter(stdout, emit.Native{Sensor: emit.Sensor{Host: w.options.sensorName(), Version: version()}})
	debug.SetMemoryLimit(int64(w.options.memory) << 20)
	w.sensor = sensor.New(sensor.Options{
		Policy: pol, Names: w.knowledge.store, Ranges: w.knowledge.lookup(), Certificates: w.options.certificates,
		Decode: decode.Options{VXLANPorts: w.options.vxlanPorts()}, Flow: w.options.flowBounds(),
		Emit: selection.Wants, FlaggedOnly: selection == emit.Flagged, Deliver: w.writer.Send, Tally: w.tally,
		Report: w.say, MaxFrames: w.options.count,
	})
	return nil
}

// say says trouble with one input, above the progress.
func (w *watcher) say(err error) {
	w.bar.clear()
	w.trouble(err)
}

// tally keeps what is left to say when the events are written.
func (w *watcher) tally(f *classify.Finding) {
	w.summary.Add(f)
	if f.Flagged {
		w.flagged, w.worst = true, max(w.worst, f.Verdict)
	}
}

// run reads to the end, or until a signal, and then says what was seen.
func (w *watcher) run() int {
	signals := watchSignals(w.stop)
	defer signals.close()
	err := w.sensor.Run(w.source, func() bool { return w.between(signals) })
	stats := w.sensor.Stats()
	w.bar.clear()
	if err != nil {
		w.trouble(err)
	}
	if err := w.source.Close(); err != nil {
		w.trouble(err)
	}
	if err := w.writer.Close(); err != nil && !errors.Is(err, syscall.EPIPE) {
		w.trouble(err) // a reader that has seen enough, like head, is no trouble
	}
	if !w.options.quiet {
		w.summarise(&stats)
	}
	return w.status()
}

// between runs while no packet waits, and now and then while many do. It
// reports whether to go on.
func (w *watcher) between(s *signals) bool {
	if s.statsWanted() {
		stats := w.sensor.Stats()
		w.bar.clear()
		w.counts(&stats)
	}
	if s.reloadWanted() {
		if err := w.knowledge.load(); err != nil {
			w.bar.clear()
			w.note("%s; going on with what was known", printable(err.Error()))
		}
	}
	w.bar.show()
	return !s.stopped() && w.writer.Err() == nil
}

func (w *watcher) status() int {
	switch {
	case w.failed:
		return exitError
	case w.flagged && (w.options.failOn == "attempt" || w.options.failOn == "violation" && w.worst == classify.Violation):
		return exitFailOn
	}
	return exitOK
}
