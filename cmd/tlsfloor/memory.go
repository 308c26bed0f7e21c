package main

import (
	"runtime/debug"

	"tlsfloor/capture/file"
	"tlsfloor/capture/live"
)

// limitMemory sets the limit of the garbage collector, to what the rings leave. It is
// called before anything is opened, because opening a capture already takes a window.
func (w *watcher) limitMemory() error {
	rings := int64(0)
	if w.live() {
		var err error
		if _, rings, err = w.options.Ring(); err != nil {
			return err
		}
	}
	debug.SetMemoryLimit(w.options.Budget().GoLimit(rings))
	return nil
}

// divideMemory divides the memory when the sources are open, because one capture may need
// more than the usual share of all. The user's lists get what they need, twice that if
// they may be read again.
func (w *watcher) divideMemory() error {
	b, lists := w.options.Budget(), w.lists.size
	if w.live() || w.options.Follow {
		lists *= 2
	}
	inputs := b.UsualInput()
	switch source := w.source.(type) {
	case *file.Source:
		inputs = max(inputs, min(source.Need(), b.MostInput()-lists))
		source.Limit(inputs)
	case *live.Source:
		_, inputs, _ = w.options.Ring() // cannot fail: the source is open
	}
	shares, err := b.Divide(inputs, lists)
	w.shares = shares
	return err
}
