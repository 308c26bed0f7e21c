package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/wording"
)

// load takes over the segments of an earlier run, and repairs the last one.
func (w *Writer) load() error {
	firsts, err := listSegments(w.options.Folder)
	if err != nil {
		return err
	}
	for _, first := range firsts {
		if err := w.loadSegment(first); err != nil {
			return err
		}
	}
	if len(firsts) > 0 {
		if err := w.resume(); err != nil {
			return err
		}
	}
	if w.next > maxIndex {
		return errIndex
	}
	return w.openLast(len(firsts))
}

// openLast opens the segment that is written first: a new one, unless there are many, or
// an empty one.
func (w *Writer) openLast(n int) (err error) {
	if n >= manySegments || n > 0 && w.last().size == 0 && w.last().first == w.next {
		w.file, err = ownership.Open(segmentPath(w.options.Folder, w.last().first), os.O_WRONLY|os.O_APPEND, 0)
		w.begun, w.last().expires = w.clock.Now(), time.Time{}
		return err
	}
	w.file, err = w.create(w.next)
	w.segments = append(w.segments, segment{first: w.next})
	return errors.Join(err, w.folder.Sync())
}

func (w *Writer) loadSegment(first uint64) error {
	file, info, err := openRead(segmentPath(w.options.Folder, first))
	if err != nil {
		return err
	}
	s := segment{first: first, size: info.Size()}
	if w.options.Age > 0 {
		s.expires = w.expiry(info.ModTime())
	}
	w.segments = append(w.segments, s)
	w.total += s.size
	return file.Close()
}

// settleTime is how long a segment of an earlier run stays at least: the clock may be
// wrong when the machine starts, until it is set.
const settleTime = time.Hour

// expiry returns when a segment of an earlier run, written last at this time, is too old.
// Since the clock may have been set meanwhile, that is between settleTime and Age from
// now. From then on only the time that passes counts, and not the date.
func (w *Writer) expiry(written time.Time) time.Time {
	now := w.clock.Now()
	left := w.options.Age - now.Sub(written)
	left = min(max(left, settleTime), w.options.Age)
	return now.Add(left)
}

// resume finds the next index by the last segment, and makes that end with a whole line.
// A write is cut short when the process is killed during it, and a loss of power may
// leave anything.
func (w *Writer) resume() error {
	last := w.last()
	path := segmentPath(w.options.Folder, last.first)
	file, err := ownership.Open(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	end, err := examine(file, last.first)
	if err == nil && end.size < last.size {
		w.options.Note(fmt.Sprintf("the end of %s was cut short, and is removed (%s)", path, wording.Count(uint64(last.size-end.size), "byte*")))
	}
	if err == nil { // also what was reserved
		err = file.Truncate(end.size)
	}
	if err == nil && end.damaged > 0 {
		w.options.Note(fmt.Sprintf("the end of %s is damaged: %s lost", path, wording.Count(end.damaged, "event*")))
	}
	w.total -= last.size - end.size
	last.size = end.size
	// What a reader has read was written, also if a loss of power took it back: its index
	// must not be used twice.
	w.next = max(end.next, w.furthest(end.next))
	return errors.Join(err, file.Close())
}

// ending is what examine finds at the end of a segment.
type ending struct {
	size    int64  // up to the last newline
	next    uint64 // the index after the last line
	damaged uint64 // lines behind the last whole one
}

// examine reads the last segment.
func examine(file source, first uint64) (e ending, err error) {
	s := scanner{file: file}
	e.next = first
	for {
		piece, size, err := s.piece()
		switch {
		case errors.Is(err, io.EOF):
			e.next += e.damaged
			return e, nil
		case errors.Is(err, unix.EIO): // a bad sector
			s.at = (s.failed/sector + 1) * sector
			continue
		case err != nil && !errors.Is(err, errLong):
			return e, err
		}
		s.skip(size)
		if err != nil {
			continue // no newline yet
		}
		e.size = s.at
		e.damaged++
		if index, _, ok := checked(piece); ok {
			e.next, e.damaged = max(e.next, index+1), 0 // no index is used twice
		}
	}
}

// maxTakenBack bounds the events that a loss of power can take back. A cursor that is
// further ahead is not one of this journal.
const maxTakenBack = 1 << 30

// furthest returns the highest index that a cursor has reached.
func (w *Writer) furthest(end uint64) (event uint64) {
	folder := Cursors(w.options.Folder)
	for _, name := range cursorNames(folder) {
		if at := cursorEvent(filepath.Join(folder, name)); at < end+maxTakenBack {
			event = max(event, at)
		}
	}
	return event
}
