package wait

import (
	"sync"
	"testing"
)

type gate struct{ mu sync.Mutex }

func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
}

// A goroutine that waits for another is found by the function that it is in.
func TestUntilBlocked(t *testing.T) {
	var g gate
	g.mu.Lock()
	const function = "wait.(*gate).pass"
	if isBlocked(function) {
		t.Error("nobody is there yet")
	}
	done := make(chan struct{})
	go func() { g.pass(); close(done) }()
	UntilBlocked(t, function)
	g.mu.Unlock()
	<-done
	Until(t, func() bool { return !isBlocked(function) })
}
