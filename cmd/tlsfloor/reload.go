package main

import "time"

// reload is something that SIGHUP has done again, in a goroutine of its own: a
// file system that does not answer must not hold the run.
type reload struct {
	done  chan error // of the one under way; nil: there is none
	again bool       // when that is done
}

// reload reads lists again, and opens files again that logrotate took away.
func (w *watcher) reload() {
	for i, work := range w.reloadable() {
		w.reloads[i].start(work)
	}
}

func (w *watcher) reloadable() [2]func() error {
	return [2]func() error{w.knowledge.load, w.events.Reopen}
}

func (r *reload) start(work func() error) {
	if r.done != nil {
		r.again = true
		return
	}
	r.done, r.again = make(chan error, 1), false
	go func() { r.done <- work() }()
}

// sayReloads says what has failed of the reloads that are done.
func (w *watcher) sayReloads() {
	for i, work := range w.reloadable() {
		r := &w.reloads[i]
		if r.done == nil {
			continue
		}
		select {
		case err := <-r.done:
			w.endReload(err)
			if r.done = nil; r.again {
				r.start(work)
			}
		default:
		}
	}
}

func (w *watcher) endReload(err error) {
	if err != nil {
		w.bar.clear()
		w.note("%s; going on as before", printable(err.Error()))
	}
}

// reloadPatience is how long the end of a run waits for a reload.
const reloadPatience = 200 * time.Millisecond

// awaitReloads lets reloads end: an output that is being opened again should not
// be closed.
func (w *watcher) awaitReloads() {
	late := time.After(reloadPatience)
	for i := range w.reloads {
		if w.reloads[i].done == nil {
			continue
		}
		select {
		case err := <-w.reloads[i].done:
			w.endReload(err)
		case <-late:
			return
		}
	}
}
