package sensor

import (
	"errors"
	"net/netip"
	"sync/atomic"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/fault"
)

// Fault is a panic that was recovered. If a packet caused it, it must not end the run:
// otherwise an attacker could stop the sensor with one packet.
type Fault struct {
	fault.Fault
	Ends bool // no packet caused it, and the run ends
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

// maxFaults bounds the faults that are reported: an attacker can send a packet that
// causes one again and again.
const maxFaults = 8

// faults counts faults.
type faults uint64

// add counts f. It reports the first maxFaults.
func (n *faults) add(o *Options, f *Fault) {
	if *n++; *n <= maxFaults {
		o.Report(f)
	}
	if *n == maxFaults {
		o.Report(errors.New("further faults are only counted"))
	}
}

// failure holds the first panic of a function in Options that receives something from
// the sensor: Deliver, Withheld, Report or Notice. No frame caused it, and it may happen again
// with the next one, so it ends the run. It is recovered inside the function, so the
// sensor's state stays consistent: findings so far, and those of open connections, are
// still delivered. It also holds a panic of Workers at the end of a run.
type failure struct{ first atomic.Pointer[Fault] }

// guard returns o with functions whose panics are recovered and kept in n. Several
// goroutines may call them.
func (n *failure) guard(o Options) Options {
	deliver, report, notice, withheld := o.Deliver, o.Report, o.Notice, o.Withheld
	o.Deliver = func(f *classify.Finding) { defer n.catch(); deliver(f) }
	o.Report = func(err error) { defer n.catch(); report(err) }
	if withheld != nil {
		o.Withheld = func(f *classify.Finding) { defer n.catch(); withheld(f) }
	}
	if notice != nil {
		o.Notice = func(client, server netip.AddrPort, udp bool) { defer n.catch(); notice(client, server, udp) }
	}
	return o
}

// catch recovers a panic, and keeps it if it is the first. It has to be deferred.
func (n *failure) catch() {
	if value := recover(); value != nil {
		f := newFault(value)
		f.Ends = true
		n.first.CompareAndSwap(nil, f)
	}
}

// orError returns the first panic, if there was one, and err otherwise.
func (n *failure) orError(err error) error {
	if f := n.first.Load(); f != nil {
		return f
	}
	return err
}
