package main

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
	"tlsfloor/capture/live"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/attribute"
	"tlsfloor/cmd/internal/blind"
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
	status := make(chan int, 1)
	go func() { status <- w.work(signals, stdin, stdout) }()
	select {
	case s := <-status:
		return s
	case <-signals.overdue:
		return w.abandon()
	}
}

// work is the run. It is left behind where the kernel holds it in a call after it
// was to end.
func (w *watcher) work(signals *signals, stdin io.Reader, stdout io.Writer) int {
	if err := w.prepare(stdin, stdout); err != nil {
		return w.fail(err)
	}
	signals.onStop(func() {
		w.events.EndBy(time.Now().Add(deliverWithin))
		w.stop()
	})
	return w.run(signals)
}

// deliverWithin is how long outputs may take events after a signal to end. The
// rest of endWithin is for what it takes to find out that they do not.
const deliverWithin = 1600 * time.Millisecond

// abandon says what the run waits for in vain.
func (w *watcher) abandon() int {
	lost := ""
	if events := w.opened.Load(); events != nil {
		n := uint64(0)
		for _, o := range events.Stats() {
			n += o.Waiting + o.Dropped + o.Refused
		}
		lost = fmt.Sprintf("; events not written: %d", n)
	}
	w.note("ended while it was still %s%s", printable(*w.doing.Load()), lost)
	return exitError
}

// begins notes what the run does, for abandon.
func (w *watcher) begins(what string) { w.doing.Store(&what) }

// watcher is one run.
type watcher struct {
	*messages
	options   *options
	source    capture.Source
	stop      func() // makes source end soon; safe from another goroutine
	sensor    reader
	parts     []*share // of several workers
	shares    shares   // of memory
	events    *sink.Set
	processes *attribute.Attributor // nil: nobody asked for processes
	summary   *report.Summary
	knowledge *knowledge
	worst     classify.Verdict // of what was flagged
	flagged   bool
	bar       *progress
	late      func() []string // files that source may open later
	filter    *blind.Filter   // nil: no expression, or one that the kernel has
	inputs    inputs
	broken    bool // the run, and not one input, has failed
	metrics   exporter
	counted   time.Time // when the counts were last sent
	reloads   [2]reload // of lists, of outputs

	doing  atomic.Pointer[string]
	opened atomic.Pointer[sink.Set] // events, for other goroutines
}

// prepare opens everything that can fail before the first packet, and then
// takes away from the process what it does not need any more.
func (w *watcher) prepare(stdin io.Reader, stdout io.Writer) error {
	w.begins("reading the options")
	pol, err := w.options.policy()
	if err != nil {
		return err
	}
	outputs, err := w.options.outputConfigs()
	if err != nil {
		return err
	}
	if err := w.limitMemory(); err != nil {
		return err
	}
	w.begins("reading the lists of names and addresses")
	if w.knowledge, err = newKnowledge(w.options); err != nil {
		return err
	}
	w.begins("opening what is to be read")
	if err := w.open(stdin); err != nil {
		return err
	}
	w.sayTunnels()
	if err := w.divideMemory(); err != nil {
		return err
	}
	w.knowledge.makeStore(&w.shares)
	w.begins("opening the outputs")
	if w.events, err = w.openOutputs(outputs, stdout); err != nil {
		return err
	}
	w.opened.Store(w.events)
	w.begins("starting to look for processes")
	if err := w.startFinder(); err != nil {
		return err
	}
	w.begins("confining itself")
	w.sensor, err = w.newReader(sensor.Options{
		Policy: pol, Names: w.knowledge.store, Ranges: w.knowledge.lookup(), Certificates: w.options.certificates,
		Decode: w.options.decoding(), Flow: w.shares.flowBounds(w.options.workers), Kinds: w.shares.kinds / w.options.workers,
		Emit: w.events.Wants, FlaggedOnly: !w.events.Wants(&classify.Finding{InScope: true}), Live: w.live(),
		Deliver: w.found(), Notice: w.notice(), Tally: w.tally, Report: w.say, MaxFrames: w.options.count,
		TunnelEvents: w.tunnelEventsBound(),
	})
	if err != nil {
		return err
	}
	return w.confine()
}

// say says trouble with one input, above the progress.
func (w *watcher) say(err error) {
	w.bar.clear()
	w.inputs.note(err, w.mask)
	var memory *file.MemoryError
	switch {
	case isNote(err), errors.Is(err, file.ErrDeferred):
		w.note("%s", printable(err.Error()))
	case errors.As(err, &memory):
		w.trouble(fmt.Errorf("%w: give --memory %d, or decompress it first", err, w.options.memoryFor(memory.Need)))
	default:
		w.trouble(err)
	}
}

// isNote reports whether trouble with an interface is no failure of the run.
func isNote(err error) bool {
	var tunnel *sensor.Disbelief
	if errors.As(err, &tunnel) {
		return true
	}
	for _, note := range []error{live.ErrDown, live.ErrLost, live.ErrFilterChanged, live.ErrUnseen, live.ErrOneByOne} {
		if errors.Is(err, note) {
			return true
		}
	}
	return false
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
	w.begins("reading packets")
	err := w.sensor.Run(w.source, func() bool { return w.between(signals) })
	stats := w.sensor.Stats()
	w.join()
	w.bar.clear()
	if err != nil {
		w.fatal(err)
	}
	w.closeProcesses()
	w.begins("writing --metrics-file")
	w.exportMetrics(true)
	w.sendStats(true)
	w.begins("closing what was read")
	if err := w.source.Close(); err != nil {
		w.fatal(err)
	}
	w.begins("reading lists, or opening outputs, again")
	w.awaitReloads()
	w.begins("writing events")
	if err := w.events.Close(); err != nil && !errors.Is(err, syscall.EPIPE) {
		w.fatal(err) // a reader that has seen enough, like head, is no trouble
	}
	spots := w.blindSpots(&stats)
	if !w.options.quiet {
		w.summarise(&stats, spots)
	}
	return w.status(len(spots) > 0)
}

// fatal reports trouble that no blind spot accounts for.
func (w *watcher) fatal(err error) {
	w.broken = true
	w.trouble(err)
}

// between runs while no packet waits, and now and then while many do. It
// reports whether to go on: interfaces have to hand over first what came before
// the signal.
func (w *watcher) between(s *signals) bool {
	if s.statsWanted() {
		stats := w.sensor.Stats()
		w.bar.clear()
		w.counts(&stats)
		w.countBlind(w.blindSpots(&stats))
	}
	if s.reloadWanted() {
		w.reload()
	}
	w.sayReloads()
	w.exportMetrics(false)
	w.sendStats(false)
	w.bar.show()
	return (w.live() || !s.stopped()) && !w.pointless()
}

// pointless reports whether nobody will ever see what is found. Captures are read
// to their end all the same, so that the number of what is lost is known, unless
// the reader of standard output has seen enough.
func (w *watcher) pointless() bool {
	err := w.events.Err()
	return err != nil && (w.live() || errors.Is(err, syscall.EPIPE))
}

// status is the exit status. Trouble with an input is a blind spot: who asks for
// those is told so by one status.
func (w *watcher) status(unseen bool) int {
	on := w.options.failsOn
	switch {
	case w.broken:
		return exitError
	case unseen && on("blind"):
		return exitFailOn
	case w.failed:
		return exitError
	case w.flagged && (on("attempt") || on("violation") && w.worst == classify.Violation):
		return exitFailOn
	}
	return exitOK
}
