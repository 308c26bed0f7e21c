package sensor

import (
	"fmt"
	"runtime"
	"strings"
)

// Fault is a panic that a packet has led to: a mistake of ours, which somebody
// on the network may have found before us. It must not end the run, or one
// packet would switch the sensor off.
type Fault struct {
	At    string // function and line
	Value any    // that was panicked with
}

func (f *Fault) Error() string {
	return fmt.Sprintf("a fault of tlsfloor's own, please report it: %s: %v; the handshakes under way are lost", f.At, f.Value)
}

// newFault is for who has just recovered value, in a deferred function.
func newFault(value any) *Fault {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	panicked := false
	for {
		frame, more := frames.Next()
		if own := !strings.HasPrefix(frame.Function, "runtime."); panicked && own || !more {
			return &Fault{fmt.Sprintf("%s, line %d", frame.Function, frame.Line), value}
		}
		panicked = panicked || frame.Function == "runtime.gopanic"
	}
}

// maxFaults bounds those that are said: a packet can be sent again and again.
const maxFaults = 8

// faults counts faults.
type faults uint64

// note counts f, and says it, for a while.
func (n *faults) note(o *Options, f *Fault) {
	if *n++; *n <= maxFaults {
		o.Report(f)
	}
	if *n == maxFaults {
		o.Report(fmt.Errorf("further faults are only counted"))
	}
}
