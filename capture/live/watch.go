package live

import (
	"fmt"
	"time"
)

const (
	// watchEvery is how often a capture is checked for what another process or a driver
	// may have done to it.
	watchEvery = 10 * time.Second
	// manyUnseen is how many packets without a frame are not normal any more: some may
	// still be on their way.
	manyUnseen = 100
	// unseenChecks is how many checks in a row have to find that many.
	unseenChecks = 2
)

// watch is the state of a capture at the last check.
type watch struct {
	at       int64  // when, in nanoseconds since the Unix epoch
	filter   filter // that was attached
	counted  uint64 // packets, by the interface; 0: not known
	received uint64 // packets, by the socket, after its filter
	came     bool   // a frame has come since
	unseen   int    // checks in a row that found packets but no frame
	reported bool   // an error was returned, and its cause still lasts
}

// isDue reports whether it is time for a check. The clock may have been set back.
func (w *watch) isDue(now int64, every time.Duration) bool {
	since := now - w.at
	return since >= int64(every) || since < 0
}

// check checks that the filter is still the one that was attached, and that frames come
// while packets are counted. With an expression only the socket's count is used: the
// interface's includes packets that the expression leaves out. check returns an error
// once.
func (d *device) check(now int64) error {
	w := &d.watch
	w.at = now
	if !filterOf(d.handle).equal(w.filter) {
		return d.report(ErrFilterChanged)
	}
	missed := d.missed()
	if w.came || missed < manyUnseen {
		w.came, w.unseen, w.reported = false, 0, w.reported && !w.came
		return nil
	}
	if w.unseen++; w.unseen < unseenChecks {
		return nil
	}
	return d.report(fmt.Errorf("%w (%d packets)", ErrUnseen, missed))
}

func (d *device) report(err error) error {
	if d.watch.reported {
		return nil
	}
	d.watch.reported = true
	return inputError(d.name, err)
}

// missed returns how many packets were counted since the last check for which frames
// should have come.
func (d *device) missed() (n uint64) {
	d.sample()
	received := d.received - d.watch.received
	d.watch.received = d.received
	before := d.watch.counted
	if d.watch.counted = 0; d.options.Filter != "" || d.watch.came {
		return received
	}
	if now, ok := counted(d.name); ok {
		d.watch.counted = now
	}
	if before > 0 && d.watch.counted > before {
		n = d.watch.counted - before
	}
	return max(n, received)
}
