package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/regular"
	"tlsfloor/cmd/internal/wording"
)

// maxExceptions bounds the file of --except, in bytes: as many exceptions as there may be,
// with texts of usual length.
const maxExceptions = 1 << 20

// exceptions are those of --except, which SIGHUP reads again. Without that option there is
// no list.
type exceptions struct {
	path    string
	list    atomic.Pointer[policy.Exceptions] // several goroutines use it while SIGHUP changes it
	noted   *policy.Exceptions                // the list that was reported on
	ended   map[int]bool                      // lines of its exceptions whose end was reported
	checked time.Time                         // when a run last looked for ends
}

// load reads the file. After an error the earlier list stays.
func (x *exceptions) load() error {
	if x.path == "" || x.list.Load() != nil && regular.IsDescriptor(x.path) {
		return nil
	}
	text, err := regular.Read(x.path, maxExceptions)
	if err != nil {
		return fmt.Errorf("--except %s: %w", x.path, err)
	}
	list, err := policy.ParseExceptions(text)
	if err != nil {
		return fmt.Errorf("--except %s: %w", x.path, err)
	}
	x.list.Store(list)
	return nil
}

// early returns the function that takes the flag of findings before their process is
// known, or nil.
func (x *exceptions) early() func(*classify.Finding) {
	if x.path == "" {
		return nil
	}
	return func(f *classify.Finding) { x.list.Load().Except(f, true) }
}

// lately takes the flag of a finding whose process is known.
func (x *exceptions) lately(f *classify.Finding) {
	if x.path == "" || !f.Flagged {
		return
	}
	if list := x.list.Load(); list.Late() {
		list.Except(f, false)
	}
}

const (
	// endsChecked is how often a run looks for exceptions that have ended.
	endsChecked = 10 * time.Second
	// farAhead is for how long an exception may hold without a word about it.
	farAhead = 366 * 24 * time.Hour
)

// noteExceptions reports exceptions that have ended. A run that lasts looks for them now
// and then. Of captures the packets tell the time, so that an exception of then holds for a
// capture of last year: they are looked through at the end.
func (w *watcher) noteExceptions(end bool) {
	x := &w.exceptions
	lasts, list := w.live() || w.options.Follow, x.list.Load()
	if list == nil || lasts == end || lasts && list == x.noted && time.Since(x.checked) < endsChecked {
		return
	}
	now := time.Now()
	x.checked = now
	if list != x.noted {
		x.noted, x.ended = list, map[int]bool{}
		for _, e := range list.Beyond(now.Add(farAhead).UnixNano()) {
			w.noteException(e, "holds for more than a year, until "+e.Until)
		}
	}
	if !lasts {
		now = time.Unix(0, w.sensor.Stats().Last)
	}
	for _, e := range list.Ended(now.UnixNano()) {
		if !x.ended[e.Line] {
			x.ended[e.Line] = true
			w.noteException(e, "has ended on "+e.Until+", and no longer applies")
		}
	}
}

func (w *watcher) noteException(e policy.Dated, what string) {
	w.progress.clear()
	w.note("--except %s: line %d: the exception of %s (%s) %s", printable(w.exceptions.path), e.Line, printable(e.Owner), printable(e.Reason), what)
}

// noteExcepted says why --fail-on does not fail, also with -q: its status 0 must not be
// taken for an all-clear.
func (w *watcher) noteExcepted() {
	n, by := w.summary.Excepted()
	if n > 0 && (w.options.FailsOn("attempt") || w.options.FailsOn("violation")) {
		w.say("--fail-on: %s below the floor excepted, not counted: %s", wording.Count(n, "handshake*"), by)
	}
}
