package main

import (
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"tlsfloor/cmd/internal/wording"
)

// signals are the requests by signals. SIGINT, SIGTERM and SIGQUIT end the run within two
// seconds, with everything delivered that can be; SIGUSR1 writes the counts; SIGHUP reads lists
// again and reopens outputs. SIGPIPE is ignored, so that a reader that closes causes an
// error of a write and does not end the process.
//
// SIGINT may only end reading, and a second one the waiting for outputs (signals.patient):
// a person who sees a capture read, and the disk full, can make room.
type signals struct {
	arrived chan os.Signal
	done    chan struct{}
	patient atomic.Pointer[waiter] // nil: every signal to end is urgent
	stop    atomic.Bool
	urgent  atomic.Bool
	first   time.Time // when a signal to end came
	stopper atomic.Pointer[stopper]
	stats   atomic.Bool
	reload  atomic.Bool
	overdue chan struct{} // closed when the run has not ended within endWithin
}

// stopper is what signals to end call.
type stopper struct {
	stop  func() // ends reading
	hurry func() // gives up outputs that do not take events soon
}

// waiter is how a run waits for its outputs after SIGINT.
type waiter struct {
	waits func() bool // reports whether it waits for an output now
	note  func()      // is called once, if it does
}

// killAfter is the time after a first signal to end from which SIGINT or SIGTERM kills the
// process. SIGQUIT never does: Go's runtime would list all goroutines. timeout(1) signals the process and then its group, so that one request is two
// signals.
const killAfter = time.Second

// endWithin is how long a run may take to end after a signal. It is ended then, even if
// it hangs, for example in a file system.
const endWithin = 1850 * time.Millisecond

// watchSignals begins to handle signals, before anything is opened: logrotate may send
// SIGHUP at any time.
func watchSignals() *signals {
	s := &signals{arrived: make(chan os.Signal, 4), done: make(chan struct{}), overdue: make(chan struct{})}
	signal.Notify(s.arrived, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	go s.loop()
	return s
}

// exitOnQuit makes SIGQUIT end a command that has nothing to end in order: Go's runtime
// would list all goroutines.
func exitOnQuit() {
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	go func() {
		<-quit
		os.Exit(128 + int(syscall.SIGQUIT))
	}()
}

// onStop makes another goroutine call what s has at a signal to end. If there was one
// already, it is called at once.
func (s *signals) onStop(f stopper) {
	s.stopper.Store(&f)
	if s.stopped() {
		f.stop()
	}
	if s.urgent.Load() {
		f.hurry()
	}
}

func (s *signals) loop() {
	for {
		select {
		case <-s.done:
			return
		case sig := <-s.arrived:
			s.handle(sig)
		}
	}
}

func (s *signals) handle(sig os.Signal) {
	switch sig {
	case syscall.SIGUSR1:
		s.stats.Store(true)
	case syscall.SIGHUP:
		s.reload.Store(true)
	default:
		s.end(sig)
	}
}

func (s *signals) end(sig os.Signal) {
	again := s.stop.Swap(true)
	if !again {
		s.first = time.Now()
		if f := s.stopper.Load(); f != nil {
			f.stop()
		}
	}
	p := s.patient.Load()
	switch {
	case p == nil || sig != os.Interrupt || again && time.Since(s.first) >= killAfter:
		s.hurry()
	case !again:
		go s.await(p)
	}
}

// hurry makes the run end within endWithin.
func (s *signals) hurry() {
	if s.urgent.Swap(true) {
		return
	}
	time.AfterFunc(endWithin, func() { close(s.overdue) })
	time.AfterFunc(killAfter, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
	if f := s.stopper.Load(); f != nil {
		f.hurry()
	}
}

// lookEvery is how often a run that is to end is looked at.
const lookEvery = 50 * time.Millisecond

// await hurries a run that does not end although it waits for no output: it hangs in
// something else.
func (s *signals) await(p *waiter) {
	waited, noted := time.Now(), false
	for time.Since(waited) < endWithin {
		select {
		case <-s.done:
			return
		case <-time.After(lookEvery):
		}
		if p.waits() {
			waited = time.Now()
		}
		if !noted && waited.Sub(s.first) > killAfter {
			noted = true
			p.note()
		}
	}
	s.hurry()
}

func (s *signals) stopped() bool { return s.stop.Load() }

// statsWanted reports whether SIGUSR1 came since the last call.
func (s *signals) statsWanted() bool { return s.stats.Load() && s.stats.Swap(false) }

// reloadWanted reports whether SIGHUP came since the last call.
func (s *signals) reloadWanted() bool { return s.reload.Load() && s.reload.Swap(false) }

func (s *signals) close() {
	signal.Stop(s.arrived)
	close(s.done)
}

// reload is work that SIGHUP asks for. A goroutine of its own does it, so that a file
// system that hangs does not block the run.
type reload struct {
	done  chan error // of the work under way; nil: there is none
	again bool       // do it again when that is done
}

// reload reads lists again, and reopens outputs, whose files logrotate may have moved.
func (w *watcher) reload() {
	for i, work := range w.reloadable() {
		w.reloads[i].start(work)
	}
	w.packets.reopen()
}

// reloadable is what SIGHUP asks for: lists of names, exceptions, outputs.
func (w *watcher) reloadable() [3]func() error {
	outputs := func() error { return errors.Join(w.events.Reopen(), w.delivery.Reopen()) }
	return [3]func() error{w.lists.load, w.exceptions.load, outputs}
}

func (r *reload) start(work func() error) {
	if r.done != nil {
		r.again = true
		return
	}
	r.done, r.again = make(chan error, 1), false
	go func() { r.done <- work() }()
}

// finishReloads reports errors of reloads that have ended.
func (w *watcher) finishReloads() {
	for i, work := range w.reloadable() {
		w.endReload(w.reloads[i].poll(work))
	}
}

// poll returns the error of work that has ended, and begins it again if that was asked for.
func (r *reload) poll(work func() error) error {
	if r.done == nil {
		return nil
	}
	select {
	case err := <-r.done:
		if r.done = nil; r.again {
			r.start(work)
		}
		return err
	default:
		return nil
	}
}

func (w *watcher) endReload(err error) {
	if err != nil {
		w.progress.clear()
		w.reloadFailed(err)
	}
}

// reloadFailed reports that lists, secrets or files cannot be read or opened again.
func (m *messages) reloadFailed(err error) {
	m.say("%s; going on as before", printable(wording.Of(err)))
}

// reloadTimeout is how long the end of a run waits for reloads.
const reloadTimeout = 200 * time.Millisecond

// awaitReloads waits for reloads, so that no output is closed while it is reopened.
func (w *watcher) awaitReloads() {
	late := time.After(reloadTimeout)
	for i := range w.reloads {
		if w.reloads[i].done == nil {
			continue
		}
		select {
		case err := <-w.reloads[i].done:
			w.endReload(err)
		case <-late:
			return
		}
	}
}
