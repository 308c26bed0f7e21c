package journal

import (
	"errors"
	"os"

	"tlsfloor/cmd/internal/wording"
)

// maxFull bounds the complete segments that wait to be written to the disk: Append then
// waits for them.
const maxFull = 4

// tend writes events to the disk and removes segments, until Close.
func (w *Writer) tend() {
	defer close(w.stopped)
	for {
		select {
		case <-w.stop:
			return
		case <-w.clock.After(w.options.SyncEvery):
		}
		err := w.Sync()
		w.mu.Lock()
		w.report(err)
		w.tidy()
		w.mu.Unlock()
	}
}

// report notes a failure once, until there is none.
func (w *Writer) report(err error) {
	if err != nil && !w.failing {
		w.options.Note("not written to the disk: " + wording.Of(err))
	}
	w.failing = err != nil
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
