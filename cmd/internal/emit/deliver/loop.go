package deliver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/transport"
)

// Source holds lines until they are done, in order. A Loop's goroutine takes and commits.
type Source interface {
	// Take returns the oldest batch, or how long to wait for one; 0: until Ready has an
	// element. The lines stay in the source until they are committed.
	Take() (b *transport.Batch, wait time.Duration, err error)
	// Commit notes which lines at the front of the batch that was taken are done. When
	// all are, the source may use the batch for others.
	Commit() error
	// Ready has an element when there may be something to take.
	Ready() <-chan struct{}
	// IsDone reports whether nothing is left, and nothing will come.
	IsDone() bool
}

// Options are what a Loop works with.
type Options struct {
	Source    Source
	Transport transport.Transport
	Pace      transport.Pace
	Health    *Health
	Clock     clock.Clock
	Random    *rand.Rand // for the jitter between attempts
	// Damaged is called with errors of the source, which has lost lines.
	Damaged func(error)
	// GaveUp is called when nothing will ever be delivered again, with the reason.
	GaveUp func(error)
}

// Loop delivers to one far end, in a goroutine of its own.
type Loop struct {
	Options
	ctx      context.Context
	nudged   chan struct{} // has an element when the next attempt is to be made at once
	done     chan struct{} // closed when the goroutine has ended
	began    time.Time
	progress atomic.Int64 // when a line was done last: a time.Duration since began
	failure  atomic.Pointer[error]

	sent, refused, retries atomic.Uint64
}

// New returns a Loop that does not run yet.
func New(o Options) *Loop {
	return &Loop{Options: o, nudged: make(chan struct{}, 1), done: make(chan struct{})}
}

// Check tries the far end. It returns an error if somebody has to change something, and
// reports any other.
func (l *Loop) Check(ctx context.Context) error {
	err := l.Transport.Check(ctx)
	if err == nil {
		return nil
	}
	if transport.ClassOf(err) == transport.Misconfigured {
		return fmt.Errorf("%s: %w", l.Health.name, err)
	}
	l.Health.failed(err)
	return nil
}

// Start begins to deliver, until the source is done or ctx ends.
func (l *Loop) Start(ctx context.Context) {
	l.ctx, l.began = ctx, l.Clock.Now()
	go l.run()
}

// Done is closed when nothing more is delivered.
func (l *Loop) Done() <-chan struct{} { return l.done }

// RetryNow makes the next attempt start at once.
func (l *Loop) RetryNow() {
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}

// Age is the time since Start.
func (l *Loop) Age() time.Duration { return l.Clock.Now().Sub(l.began) }

// Progress is the age at which a line was done last.
func (l *Loop) Progress() time.Duration { return time.Duration(l.progress.Load()) }

// Err returns why the far end was given up, or nil.
func (l *Loop) Err() error {
	if err := l.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Counts are what a Loop has done so far.
type Counts struct {
	Sent    uint64 // lines that the far end has, as far as its protocol tells
	Refused uint64 // lines that the far end rejected for good
	Retries uint64 // failed attempts
}

// Counts may be called at any time.
func (l *Loop) Counts() Counts { return Counts{l.sent.Load(), l.refused.Load(), l.retries.Load()} }

// run delivers until the source is done, or ctx ends.
func (l *Loop) run() {
	defer close(l.done)
	backoff := transport.Backoff{Min: l.Pace.Min, Max: l.Pace.Max, Random: l.Random}
	for {
		b := l.next()
		if b == nil {
			return
		}
		for err := l.attempt(b); err != nil; err = l.attempt(b) {
			if !l.retry(err, &backoff) {
				return
			}
		}
		backoff.Reset()
	}
}

// next waits for a batch. It returns nil if none will come.
func (l *Loop) next() *transport.Batch {
	for l.ctx.Err() == nil {
		b, wait, err := l.Source.Take()
		if err != nil {
			l.Damaged(err)
			continue
		}
		if b != nil {
			return b
		}
		if l.Source.IsDone() {
			return nil
		}
		l.wait(wait, l.Source.Ready())
	}
	return nil
}

// wait waits until wake has an element, but no longer than d if d is not 0.
func (l *Loop) wait(d time.Duration, wake <-chan struct{}) {
	var timeout <-chan time.Time
	if d > 0 {
		timeout = l.Clock.After(d)
	}
	select {
	case <-wake:
	case <-timeout:
	case <-l.ctx.Done():
	}
}

// attempt delivers the pending lines of b and counts those that are done. After
// nil, none is pending and the source uses b for other lines, so the caller must not
// deliver b again. An error that came after the last line was done is therefore not
// returned; if it lasts, the next batch fails too.
func (l *Loop) attempt(b *transport.Batch) error {
	pending, refused := b.Pending(), b.Refused()
	err := l.deliver(b)
	left, newly := b.Pending(), b.Refused()-refused
	done := pending - left
	l.sent.Add(uint64(done - newly))
	l.refused.Add(uint64(newly))
	if done > 0 {
		l.progress.Store(int64(l.Age()))
	}
	if err := l.Source.Commit(); err != nil {
		l.Damaged(err)
	}
	switch {
	case left == 0 && err != nil:
		return nil
	case left > 0 && err == nil:
		return errors.New("the far end did not take everything")
	case err == nil:
		l.Health.recovered()
	}
	return err
}

// retry waits until the next attempt is due, and reports whether to make it.
func (l *Loop) retry(err error, backoff *transport.Backoff) bool {
	if l.ctx.Err() != nil {
		return false
	}
	l.retries.Add(1)
	class := transport.ClassOf(err)
	if class == transport.Final {
		l.failure.Store(&err)
		l.GaveUp(err)
		return false
	}
	l.Health.failed(err)
	wait := max(backoff.Next(), transport.After(err))
	if class == transport.Misconfigured {
		wait = max(wait, l.Pace.Max)
	}
	l.wait(wait, l.nudged)
	return l.ctx.Err() == nil
}
