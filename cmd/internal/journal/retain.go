package journal

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"

	"tlsfloor/cmd/internal/emit/ownership"
)

// removeOldest removes the oldest segment, which is not the last one, to make room.
func (w *Writer) removeOldest() error {
	if len(w.segments) == 1 {
		return ErrFull
	}
	passed := w.passed()
	if w.options.Wait && w.segments[1].first > passed {
		return ErrFull
	}
	return w.remove(passed)
}

// removePassed removes the oldest segment if all cursors have passed it.
func (w *Writer) removePassed() bool {
	if len(w.segments) == 1 {
		return false
	}
	passed := w.passed()
	return w.segments[1].first <= passed && w.remove(passed) == nil
}

// remove removes the oldest segment.
func (w *Writer) remove(passed uint64) error {
	oldest, next := w.segments[0], w.segments[1].first
	err := ownership.Remove(segmentPath(w.options.Folder, oldest.first))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inFolder(w.options.Folder, err)
	}
	w.dropped += next - min(next, max(passed, oldest.first))
	w.segments = w.segments[1:]
	w.total -= oldest.size
	return nil
}

// tidy removes the segments that are too old, and with Consume those that all cursors
// have passed.
func (w *Writer) tidy() {
	now := w.clock.Now()
	passed := w.passed()
	for len(w.segments) > 1 {
		oldest := w.segments[0]
		old := !oldest.expires.IsZero() && now.After(oldest.expires)
		done := w.segments[1].first <= passed
		if !(old && (done || !w.options.Wait) || done && w.options.Consume) {
			return
		}
		if err := w.remove(passed); err != nil {
			w.report(err)
			return
		}
	}
}

// maxCursors bounds the cursors that are looked at. A folder with more was not made by
// readers.
const maxCursors = 1024

// passed returns the index that all cursors have reached; 0 without a cursor.
func (w *Writer) passed() uint64 {
	folder := Cursors(w.options.Folder)
	names := w.options.Readers
	if names == nil {
		names = cursorNames(folder)
	}
	lowest := uint64(math.MaxUint64)
	for _, name := range names {
		lowest = min(lowest, cursorEvent(filepath.Join(folder, name)))
	}
	if len(names) == 0 {
		return 0
	}
	return lowest
}

func cursorNames(folder string) (names []string) {
	entries, err := ownership.ReadDir(folder)
	if err != nil || len(entries) > maxCursors {
		return nil // nothing counts as read
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// cursorEvent returns the event that a cursor is at; 0 if it cannot be read.
func cursorEvent(path string) uint64 {
	file, _, err := openRead(path)
	if err != nil {
		return 0
	}
	defer file.Close()
	_, at, err := readSlots(file)
	if err != nil {
		return 0
	}
	return at.Event
}
