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
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/attribute"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/connections"
	"tlsfloor/cmd/internal/delivery"
	"tlsfloor/cmd/internal/emit/sink"
	"tlsfloor/cmd/internal/memory"
	"tlsfloor/cmd/internal/metrics"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
	"tlsfloor/cmd/internal/signals"
	"tlsfloor/cmd/internal/wording"
)

// watch watches interfaces or reads captures. It returns the exit status.
func watch(o *options.Options, stdin io.Reader, stdout io.Writer, m *messages) int {
	w := &watcher{options: o, messages: m}
	m.quiet = o.Quiet
	var err error
	if w.delivery, err = startShipper(o, w); err != nil {
		return m.fail(err)
	}
	w.summary = w.newSummary()
	s := signals.Watch()
	defer s.Close()
	status := make(chan int, 1)
	go func() { status <- w.work(s, stdin, stdout) }()
	select {
	case n := <-status:
		return n
	case <-s.Overdue():
		return w.abandon()
	}
}

// work does the run. watch does not wait for it if it hangs in a system call after a
// signal to end.
func (w *watcher) work(s *signals.Signals, stdin io.Reader, stdout io.Writer) int {
	if err := w.prepare(stdin, stdout); err != nil {
		return w.fail(err)
	}
	if !w.live() {
		s.BePatient(signals.Waiter{Waits: w.waitsForOutputs, Note: w.noteWaiting})
	}
	s.OnStop(signals.Stopper{Stop: w.stop, Hurry: func() {
		end := time.Now().Add(deliverWithin)
		w.events.EndBy(end)
		w.packets.endBy(end)
		w.delivery.EndBy(end)
	}})
	return w.run(s)
}

// The phases in which a run that has read all waits for what it writes to.
const (
	writingEvents  = "writing events"
	writingPackets = "writing packets"
	delivering     = "delivering events"
)

// waitsForOutputs reports whether a run over captures waits for an output now.
func (w *watcher) waitsForOutputs() bool {
	phase := *w.phase.Load()
	return phase == writingEvents || phase == writingPackets || phase == delivering || w.events.IsBlocked()
}

// noteWaiting says after Ctrl-C why the run does not end.
func (w *watcher) noteWaiting() {
	for _, o := range w.events.Stats() {
		if o.Waiting > 0 {
			w.say("waiting for %s, which has not taken %s; Ctrl-C again ends without them", printable(o.Name), wording.Count(o.Waiting, "event*"))
		}
	}
	for _, o := range w.delivery.Stats() {
		if n := delivery.Waiting(&o, w.journalEnd()); n > 0 {
			w.say("waiting for %s, which has not taken %s; Ctrl-C again keeps them for the next run", printable(o.Name), wording.Count(n, "event*"))
		}
	}
}

// deliverWithin is how long outputs may accept events after a signal to end. The rest
// of the two seconds is for ending outputs that hang.
const deliverWithin = 1600 * time.Millisecond

// abandon reports what the run hangs in.
func (w *watcher) abandon() int {
	lost := ""
	if events := w.opened.Load(); events != nil {
		n := uint64(0)
		for _, o := range events.Stats() {
			n += o.Waiting + o.Dropped + o.Refused
		}
		n += w.series.stats().Held
		lost = fmt.Sprintf("; events not written: %d", n)
	}
	w.say("ended while it was still %s%s", printable(*w.phase.Load()), lost)
	return exitError
}

// begin notes what the run is doing, for abandon.
func (w *watcher) begin(what string) { w.phase.Store(&what) }

// watcher is one run.
type watcher struct {
	*messages
	options         *options.Options
	source          capture.Source
	stop            func() // makes source end soon; any goroutine may call it
	sensor          reader
	workerSummaries []*report.Summary // of workers, if there are several
	shares          memory.Shares     // of memory
	events          *sink.Set
	series          series
	packets         *packets           // nil: without -w
	delivery        *delivery.Delivery // nil: all outputs are local
	own             connections.Owns
	processes       *attribute.Attributor // nil: without --process
	summary         *report.Summary
	next            nextCommands
	lists           *nameLists
	exceptions      exceptions
	progress        *progress
	latePaths       func() []string // of files that source may open later
	followed        func() []string // files that may be replaced by others
	filter          *blind.Filter   // nil: no expression, or the kernel has it
	inputs          inputs
	runFailed       bool // the run has failed, not just one input
	metrics         metrics.Exporter
	statsSent       time.Time         // when the last stats event was sent
	reloads         [3]signals.Reload // see reloadable

	phase  atomic.Pointer[string]
	opened atomic.Pointer[sink.Set] // events, for other goroutines
}

