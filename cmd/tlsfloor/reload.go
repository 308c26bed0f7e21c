package main

import (
	"errors"
	"time"

	"tlsfloor/cmd/internal/signals"
)

// reload reads lists again, and reopens outputs, whose files logrotate may have moved.
func (w *watcher) reload() {
	for i, work := range w.reloadable() {
		w.reloads[i].Start(work)
	}
	w.packets.reopen()
}

// reloadable is what SIGHUP asks for: lists of names, exceptions, outputs.
func (w *watcher) reloadable() [3]func() error {
	outputs := func() error { return errors.Join(w.events.Reopen(), w.delivery.Reopen()) }
	return [3]func() error{w.lists.load, w.exceptions.load, outputs}
}

// finishReloads reports errors of reloads that have ended.
func (w *watcher) finishReloads() {
	for i, work := range w.reloadable() {
		w.endReload(w.reloads[i].Poll(work))
	}
}

func (w *watcher) endReload(err error) {
	if err != nil {
		w.progress.clear()
		w.sayLine(signals.Failed(err))
	}
}

// reloadTimeout is how long the end of a run waits for reloads.
const reloadTimeout = 200 * time.Millisecond

// awaitReloads waits for reloads, so that no output is closed while it is reopened.
func (w *watcher) awaitReloads() {
	late := time.After(reloadTimeout)
	for i := range w.reloads {
		ended, err := w.reloads[i].Await(late)
		if !ended {
			return
		}
		w.endReload(err)
	}
}
