// Package clock is an interface to the time: now, and a wake-up later. Tests replace it
// by a clock that they advance, so that they do not depend on the machine's load.
package clock

import "time"

// Clock tells the time. Any number of goroutines may use it.
type Clock interface {
	// Now returns the time. The difference of two results does not depend on changes of
	// the machine's date.
	Now() time.Time
	// After returns a channel on which the time is sent when d has passed. It need not
	// be received.
	After(d time.Duration) <-chan time.Time
}

// System is the machine's clock. Since Go 1.23 the garbage collector frees a timer whose
// channel is no longer used.
type System struct{}

// Now is time.Now.
func (System) Now() time.Time { return time.Now() }

// After is time.After.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }
