package deliver

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/wording"
)

// reportEvery is how long an output that fails again and again is not reported anew.
const reportEvery = time.Minute

// Health reports when an output begins to fail and when it works again, at most once
// in reportEvery. One goroutine uses it, but any may call Report and IsFailing.
type Health struct {
	clock clock.Clock
	name  string
	note  func(string)

	failure    atomic.Pointer[string] // of the last attempt, in words; nil: it has not failed
	since      time.Time
	reported   bool      // that it began
	reportedAt time.Time // when something was reported last
}

// NewHealth returns the health of the output with this name. It calls note with each
// message.
func NewHealth(c clock.Clock, name string, note func(string)) *Health {
	return &Health{clock: c, name: name, note: note}
}

// Report sends the user a message about the output, in one line.
func (h *Health) Report(text string) {
	h.note(h.name + ": " + strings.ReplaceAll(text, "\n", "; "))
}

// IsFailing reports whether the last attempt failed.
func (h *Health) IsFailing() bool { return h.failure.Load() != nil }

// Failure says why the last attempt failed, in words; empty: it did not.
func (h *Health) Failure() string {
	if why := h.failure.Load(); why != nil {
		return *why
	}
	return ""
}

// failed notes a failed attempt.
func (h *Health) failed(err error) {
	why := wording.Of(err)
	first := h.failure.Swap(&why) == nil
	now := h.clock.Now()
	if first {
		h.since, h.reported = now, false
	}
	if !h.reported && (h.reportedAt.IsZero() || now.Sub(h.reportedAt) >= reportEvery) {
		h.reported, h.reportedAt = true, now
		h.Report(why + "; events wait, and it is tried again")
	}
}

// recovered notes a successful attempt.
func (h *Health) recovered() {
	if h.failure.Swap(nil) != nil && h.reported {
		h.reportedAt = h.clock.Now()
		h.Report(fmt.Sprintf("works again, after %v", h.reportedAt.Sub(h.since).Round(time.Second/10)))
	}
}
