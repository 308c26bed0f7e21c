// Package fault describes panics that were recovered: bugs in tlsfloor, which an
// attacker may have found with crafted packets.
package fault

import (
	"fmt"
	"runtime"
	"strings"
)

// Fault is a panic that was recovered.
type Fault struct {
	At    string // function and line
	Value any    // the argument of panic
}

func (f *Fault) Error() string {
	return fmt.Sprintf("a fault of tlsfloor's own, please report it: %s: %v", f.At, f.Value)
}

// maxFrames bounds the stack that New searches for the place of the panic.
const maxFrames = 64

// New describes the panic whose value was just recovered. The deferred function that
// called recover has to call it: only there does the stack still show the panic.
func New(value any) *Fault {
	var callers [maxFrames]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	panicked := false
	for {
		frame, more := frames.Next()
		outside := !strings.HasPrefix(frame.Function, "runtime.")
		if panicked && outside || !more {
			return &Fault{fmt.Sprintf("%s, line %d", frame.Function, frame.Line), value}
		}
		panicked = panicked || frame.Function == "runtime.gopanic"
	}
}
