package sink

import (
	"sync/atomic"
	"testing"

	"tlsfloor/cmd/internal/testing/wait"
)

// load sends findings to all outputs of a Set in the background.
type load struct {
	sent    atomic.Int64
	ended   atomic.Bool
	stopped chan struct{}
}

// mostWaiting bounds how many findings the slowest output is behind, so that a test with
// an unreachable server does not take long.
const mostWaiting = 2000

// startLoad sends as fast as events are encoded and, on average, delivered.
func startLoad(t testing.TB, s *Set) *load {
	l := &load{stopped: make(chan struct{})}
	go func() {
		defer close(l.stopped)
		for !l.ended.Load() {
			n := int(l.sent.Load())
			sendAll(s, n, n+50)
			l.sent.Add(50)
			wait.Until(t, func() bool { return isEncoded(s) && (isUpToDate(s) || l.ended.Load()) })
		}
	}()
	return l
}

func isUpToDate(s *Set) bool {
	for _, o := range s.Stats() {
		if o.Waiting > mostWaiting {
			return false
		}
	}
	return true
}

// stop ends the load, and returns how many findings were sent.
func (l *load) stop() int {
	l.ended.Store(true)
	<-l.stopped
	return int(l.sent.Load())
}
