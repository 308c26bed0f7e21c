package sink

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
)

// quiet is how long an output that comes and goes is not spoken of again.
const quiet = time.Minute

// trouble says when an output fails and when it is back, and does not say so
// all the time. One goroutine uses it, but for say and isOn.
type trouble struct {
	clock clock.Clock
	name  string
	note  func(string)

	on    atomic.Bool
	since time.Time
	told  bool      // that it began
	last  time.Time // when it was spoken of
}

// say says something about the output, in one line.
func (t *trouble) say(text string) {
	t.note(t.name + ": " + strings.ReplaceAll(text, "\n", "; "))
}

// begins takes an attempt that failed. It reports whether the one before did
// not.
func (t *trouble) begins(err error) bool {
	first := !t.on.Swap(true)
	now := t.clock.Now()
	if first {
		t.since, t.told = now, false
	}
	if !t.told && (t.last.IsZero() || now.Sub(t.last) >= quiet) {
		t.told, t.last = true, now
		t.say(fmt.Sprintf("%v; events wait, and it is tried again", err))
	}
	return first
}

// over takes an attempt that succeeded. It reports whether the one before did
// not.
func (t *trouble) over() bool {
	if !t.on.Swap(false) {
		return false
	}
	if t.told {
		t.last = t.clock.Now()
		t.say(fmt.Sprintf("works again, after %v", t.last.Sub(t.since).Round(time.Second/10)))
	}
	return true
}
