package main

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// signals is what was asked of the process from outside: SIGINT and SIGTERM
// end the run with everything flushed, within two seconds, SIGUSR1 prints the
// counts, SIGHUP reads the files of names again. SIGPIPE is ignored, so that a reader that leaves is
// an error of one write and not the end of the process.
type signals struct {
	arrived chan os.Signal
	done    chan struct{}
	stop    atomic.Bool
	stopper atomic.Pointer[func()]
	stats   atomic.Bool
	reload  atomic.Bool
	overdue chan struct{} // closed when the run was to end and has not
}

// impatience is after how long a signal to end kills a run that is ending.
// timeout(1) signals the process and then its group, so that one request comes
// as two signals.
const impatience = time.Second

// endWithin is how long a run may take to end after it was asked to: whatever it
// waits for, which may be a file system that does not answer, it is ended then.
const endWithin = 1850 * time.Millisecond

// watchSignals begins to listen, before anything is opened: logrotate may send
// SIGHUP at any time. SIGINT or SIGTERM again, later than impatience, kills.
func watchSignals() *signals {
	s := &signals{arrived: make(chan os.Signal, 4), done: make(chan struct{}), overdue: make(chan struct{})}
	signal.Notify(s.arrived, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	go s.loop()
	return s
}

// onStop has f called, from another goroutine, when the run is to end, or at
// once when that was asked for already.
func (s *signals) onStop(f func()) {
	s.stopper.Store(&f)
	if s.stopped() {
		f()
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
		if s.stop.Swap(true) {
			return
		}
		time.AfterFunc(endWithin, func() { close(s.overdue) })
		time.AfterFunc(impatience, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
		if f := s.stopper.Load(); f != nil {
			(*f)()
		}
	}
}

func (s *signals) stopped() bool { return s.stop.Load() }

// statsWanted reports whether the counts were asked for since the last call.
func (s *signals) statsWanted() bool { return s.stats.Load() && s.stats.Swap(false) }

// reloadWanted reports whether the files are to be read again.
func (s *signals) reloadWanted() bool { return s.reload.Load() && s.reload.Swap(false) }

func (s *signals) close() {
	signal.Stop(s.arrived)
	close(s.done)
}
