package transport

import (
	"math/rand/v2"
	"time"
)

// Backoff tells how long to wait before the next attempt: twice as long each
// time, with jitter, so that many senders do not come back to a server that has
// just restarted all at once.
type Backoff struct {
	Min, Max time.Duration
	Random   *rand.Rand
	attempts int
}

// Next returns the time to wait: between half of the step and the whole of it.
func (b *Backoff) Next() time.Duration {
	step := b.Max
	if b.attempts < 32 && b.Min<<b.attempts < b.Max {
		step = b.Min << b.attempts
		b.attempts++
	}
	return step/2 + time.Duration(b.Random.Int64N(int64(step/2)+1))
}

// Reset begins anew, after a success.
func (b *Backoff) Reset() { b.attempts = 0 }
