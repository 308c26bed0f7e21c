package sink

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

const (
	// maxGraces is how many times Options.Grace a live run waits for an output that
	// does take events, but never all.
	maxGraces = 4
	// cancelTimeout is how long a cancelled delivery gets to return. One that writes
	// to a pipe without a reader never does.
	cancelTimeout = time.Second
	// shortCancelTimeout is used once EndBy was called. To leave time for it, waiting
	// ends endMargin before the time that EndBy was given.
	shortCancelTimeout = 50 * time.Millisecond
	endMargin          = 300 * time.Millisecond
	// pollEvery is how often progress is checked.
	pollEvery = 20 * time.Millisecond
)

// awaitDelivered waits until everything is delivered, or the time for that is over.
func (o *output) awaitDelivered(s *Set) {
	start := o.loop.Age()
	for !o.isDelivered(pollEvery) {
		if s.isEnding() || o.isLate(start, s.options) {
			o.cancel()
			o.backlog.neverWait()
			return
		}
	}
}

// isEnding reports whether the time that EndBy was given is nearly reached.
func (s *Set) isEnding() bool {
	end := s.end.Load()
	return end != 0 && time.Unix(0, end).Sub(s.options.clock.Now()) < endMargin
}

// cancelTimeout is how long a goroutine gets to return after it was cancelled.
func (s *Set) cancelTimeout() time.Duration {
	if s.end.Load() != 0 {
		return shortCancelTimeout
	}
	return cancelTimeout
}

// isDelivered reports whether the loop ends within patience. One that hangs in a system
// call is left behind, with the files it uses.
func (o *output) isDelivered(patience time.Duration) bool {
	select {
	case <-o.loop.Done():
		return true
	case <-o.clock.After(patience):
		return false
	}
}

func (o *output) isLate(start time.Duration, options Options) bool {
	if !options.Live && o.config.IsLocal() {
		return false // a reader may be slow, and a disk has room again
	}
	now := o.loop.Age()
	idle := now - max(o.loop.Progress(), start)
	return idle > options.Grace || options.Live && now-start > maxGraces*options.Grace
}

// close ends the output. The error says why it was given up, and what is lost.
func (o *output) close(patience time.Duration) error {
	var errs []error
	if o.isDelivered(patience) {
		errs = append(errs, o.loop.Transport.Close())
	}
	o.cancel()
	return join(append(errs, o.failed(), o.lost())...)
}

// failed returns why the output was given up, or nil.
func (o *output) failed() error {
	err := o.loop.Err()
	switch {
	case err == nil:
		return nil
	case o.config.IsStdout():
		return fmt.Errorf("writing events: %w", err)
	}
	return fmt.Errorf("%s: %w", o.config.Name(), err)
}

// lost returns an error about events that were dropped or refused.
func (o *output) lost() error {
	unsent, refused := o.dropped.Load()+uint64(o.backlog.waiting()), o.loop.Counts().Refused
	var errs []error
	switch {
	case errors.Is(o.loop.Err(), syscall.EPIPE): // its reader wants no more
	case unsent == 1 && o.loop.Err() != nil:
		errs = append(errs, errors.New("1 event is lost"))
	case unsent > 0 && o.loop.Err() != nil:
		errs = append(errs, fmt.Errorf("%d events are lost", unsent))
	case unsent == 1:
		errs = append(errs, fmt.Errorf("%s: 1 event was not sent, and is lost", o.config.Name()))
	case unsent > 0:
		errs = append(errs, fmt.Errorf("%s: %d events were not sent, and are lost", o.config.Name(), unsent))
	}
	switch {
	case refused == 1:
		errs = append(errs, fmt.Errorf("%s: 1 event was refused", o.config.Name()))
	case refused > 0:
		errs = append(errs, fmt.Errorf("%s: %d events were refused", o.config.Name(), refused))
	}
	return join(errs...)
}

// joinWithoutEPIPE joins errors. EPIPE, which means that the reader of standard output
// wants no more, is returned only if there is no other error.
func joinWithoutEPIPE(errs []error) error {
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

// join is errors.Join with semicolons, for messages of one line.
func join(errs ...error) (all error) {
	for _, err := range errs {
		switch {
		case all == nil:
			all = err
		case err != nil:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}
