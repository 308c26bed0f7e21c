// Package wait has tests wait for events, and not for time to pass.
package wait

import (
	"runtime"
	"testing"
	"time"
)

// Limit is how long an event may take to come: not how long it should, but after
// how long it never will, on a machine of two processors on which thirty other
// processes want to run.
const Limit = time.Minute

// The pauses between two looks at whether an event has come.
const (
	shortest = 20 * time.Microsecond
	longest  = time.Millisecond
)

// Until waits until holds reports true. It fails the test, with what all
// goroutines do, when that does not come to pass within Limit.
func Until(t testing.TB, holds func() bool) {
	t.Helper()
	Poll(t, func() (done, moved bool) { return holds(), false })
}

// Poll calls try until that is done, and fails the test as Until does. It calls
// again soon where try has moved something, and else after a pause that grows.
func Poll(t testing.TB, try func() (done, moved bool)) {
	t.Helper()
	pause := shortest
	for end := time.Now().Add(Limit); ; time.Sleep(pause) {
		done, moved := try()
		switch {
		case done:
			return
		case time.Now().After(end):
			t.Fatalf("it did not come to pass within %v\n%s", Limit, goroutines())
		case moved:
			pause = shortest
		default:
			pause = min(2*pause, longest)
		}
	}
}

// goroutines returns the stacks of all goroutines, of 1 MiB at most.
func goroutines() []byte {
	text := make([]byte, 1<<20)
	return text[:runtime.Stack(text, true)]
}
