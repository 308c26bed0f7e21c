package live

import (
	"fmt"
	"time"
)

const (
	// watchEvery is how often a capture is looked at, for what another process, or
	// a driver, may have done to it.
	watchEvery = 10 * time.Second
	// manyUnseen is how many packets of which none came are no coincidence: some
	// are on their way.
	manyUnseen = 100
	// unseenChecks is how many checks in a row have to find that.
	unseenChecks = 2
)

// watch is what is known of a capture from the last check.
type watch struct {
	at       int64  // when, in nanoseconds since the Unix epoch
	filter   filter // as it was attached
	counted  uint64 // by the interface, at the last check; 0: nobody has asked
	received uint64 // by the socket, behind its filter
	came     bool   // a frame, since
	unseen   int    // checks in a row that found packets and no frame
	said     bool   // what is wrong, until it is not
}

// isDue reports whether it is time for a check. The clock may have been set back.
func (w *watch) isDue(now int64, every time.Duration) bool {
	since := now - w.at
	return since >= int64(every) || since < 0
}

// check looks whether the filter is the one that was attached, and whether
// packets come while they are counted. The interface's own count says nothing
// when an expression leaves packets out, the socket's does. It returns an error
// once.
func (p *port) check(now int64) error {
	w := &p.watch
	w.at = now
	if !filterOf(p.handle).is(w.filter) {
		return p.wrong(ErrFilterChanged)
	}
	missed := p.missed()
	if w.came || missed < manyUnseen {
		w.came, w.unseen, w.said = false, 0, w.said && !w.came
		return nil
	}
	if w.unseen++; w.unseen < unseenChecks {
		return nil
	}
	return p.wrong(fmt.Errorf("%w (%d packets)", ErrUnseen, missed))
}

func (p *port) wrong(err error) error {
	if p.watch.said {
		return nil
	}
	p.watch.said = true
	return inputError(p.name, err)
}

// missed is how many packets were counted since the last check, for which frames
// should have come.
func (p *port) missed() (n uint64) {
	p.sample()
	received := p.received - p.watch.received
	p.watch.received = p.received
	before := p.watch.counted
	if p.watch.counted = 0; p.options.Filter != "" || p.watch.came {
		return received
	}
	if now, ok := counted(p.name); ok {
		p.watch.counted = now
	}
	if before > 0 && p.watch.counted > before {
		n = p.watch.counted - before
	}
	return max(n, received)
}
