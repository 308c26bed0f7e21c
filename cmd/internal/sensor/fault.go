package sensor

import (
	"errors"
	"net/netip"
	"sync/atomic"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/fault"
)

// Fault is a panic that was caught. Where a packet has led to it, it must not end
// the run, or one packet would switch the sensor off.
type Fault struct {
	fault.Fault
	Ends bool // no packet has led to it, and the run ends
}

func (f *Fault) Error() string {
	lost := "the connection is lost"
	if f.Ends {
		lost = "the run ends"
	}
	return f.Fault.Error() + "; " + lost
}

// newFault is fault.New.
func newFault(value any) *Fault { return &Fault{Fault: *fault.New(value)} }

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

// failure holds the first panic of a function that Options name and that takes
// something out of the sensor: Deliver, Report or Notice. No frame is to blame
// for it, and the next one may meet it again, so it ends the run. The panic does
// not pass through the sensor, whose state stays in order: what was found, and
// what is open, is still delivered. A run may end with a panic of its own in it.
type failure struct{ first atomic.Pointer[Fault] }

// guard returns o with panics of those functions kept in n. Several goroutines
// may call them.
func (n *failure) guard(o Options) Options {
	deliver, report, notice := o.Deliver, o.Report, o.Notice
	o.Deliver = func(f *classify.Finding) { defer n.keep(); deliver(f) }
	o.Report = func(err error) { defer n.keep(); report(err) }
	if notice != nil {
		o.Notice = func(client, server netip.AddrPort) { defer n.keep(); notice(client, server) }
	}
	return o
}

// keep is to be deferred.
func (n *failure) keep() {
	if value := recover(); value != nil {
		f := newFault(value)
		f.Ends = true
		n.first.CompareAndSwap(nil, f)
	}
}

// over returns what a run ends with, where err is why its source has ended.
func (n *failure) over(err error) error {
	if f := n.first.Load(); f != nil {
		return f
	}
	return err
}
