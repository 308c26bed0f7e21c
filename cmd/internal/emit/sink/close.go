package sink

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

const (
	// longest is how many times Options.Grace a live run waits for an output
	// that does take events, but never all.
	longest = 4
	// abandon is how long a delivery may take to notice that it is to end. One
	// that writes to a pipe that nobody reads never does.
	abandon = time.Second
	// abandonAtOnce is the same where the time to end is set: see Set.EndBy. Of
	// that time, beforeEnd is left for it.
	abandonAtOnce = 50 * time.Millisecond
	beforeEnd     = 300 * time.Millisecond
	// watchAgain is how often progress is looked at.
	watchAgain = 20 * time.Millisecond
)

// await waits until everything is delivered, or the time for that is over.
func (o *output) await(s *Set) {
	start := o.age()
	for !o.isDelivered(watchAgain) {
		if s.isEnding() || o.isLate(start, s.options) {
			o.backlog.end()
			o.cancel()
			if !o.isDelivered(s.abandon()) {
				o.backlog.giveUp()
			}
			return
		}
	}
}

// isEnding reports whether the time that EndBy has set is as good as over.
func (s *Set) isEnding() bool {
	end := s.end.Load()
	return end != 0 && time.Unix(0, end).Sub(s.options.clock.Now()) < beforeEnd
}

// abandon is how long a goroutine may take to notice that it is to end.
func (s *Set) abandon() time.Duration {
	if s.end.Load() != 0 {
		return abandonAtOnce
	}
	return abandon
}

// isDelivered waits a little for the end of the deliveries.
func (o *output) isDelivered(patience time.Duration) bool { return o.ended(o.delivered, patience) }

func (o *output) isLate(start time.Duration, options Options) bool {
	if !options.Live && o.config.isLocal() && !o.trouble.on.Load() {
		return false // a person reads slowly; a disk comes to an end
	}
	now := o.age()
	idle := now - max(time.Duration(o.progress.Load()), start)
	return idle > options.Grace || options.Live && now-start > longest*options.Grace
}

// close ends the output. It returns why it was given up, or what is lost.
func (o *output) close(patience time.Duration) error {
	close(o.quit)
	var errs []error
	if o.ended(o.spilled, patience) {
		errs = append(errs, o.keepRest())
	}
	if o.ended(o.delivered, patience) {
		errs = append(errs, o.transport.Close())
	}
	o.cancel()
	return join(append(errs, o.failed(), o.lost())...)
}

// ended gives a goroutine some time to end. One that the kernel holds in a
// write is left there, with what it uses.
func (o *output) ended(done <-chan struct{}, patience time.Duration) bool {
	select {
	case <-done:
		return true
	case <-o.clock.After(patience):
		return false
	}
}

// keepRest moves to the spool what is left in memory, and says what waits
// there.
func (o *output) keepRest() error {
	o.backlog.end()
	if o.backlog.spool == nil {
		return nil
	}
	o.spill()
	_, waits := o.backlog.waiting()
	if waits > 0 {
		o.trouble.say(fmt.Sprintf("%d events wait in %s for the next run", waits, o.config.spoolFolder()))
	}
	return o.backlog.spool.Close()
}

// failed returns why the output was given up, or nil.
func (o *output) failed() error {
	err := o.err()
	switch {
	case err == nil:
		return nil
	case o.config.kind == stdout:
		return fmt.Errorf("writing events: %w", err)
	}
	return fmt.Errorf("%s: %w", o.config.Name(), err)
}

// lost returns an error about events that nobody will ever see.
func (o *output) lost() error {
	memory, _ := o.backlog.waiting()
	unsent, refused := o.dropped.Load()+uint64(memory), o.refused.Load()
	var errs []error
	switch {
	case errors.Is(o.err(), syscall.EPIPE): // its reader has seen enough
	case unsent == 1 && o.err() != nil:
		errs = append(errs, errors.New("1 event is lost"))
	case unsent > 0 && o.err() != nil:
		errs = append(errs, fmt.Errorf("%d events are lost", unsent))
	case unsent > 0:
		errs = append(errs, fmt.Errorf("%s: %d events were not sent, and are lost", o.config.Name(), unsent))
	}
	if refused > 0 {
		errs = append(errs, fmt.Errorf("%s: %d events were refused", o.config.Name(), refused))
	}
	return join(errs...)
}

// joinLosses leaves out that a reader of standard output has left, where there
// is worse to say.
func joinLosses(errs []error) error {
	var worse []error
	var left error
	for _, err := range errs {
		if errors.Is(err, syscall.EPIPE) {
			left = err
		} else if err != nil {
			worse = append(worse, err)
		}
	}
	if len(worse) == 0 {
		return left
	}
	return join(worse...)
}
