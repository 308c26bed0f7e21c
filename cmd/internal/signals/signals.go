package signals

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// Signals are the requests by signals. SIGINT, SIGTERM and SIGQUIT end the run within two
// seconds, with everything delivered that can be; SIGUSR1 writes the counts; SIGHUP reads lists
// again and reopens outputs. SIGPIPE is ignored, so that a reader that closes causes an
// error of a write and does not end the process.
//
// SIGINT may only end reading, and a second one the waiting for outputs (BePatient):
// a person who sees a capture read, and the disk full, can make room.
type Signals struct {
	arrived chan os.Signal
	done    chan struct{}
	patient atomic.Pointer[Waiter] // nil: every signal to end is urgent
	stop    atomic.Bool
	urgent  atomic.Bool
	first   time.Time // when a signal to end came
	stopper atomic.Pointer[Stopper]
	stats   atomic.Bool
	reload  atomic.Bool
	overdue chan struct{}
}

// Stopper is what signals to end call.
type Stopper struct {
	Stop  func() // ends reading
	Hurry func() // gives up outputs that do not take events soon
}

// Waiter is how a run waits for its outputs after SIGINT.
type Waiter struct {
	Waits func() bool // reports whether it waits for an output now
	Note  func()      // is called once, if it does
}

// killAfter is the time after a first signal to end from which SIGINT or SIGTERM kills the
// process. SIGQUIT never does: Go's runtime would list all goroutines. timeout(1) signals the process and then its group, so that one request is two
// signals.
const killAfter = time.Second

// endWithin is how long a run may take to end after a signal. It is ended then, even if
// it hangs, for example in a file system.
const endWithin = 1850 * time.Millisecond

// Watch begins to handle signals, before anything is opened: logrotate may send
// SIGHUP at any time.
func Watch() *Signals {
	s := &Signals{arrived: make(chan os.Signal, 4), done: make(chan struct{}), overdue: make(chan struct{})}
	signal.Notify(s.arrived, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	go s.loop()
	return s
}

// ExitOnQuit makes SIGQUIT end a command that has nothing to end in order: Go's runtime
// would list all goroutines.
func ExitOnQuit() {
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	go func() {
		<-quit
		os.Exit(128 + int(syscall.SIGQUIT))
	}()
}

// Overdue is closed when the run has not ended within endWithin.
func (s *Signals) Overdue() <-chan struct{} { return s.overdue }

// BePatient lets SIGINT end only reading, as long as the run waits for its outputs.
func (s *Signals) BePatient(w Waiter) { s.patient.Store(&w) }

// OnStop makes another goroutine call what s has at a signal to end. If there was one
// already, it is called at once.
func (s *Signals) OnStop(f Stopper) {
	s.stopper.Store(&f)
	if s.Stopped() {
		f.Stop()
	}
	if s.urgent.Load() {
		f.Hurry()
	}
}

func (s *Signals) loop() {
	for {
		select {
		case <-s.done:
			return
		case sig := <-s.arrived:
			s.handle(sig)
		}
	}
}

func (s *Signals) handle(sig os.Signal) {
	switch sig {
	case syscall.SIGUSR1:
		s.stats.Store(true)
	case syscall.SIGHUP:
		s.reload.Store(true)
	default:
		s.end(sig)
	}
}

func (s *Signals) end(sig os.Signal) {
	again := s.stop.Swap(true)
	if !again {
		s.first = time.Now()
		if f := s.stopper.Load(); f != nil {
			f.Stop()
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
func (s *Signals) hurry() {
	if s.urgent.Swap(true) {
		return
	}
	time.AfterFunc(endWithin, func() { close(s.overdue) })
	time.AfterFunc(killAfter, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
	if f := s.stopper.Load(); f != nil {
		f.Hurry()
	}
}

// lookEvery is how often a run that is to end is looked at.
const lookEvery = 50 * time.Millisecond

// await hurries a run that does not end although it waits for no output: it hangs in
// something else.
func (s *Signals) await(p *Waiter) {
	waited, noted := time.Now(), false
	for time.Since(waited) < endWithin {
		select {
		case <-s.done:
			return
		case <-time.After(lookEvery):
		}
		if p.Waits() {
			waited = time.Now()
		}
		if !noted && waited.Sub(s.first) > killAfter {
			noted = true
			p.Note()
		}
	}
	s.hurry()
}

// Stopped reports whether a signal to end came.
func (s *Signals) Stopped() bool { return s.stop.Load() }

// StatsWanted reports whether SIGUSR1 came since the last call.
func (s *Signals) StatsWanted() bool { return s.stats.Load() && s.stats.Swap(false) }

// ReloadWanted reports whether SIGHUP came since the last call.
func (s *Signals) ReloadWanted() bool { return s.reload.Load() && s.reload.Swap(false) }

// Close ends the handling of signals.
func (s *Signals) Close() {
	signal.Stop(s.arrived)
	close(s.done)
}
