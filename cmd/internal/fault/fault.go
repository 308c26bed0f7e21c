// Package fault describes panics that were caught: mistakes in tlsfloor itself,
// which hostile input may have found before us.
package fault

import (
	"fmt"
	"runtime"
	"strings"
)

// Fault is a panic that was caught.
type Fault struct {
	At    string // function and line
	Value any    // the argument of panic
}

func (f *Fault) Error() string {
	return fmt.Sprintf("a fault of tlsfloor's own, please report it: %s: %v", f.At, f.Value)
}

// maxFrames bounds the calls between panic and New, in which the place is looked
// for.
const maxFrames = 64

// New describes the panic whose value was just recovered. It has to be called by
// the deferred function that called recover: the stack of the panic is still there
// then.
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