// prepare opens whatever can fail before the first packet, and then confines the
// process.
func (w *watcher) prepare(stdin io.Reader, stdout io.Writer) error {
	w.begin("reading the options")
	pol, err := w.options.Policy()
	if err != nil {
		return err
	}
	outputs, err := w.options.OutputConfigs(isTerminal(stdout))
	if err != nil {
		return err
	}
	if err := w.readListed(stdin); err != nil {
		return err
	}
	if err := w.limitMemory(); err != nil {
		return err
	}
	w.begin("reading the lists of names and addresses")
	if w.lists, err = newNameLists(w.options); err != nil {
		return err
	}
	w.exceptions.path = w.options.Except
	if err := w.exceptions.load(); err != nil {
		return err
	}
	w.begin("opening what is to be read")
	if err := w.open(stdin); err != nil {
		return err
	}
	if err := w.divideMemory(); err != nil {
		return err
	}
	w.lists.makeStore(&w.shares)
	w.findNext(outputs, stdout)
	written := w.delivery.Replace(outputs)
	if err := w.openWritten(written, stdout); err != nil {
		return err
	}
	if err := w.listen(written); err != nil {
		return err
	}
	w.begin("opening the outputs")
	if err := w.beginDelivery(); err != nil {
		return err
	}
	w.begin("starting to look for processes")
	if err := w.startFinder(); err != nil {
		return err
	}
	w.sensor, err = w.newReader(w.sensorOptions(pol))
	if err != nil {
		return err
	}
	w.begin("confining itself")
	return w.confine(func() { w.noteReady(outputs) })
}

// sensorOptions are those of each sensor.
func (w *watcher) sensorOptions(pol *policy.Policy) sensor.Options {
	return sensor.Options{
		Policy: pol, Names: w.lists.store, Ranges: w.lists.lookup(), Certificates: w.options.Certificates,
		Decode: w.options.Decoding(), Flow: w.shares.FlowBounds(w.options.Workers), Datagrams: w.shares.DatagramBounds(w.options.Workers), Kinds: w.shares.Kinds / w.options.Workers,
		Emit: w.events.Wants, FlaggedOnly: !w.events.Wants(&classify.Finding{InScope: true}), Live: w.live(),
		Deliver: w.findingsTo(), Withheld: w.identify, Except: w.exceptions.early(), Notice: w.connectionsTo(), Tally: w.summary.Add,
		Own: w.own.Take(), Report: w.inputTrouble, MaxFrames: w.options.Count,
		TunnelEvents: w.tunnelEventsBound(), Keep: w.packets.keeperOrNil(),
	}
}

// inputTrouble reports an error of one input.
func (w *watcher) inputTrouble(err error) {
	w.progress.clear()
	w.inputs.note(err, w.mask)
	var short *file.MemoryError
	switch {
	case isWarning(err), errors.Is(err, file.ErrDeferred):
		w.note("%s", printable(wording.Of(err)))
	case errors.Is(err, syscall.EMFILE):
		w.tooManyOpen(err)
	case errors.As(err, &short):
		w.trouble(fmt.Errorf("%w: give --memory %d, or decompress it first", err, w.options.Budget().For(short.Need)))
	default:
		w.trouble(err)
	}
}

// tooManyOpen reports the first of the inputs that cannot be opened because too many
// files are open. The blind spots have all of them.
func (w *watcher) tooManyOpen(err error) {
	if !w.inputs.crowded {
		w.trouble(fmt.Errorf("%w: raise the limit (ulimit -n); others that are left out for it have no line of their own", err))
	}
	w.inputs.crowded, w.failed = true, true
}

