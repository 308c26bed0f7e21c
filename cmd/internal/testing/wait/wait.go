// Package wait makes tests wait for events instead of a fixed time.
package wait

import (
	"bytes"
	"regexp"
	"runtime"
	"testing"
	"time"
)

// Limit is how long a test waits for an event before it fails. It is long enough for a
// machine of two processors with thirty busy processes.
const Limit = time.Minute

// The bounds of the pause between two checks.
const (
	shortest = 20 * time.Microsecond
	longest  = time.Millisecond
)

// Until waits until holds returns true. After Limit it fails the test, with the stacks of
// all goroutines.
func Until(t testing.TB, holds func() bool) {
	t.Helper()
	Poll(t, func() (done, moved bool) { return holds(), false })
}

// Poll calls try until it returns done, and fails the test as Until does. The pause
// between calls grows, and is short again after try has moved something.
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

// blocked matches the stack of a goroutine that waits for another one, or for the
// network.
var blocked = regexp.MustCompile(`^goroutine \d+ \[(sync\.|chan |select|semacquire|IO wait)`)

// UntilBlocked waits until a goroutine in the given function waits for another goroutine,
// or for the network. The function's name is that of a stack: pkg.(*Type).Method.
func UntilBlocked(t testing.TB, function string) {
	t.Helper()
	Until(t, func() bool { return isBlocked(function) })
}

func isBlocked(function string) bool {
	for stack := range bytes.SplitSeq(goroutines(), []byte("\n\n")) {
		if blocked.Match(stack) && bytes.Contains(stack, []byte(function+"(")) {
			return true
		}
	}
	return false
}
