package sensor

import (
	"errors"
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
	return fmt.Sprintf("a fault of tlsfloor's own, please report it: %s: %v; the connection is lost", f.At, f.Value)
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

// stage is what is done with a frame. It says what a fault has left in a state
// that nobody knows.
type stage uint8

const (
	atRest    stage = iota // nothing
	decoding               // the fragments that wait for others
	following              // a connection, or all
	learning               // nothing: a DNS message is read before anything is learnt of it
)

// mend says a fault and gets rid of what it has left. The other connections go
// on, or whoever knows such a packet could blind the sensor.
func (s *Sensor) mend(f *Fault) {
	s.fault(f)
	switch {
	case s.stage == decoding:
		s.decoder.Clear()
	case s.stage == following && !s.table.Forget():
		s.table.Clear()
	}
	s.stage = atRest
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
		o.Report(errors.New("further faults are only counted"))
	}
}
