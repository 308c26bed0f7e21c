package journal

import (
	"errors"
	"os"
)

// maxFull bounds the complete segments that wait to be written to the disk: Append then
// waits for them.
const maxFull = 8

// tend writes events to the disk and removes segments, until Close.
func (w *Writer) tend() {
	defer close(w.stopped)
	for {
		select {
		case <-w.stop:
			return
		case <-w.clock.After(w.options.SyncEvery):
		}
		_ = w.maintain() // it was reported
	}
}

// maintain writes events to the disk and removes segments. Append waits only for the
// removal.
func (w *Writer) maintain() error {
	err := w.Sync()
	p := w.progress()
	if w.isPassed(p) {
		err = errors.Join(err, w.syncCursors())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report(errors.Join(err, w.tidy(p)))
	return err
}

// isPassed reports whether a segment can be removed because it was read.
func (w *Writer) isPassed(p progress) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.segments) > 1 && w.segments[1].first <= p.up
}

// Sync writes what was appended to the disk. Append does not wait for it.
func (w *Writer) Sync() error {
	w.mu.Lock()
	full, last := w.full, w.file
	w.full = nil
	if !w.unsynced {
		last = nil
	}
	w.unsynced = false
	w.syncing.Lock() // so that nobody closes the files
	w.mu.Unlock()
	defer w.syncing.Unlock()
	err := syncAndClose(full)
	if last != nil {
		err = errors.Join(err, last.Sync())
	}
	if len(full) > 0 {
		err = errors.Join(err, w.folder.Sync())
	}
	return err
}

// syncFull writes the complete segments to the disk, while Append waits.
func (w *Writer) syncFull() error {
	full := w.full
	w.full = nil
	w.syncing.Lock()
	defer w.syncing.Unlock()
	return errors.Join(syncAndClose(full), w.folder.Sync())
}

func syncAndClose(files []*os.File) (err error) {
	for _, file := range files {
		err = errors.Join(err, file.Sync(), file.Close())
	}
	return err
}
