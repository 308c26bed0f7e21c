// Package faketime is a clock for tests, which only the test advances.
package faketime

import (
	"slices"
	"sync"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/wait"
)

// Clock implements clock.Clock.
type Clock struct {
	// Longest is the longest wait that Until skips. A longer wait is a timeout for an
	// event: skipping it would make a goroutine that the machine is too busy to run look
	// as if it hung.
	Longest time.Duration

	mu     sync.Mutex
	now    time.Time
	alarms []alarm // the earliest first
}

// alarm is a pending result of After.
type alarm struct {
	at   time.Time
	rung chan time.Time // has room for one
}

// New returns a clock at a fixed time. Its Longest is half a second.
func New() *Clock {
	return &Clock{Longest: time.Second / 2, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// Now implements clock.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After implements clock.Clock.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := alarm{c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		a.rung <- c.now
		return a.rung
	}
	i, _ := slices.BinarySearchFunc(c.alarms, a.at, func(b alarm, at time.Time) int {
		if b.at.After(at) {
			return 1
		}
		return -1 // so that of two at the same time the older one is first
	})
	c.alarms = slices.Insert(c.alarms, i, a)
	return a.rung
}

// Advance advances the time by d. Alarms in between ring, each at its own time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.now.Add(d)
	for len(c.alarms) > 0 && !c.alarms[0].at.After(end) {
		c.ring()
	}
	c.now = end
}

// ring advances the time to the next alarm.
func (c *Clock) ring() {
	a := c.alarms[0]
	c.alarms = c.alarms[1:]
	c.now = a.at
	a.rung <- c.now
}

// Until advances the time from alarm to alarm until holds returns true. It fails the
// test after wait.Limit of real time.
func (c *Clock) Until(t testing.TB, holds func() bool) {
	t.Helper()
	wait.Poll(t, func() (done, moved bool) {
		if holds() {
			return true, false
		}
		return false, c.skip()
	})
}

// skip advances the time to the next alarm, unless that is further than Longest away. It
// reports whether it did.
func (c *Clock) skip() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) == 0 || c.alarms[0].at.Sub(c.now) > c.Longest {
		return false
	}
	c.ring()
	return true
}

// UntilAlarm waits until there is an alarm that is at least d away. It does not advance
// the time.
func (c *Clock) UntilAlarm(t testing.TB, d time.Duration) {
	t.Helper()
	wait.Until(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := len(c.alarms)
		return n > 0 && c.alarms[n-1].at.Sub(c.now) >= d
	})
}
