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
	// watchAgain is how often progress is looked at.
	watchAgain = 20 * time.Millisecond
)

// await waits until everything is delivered, or the time for that is over.
func (o *output) await(options Options) {
	start := time.Now()
	for !o.isDelivered(watchAgain) {
		if o.isLate(start, options) {
			o.backlog.end()
			o.cancel()
			if !o.isDelivered(abandon) {
				o.backlog.giveUp()
			}
			return
		}
	}
}

// isDelivered waits a little for the end of the deliveries.
func (o *output) isDelivered(wait time.Duration) bool {
	select {
	case <-o.delivered:
		return true
	case <-time.After(wait):
		return false
	}
}

func (o *output) isLate(start time.Time, options Options) bool {
	if !options.Live && o.config.isLocal() && !o.trouble.on.Load() {
		return false // a person reads slowly; a disk comes to an end
	}
	idle := time.Since(time.Unix(0, max(o.progress.Load(), start.UnixNano())))
	return idle > options.Grace || options.Live && time.Since(start) > longest*options.Grace
}

// close ends the output. It returns why it was given up, or what is lost.
func (o *output) close() error {
	close(o.quit)
	errs := []error{o.failed()}
	if o.ended(o.spilled) {
		errs = append(errs, o.keepRest())
	}
	if o.ended(o.delivered) {
		errs = append(errs, o.transport.Close())
	}
	o.cancel()
	if o.err() == nil {
		errs = append(errs, o.lost())
	}
	return join(errs...)
}

// ended gives a goroutine some time to end. One that the kernel holds in a
// write is left there, with what it uses.
func (o *output) ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(abandon):
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
	if unsent > 0 {
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
