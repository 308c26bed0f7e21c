package ship

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"tlsfloor/cmd/internal/wording"
)

const (
	// grace is how long the end waits for an output that makes no progress. It is shorter
	// than the 90 seconds that systemd gives a service to stop.
	grace = 5 * time.Second
	// cancelTimeout is how long a cancelled delivery gets to return. One that writes to a
	// pipe without a reader never does.
	cancelTimeout = 50 * time.Millisecond
	// lookEvery is how often progress is checked.
	lookEvery = 20 * time.Millisecond
)

// Finish makes outputs deliver what is in the inputs now, and end: within a time, or with 0
// as long as they make progress. What is not delivered then stays in the inputs.
func (s *Shipper) Finish(within time.Duration) {
	if within > 0 {
		s.end.Store(s.options.clock.Now().Add(within).UnixNano())
	}
	for _, o := range s.outputs {
		o.source.finish()
		o.loop.RetryNow()
	}
	s.ending.Do(func() { go s.cutShort() })
}

// Stop lets deliveries that are under way end within a time. Nothing more is begun.
func (s *Shipper) Stop(within time.Duration) {
	for _, o := range s.outputs {
		o.source.stop()
	}
	s.Finish(within)
}

// cutShort cancels outputs that make no progress, or whose time is over.
func (s *Shipper) cutShort() {
	began := s.options.clock.Now()
	moved := make([]time.Time, len(s.outputs))
	last := make([]uint64, len(s.outputs))
	for !s.isDone() {
		now := <-s.options.clock.After(lookEvery)
		end := s.end.Load()
		for i, o := range s.outputs {
			if n := o.moves(); n != last[i] || moved[i].IsZero() {
				last[i], moved[i] = n, now
			}
			if end != 0 && now.UnixNano() >= end || now.Sub(moved[i]) >= grace && now.Sub(began) >= grace {
				o.cancel()
			}
		}
	}
}

// moves counts what an output has done.
func (o *output) moves() uint64 {
	c := o.loop.Counts()
	return c.Sent + c.Refused + o.source.read.Load()
}

// isDone reports whether all outputs have ended.
func (s *Shipper) isDone() bool {
	for _, o := range s.outputs {
		if !isClosed(o.loop.Done()) {
			return false
		}
	}
	return true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// awaitEnd closes done when all outputs have ended, or hang.
func (s *Shipper) awaitEnd() {
	defer close(s.done)
	for _, o := range s.outputs {
		select {
		case <-o.loop.Done():
			continue
		case <-o.ctx.Done():
		}
		select {
		case <-o.loop.Done():
		case <-s.options.clock.After(cancelTimeout):
		}
	}
}

// Done is closed when nothing more is delivered.
func (s *Shipper) Done() <-chan struct{} { return s.done }

// Close closes outputs and inputs after Done. The error says what was lost or refused, which
// outputs were given up, and after Finish, which have not delivered everything. An output
// that hangs is left behind.
func (s *Shipper) Close() error {
	var errs []error
	for _, o := range s.outputs {
		if isClosed(o.loop.Done()) {
			errs = append(errs, o.loop.Transport.Close(), o.source.close())
		}
		o.cancel()
		errs = append(errs, o.failed(), o.missing())
	}
	return joinWithoutEPIPE(errs)
}

// failed returns why the output was given up, or nil.
func (o *output) failed() error {
	if err := o.loop.Err(); err != nil {
		return fmt.Errorf("%s: %w", o.config.Name(), err)
	}
	return nil
}

// missing returns an error about events that the far end will never have.
func (o *output) missing() error {
	lost, refused := o.source.lost.Load(), o.loop.Counts().Refused
	var errs []error
	if err := o.source.failure.Load(); err != nil {
		errs = append(errs, fmt.Errorf("%s: not everything was read: %w", o.config.Name(), *err))
	}
	if isClosed(o.loop.Done()) && !o.source.drained && !o.source.stopping.Load() && o.loop.Err() == nil {
		errs = append(errs, fmt.Errorf("%s: not everything was delivered: the rest stays where it is", o.config.Name()))
	}
	if lost > 0 {
		errs = append(errs, fmt.Errorf("%s: %s lost", o.config.Name(), wording.Count(lost, "event*")))
	}
	if refused > 0 {
		errs = append(errs, fmt.Errorf("%s: %s refused", o.config.Name(), wording.Count(refused, "event*")))
	}
	return errors.Join(errs...)
}

// joinWithoutEPIPE joins errors. That the reader of standard output wants no more is
// returned only if there is no other error.
func joinWithoutEPIPE(errs []error) error {
	var left error
	kept := errs[:0]
	for _, err := range errs {
		if errors.Is(err, syscall.EPIPE) {
			left = err
		} else {
			kept = append(kept, err)
		}
	}
	if err := errors.Join(kept...); err != nil {
		return err
	}
	return left
}

// maxReports bounds the damages that an output reports: whoever can write to the disk can
// make any number.
const maxReports = 8

// reportLoss reports events that cannot be read. They are counted already.
func (o *output) reportLoss(err error) {
	switch o.reports++; {
	case o.reports < maxReports:
		o.health.Report(wording.Of(err))
	case o.reports == maxReports:
		o.health.Report(wording.Of(err) + "; further losses are only counted")
	}
}

// trouble reports that an input cannot be read, or a cursor not be written.
func (o *output) trouble(err error) { o.health.Report(wording.Of(err) + "; it is tried again") }

// giveUp reports that an output has ended for good.
func (o *output) giveUp(err error) {
	if !errors.Is(err, syscall.EPIPE) {
		o.health.Report("given up: " + wording.Of(err))
	}
}
