package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Transport delivers lines to one far end. One goroutine calls Deliver; any may call
// Reopen at any time.
type Transport interface {
	// Check tries the far end without sending an event. Its error has the class
	// Misconfigured if somebody has to change something.
	Check(ctx context.Context) error

	// Deliver sends the pending lines of b in order. It calls Acknowledge for each
	// line that the far end has, as far as the protocol tells, and Refuse for one that
	// the far end will never accept. It returns nil when no line is pending. It returns
	// soon after ctx ends, unless it hangs in a system call.
	//
	// A line that was sent and is still pending is sent again: better twice than never.
	Deliver(ctx context.Context, b *Batch) error

	// Reopen opens files again, and reads secrets and certificates again. If that
	// fails, the transport goes on with what it had.
	Reopen() error

	// Close closes what is open. It is called when no Deliver is running, except one
	// that hangs.
	Close() error
}

// Class says what to do after a failure.
type Class uint8

// The classes of failures.
const (
	// Passing: it may work at the next attempt.
	Passing Class = iota
	// Misconfigured: somebody has to change something, at this end or the other. It is
	// still tried again, to notice the change.
	Misconfigured
	// Final: it will never work again.
	Final
)

// Failure is an error with a class. Other errors count as Passing.
type Failure struct {
	Err   error
	Class Class
	After time.Duration // the far end asked for this pause; 0: for none
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Wrong returns a Failure of class Misconfigured.
func Wrong(err error) error { return &Failure{Err: err, Class: Misconfigured} }

// ClassOf returns the class of an error.
func ClassOf(err error) Class {
	var f *Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return Passing
}

// After returns the pause that the far end asked for, or 0.
func After(err error) time.Duration {
	var f *Failure
	if errors.As(err, &f) {
		return f.After
	}
	return 0
}

// Pace is how much an output sends at once, and how often it tries.
type Pace struct {
	Chunk    int           // bytes in a batch
	Linger   time.Duration // how long a batch waits to be full
	Min, Max time.Duration // between attempts
	// Silence is how long the far end may do nothing during a delivery before that is
	// reported; 0: for ever, as a reader of standard output may.
	Silence time.Duration
}

// Backoff computes the wait before the next attempt. It doubles each time. Jitter keeps
// many senders from returning to a restarted server at the same moment.
type Backoff struct {
	Min, Max time.Duration
	Random   *rand.Rand
	attempts int
}

// Next returns the time to wait: from half of the step to the whole step.
func (b *Backoff) Next() time.Duration {
	step := b.Max
	if b.attempts < 32 && b.Min<<b.attempts < b.Max {
		step = b.Min << b.attempts
		b.attempts++
	}
	return step/2 + time.Duration(b.Random.Int64N(int64(step/2)+1))
}

// Reset starts again from Min, after a success.
func (b *Backoff) Reset() { b.attempts = 0 }
