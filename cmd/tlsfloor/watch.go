package main

import (
	"errors"
	"io"
	"runtime/debug"
	"syscall"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/live"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/attribute"
	"tlsfloor/cmd/internal/emit/sink"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// watch is the main job: from sources to findings.
func watch(o *options, stdin io.Reader, stdout io.Writer, m *messages) int {
	w := &watcher{options: o, messages: m}
	w.summary = w.newSummary()
	signals := watchSignals()
	defer signals.close()
	if err := w.prepare(stdin, stdout); err != nil {
		return m.fail(err)
	}
	signals.onStop(w.stop)
	return w.run(signals)
}

// watcher is one run.
type watcher struct {
	*messages
	options   *options
	source    capture.Source
	stop      func() // makes source end soon; safe from another goroutine
	sensor    reader
	shares    []*share // of several workers
	events    *sink.Set
	processes *attribute.Attributor // nil: nobody asked for processes
	summary   *report.Summary
	knowledge *knowledge
	worst     classify.Verdict // of what was flagged
	flagged   bool
	bar       *progress
	late      func() []string // files that source may open later
	metrics   exporter
	counted   time.Time // when the counts were last sent
}

// prepare opens everything that can fail before the first packet, and then
// takes away from the process what it does not need any more.
func (w *watcher) prepare(stdin io.Reader, stdout io.Writer) error {
	pol, err := w.options.policy()
	if err != nil {
		return err
	}
	outputs, err := w.options.outputConfigs()
	if err != nil {
		return err
	}
	if w.knowledge, err = newKnowledge(w.options); err != nil {
		return err
	}
	if err := w.open(stdin); err != nil {
		return err
	}
	if w.events, err = w.openOutputs(outputs, stdout); err != nil {
		return err
	}
	if err := w.startFinder(); err != nil {
		return err
	}
	debug.SetMemoryLimit(int64(w.options.memory) << 20)
	w.sensor, err = w.newReader(sensor.Options{
		Policy: pol, Names: w.knowledge.stores[0], Ranges: w.knowledge.lookup(), Certificates: w.options.certificates,
		Decode: decode.Options{VXLANPorts: w.options.vxlanPorts()}, Flow: w.options.flowBounds(),
		Emit: w.events.Wants, FlaggedOnly: !w.events.Wants(&classify.Finding{InScope: true}), Live: w.live(),
		Deliver: w.found(), Notice: w.notice(), Tally: w.tally, Report: w.say, MaxFrames: w.options.count,
	})
	if err != nil {
		return err
	}
	return w.confine()
}

// say says trouble with one input, above the progress. An interface that goes
// away and is waited for is no failure of the run.
func (w *watcher) say(err error) {
	w.bar.clear()
	if errors.Is(err, live.ErrDown) || errors.Is(err, live.ErrLost) {
		w.note("%s", printable(err.Error()))
		return
	}
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
func (w *watcher) run(signals *signals) int {
	w.counted = time.Now()
	err := w.sensor.Run(w.source, func() bool { return w.between(signals) })
	stats := w.sensor.Stats()
	w.join()
	w.bar.clear()
	if err != nil {
		w.trouble(err)
	}
	w.closeProcesses()
	w.exportMetrics(true)
	w.sendStats(true)
	if err := w.source.Close(); err != nil {
		w.trouble(err)
	}
	if err := w.events.Close(); err != nil && !errors.Is(err, syscall.EPIPE) {
		w.trouble(err) // a reader that has seen enough, like head, is no trouble
	}
	if !w.options.quiet {
		w.summarise(&stats)
	}
	return w.status()
}

// between runs while no packet waits, and now and then while many do. It
// reports whether to go on: interfaces have to hand over first what came before
// the signal.
func (w *watcher) between(s *signals) bool {
	if s.statsWanted() {
		stats := w.sensor.Stats()
		w.bar.clear()
		w.counts(&stats)
	}
	if s.reloadWanted() {
		w.reload()
	}
	w.exportMetrics(false)
	w.sendStats(false)
	w.bar.show()
	return (w.live() || !s.stopped()) && w.events.Err() == nil
}

// reload reads lists again, and opens files again that logrotate took away.
func (w *watcher) reload() {
	for _, err := range []error{w.knowledge.load(), w.events.Reopen()} {
		if err != nil {
			w.bar.clear()
			w.note("%s; going on as before", printable(err.Error()))
		}
	}
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