// isWarning reports whether an error of an input leaves the exit status alone.
func isWarning(err error) bool {
	var tunnel *sensor.Disbelief
	if errors.As(err, &tunnel) {
		return true
	}
	for _, note := range []error{live.ErrDown, live.ErrLost, live.ErrFilterChanged, live.ErrUnseen, live.ErrOneByOne, file.ErrReplaced, file.ErrAbsent} {
		if errors.Is(err, note) {
			return true
		}
	}
	return false
}

// run reads to the end or until a signal, and then writes the summary.
func (w *watcher) run(s *signals.Signals) int {
	w.statsSent = time.Now()
	w.begin("reading packets")
	err := w.sensor.Run(w.source, func() bool { return w.betweenPackets(s) })
	stats := w.sensor.Stats()
	w.addWorkerSummaries()
	w.progress.clear()
	if err != nil {
		w.runError(err)
	}
	w.closeProcesses()
	w.begin(writingEvents)
	w.closeSeries()
	w.begin(writingPackets)
	w.closePackets()
	w.begin("writing --metrics-file")
	w.exportMetrics(true)
	w.sendStats(true)
	w.begin("closing what was read")
	if err := w.source.Close(); err != nil {
		w.runError(err)
	}
	w.begin("reading lists, or opening outputs, again")
	w.awaitReloads()
	w.begin(writingEvents)
	if err := w.events.Close(); err != nil && !errors.Is(err, syscall.EPIPE) {
		w.runError(err) // a reader that closes early, like head, is not an error
	}
	w.begin(delivering)
	w.delivery.Finish(w.live(), w.journalEnd())
	for _, err := range w.delivery.Results(w.sayLine) {
		w.runError(err)
	}
	spots := w.blindSpots(&stats)
	w.noteExceptions(true)
	if !w.options.Quiet && !w.nothingRead(&stats) {
		w.summarise(&stats, spots)
		w.notePackets()
	}
	w.noteExcepted()
	return w.status(len(spots) > 0)
}

// nothingRead reports whether no input could be read, which an error has said.
func (w *watcher) nothingRead(s *sensor.Stats) bool {
	return w.failed && !w.live() && s.Source.Frames == 0
}

// runError reports an error of the run, which is not among the blind spots.
func (w *watcher) runError(err error) {
	w.runFailed = true
	w.trouble(err)
}

// betweenPackets is called when no packet waits, and now and then when many do. It
// reports whether to go on. After a signal, interfaces end by themselves, once the
// packets from before it are read.
func (w *watcher) betweenPackets(s *signals.Signals) bool {
	if s.StatsWanted() {
		stats := w.sensor.Stats()
		w.progress.clear()
		w.noteCounts(&stats)
		w.notePackets()
		w.noteBlind(w.blindSpots(&stats))
	}
	if s.ReloadWanted() {
		w.reload()
	}
	w.finishReloads()
	w.noteExceptions(false)
	w.packetTrouble()
	w.settleSeries()
	if err := w.delivery.Check(); err != nil {
		w.trouble(err)
	}
	w.exportMetrics(false)
	w.sendStats(false)
	w.progress.show()
	return (w.live() || !s.Stopped()) && !w.outputsFailed()
}

// outputsFailed reports whether to end because all outputs were given up. Captures are
// still read to their end, to count the events that are lost, unless the reader of
// standard output has closed it.
func (w *watcher) outputsFailed() bool {
	err := w.events.Err()
	return err != nil && (w.live() || errors.Is(err, syscall.EPIPE)) || w.packets.nobodyReads()
}

// status returns the exit status. With --fail-on blind, an error of an input counts as a
// blind spot.
func (w *watcher) status(unseen bool) int {
	on := w.options.FailsOn
	flagged, violations := w.summary.Flagged()
	switch {
	case w.runFailed:
		return exitError
	case unseen && on("blind"):
		return exitFailOn
	case w.failed:
		return exitError
	case flagged > 0 && on("attempt"), violations > 0 && on("violation"):
		return exitFailOn
	}
	return exitOK
}
