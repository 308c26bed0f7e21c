// Package clock is the time that what waits goes by: now, and a wake-up later.
// A test puts a clock in its place that moves only when the test says so, and
// then it does not depend on how busy the machine is.
package clock

import "time"

// Clock tells the time. Any number of goroutines may use it.
type Clock interface {
	// Now returns the time. Two of them can be subtracted whatever happens to the
	// machine's date meanwhile.
	Now() time.Time
	// After returns a channel that is sent the time when d has passed. Nobody
	// has to receive it.
	After(d time.Duration) <-chan time.Time
}

// System is the machine's clock. Since Go 1.23 a timer that nobody receives from
// any more costs nothing but its memory, until it is collected.
type System struct{}

// Now is time.Now.
func (System) Now() time.Time { return time.Now() }

// After is time.After.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }
