package journal

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"

	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/wording"
)

// progress is how far the readers are.
type progress struct {
	up     uint64 // all cursors have reached this index
	known  bool   // there are cursors
	cursor string // path of the one that is last
}

// removeOldest removes the oldest segment, which is not the last one, to make room.
func (w *Writer) removeOldest() error {
	if len(w.segments) == 1 {
		return ErrFull
	}
	p := w.progress()
	if w.options.Wait && w.segments[1].first > p.up {
		return ErrFull
	}
	return w.remove(p)
}

// removePassed removes the oldest segment if all cursors have passed it.
func (w *Writer) removePassed() bool {
	if len(w.segments) == 1 {
		return false
	}
	p := w.progress()
	return w.segments[1].first <= p.up && w.remove(p) == nil
}

// remove removes the oldest segment.
func (w *Writer) remove(p progress) error {
	oldest, next := w.segments[0], w.segments[1].first
	err := ownership.Remove(segmentPath(w.options.Folder, oldest.first))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inFolder(w.options.Folder, err)
	}
	w.segments = w.segments[1:]
	w.total -= oldest.size
	if unread := next - min(next, max(p.up, oldest.first)); unread > 0 && p.known {
		w.drop(unread, p)
	}
	return nil
}

// drop counts events that are removed before they were read. It says so once, until all
// that is left was read.
func (w *Writer) drop(events uint64, p progress) {
	w.dropped += events
	if !w.dropping {
		w.options.Note("removing events that were not read yet, for room or for their age; the last reader is " + strconv.QuoteToASCII(filepath.Base(p.cursor)))
	}
	w.dropping = true
}

// tidy removes the segments that are too old, and with Consume those that all cursors
// have passed.
func (w *Writer) tidy(p progress) error {
	now := w.clock.Now()
	w.dropping = w.dropping && p.up < w.next
	for len(w.segments) > 1 {
		oldest := w.segments[0]
		old := !oldest.expires.IsZero() && now.After(oldest.expires)
		done := w.segments[1].first <= p.up
		if !(old && (done || !w.options.Wait) || done && w.options.Consume) {
			return nil
		}
		if err := w.remove(p); err != nil {
			return err
		}
	}
	return nil
}

// maxCursors bounds the cursors that are looked at. A folder with more was not made by
// readers.
const maxCursors = 256

// progress looks at the cursors.
func (w *Writer) progress() progress {
	folder := Cursors(w.options.Folder)
	names := w.options.Readers
	if names == nil {
		names = cursorNames(folder)
	}
	if len(names) == 0 {
		return progress{}
	}
	p := progress{up: math.MaxUint64, known: true}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if at := cursorEvent(path); at < p.up {
			p.up, p.cursor = at, path
		}
	}
	return p
}

func cursorNames(folder string) (names []string) {
	err := list(folder, func(name string) { names = append(names, name) })
	if err != nil || len(names) > maxCursors {
		return nil // nothing counts as read
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

// syncCursors writes the cursors to the disk. Otherwise a loss of power could take a
// cursor back to before events that were removed after it had passed them, and these
// would count as lost.
func (w *Writer) syncCursors() (err error) {
	folder := Cursors(w.options.Folder)
	for _, name := range cursorNames(folder) {
		file, _, err2 := openRead(filepath.Join(folder, name))
		if err2 != nil {
			continue // it counts as not read
		}
		err = errors.Join(err, file.Sync(), file.Close())
	}
	return err
}

// report notes a failure to write to the disk or to remove a segment once, until there is
// none.
func (w *Writer) report(err error) {
	if err != nil && !w.failing {
		w.options.Note("the disk fails: " + wording.Of(err))
	}
	w.failing = err != nil
}
