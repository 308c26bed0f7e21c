package sink

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// quiet is how long an output that comes and goes is not spoken of again.
const quiet = time.Minute

// trouble says when an output fails and when it is back, and does not say so
// all the time. One goroutine uses it, but for say and isOn.
type trouble struct {
	name string
	note func(string)

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
	if first {
		t.since, t.told = time.Now(), false
	}
	if !t.told && (t.last.IsZero() || time.Since(t.last) >= quiet) {
		t.told, t.last = true, time.Now()
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
		t.last = time.Now()
		t.say(fmt.Sprintf("works again, after %v", time.Since(t.since).Round(time.Second/10)))
	}
	return true
}
