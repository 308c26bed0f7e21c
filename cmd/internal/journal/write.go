package journal

import (
	"errors"
	"io/fs"
	"math"

	"golang.org/x/sys/unix"
)

// write appends the buffer to the last segment. What it cannot write whole it takes back.
func (w *Writer) write() error {
	if err := w.cutTorn(); err != nil {
		return err
	}
	if err := w.reserve(int64(len(w.buffer))); err != nil {
		return err
	}
	if _, err := w.file.Write(w.buffer); err != nil {
		w.torn = true
		return errors.Join(err, w.cutTorn())
	}
	last := w.last()
	if last.size == 0 {
		w.begun = w.clock.Now()
	}
	last.size += int64(len(w.buffer))
	w.total += int64(len(w.buffer))
	w.unsynced = true
	return nil
}

// reserveStep is how much space is reserved at once, in bytes.
const reserveStep = 1 << 20

// reserve takes space on the disk for n more bytes, without changing the file's size. A
// disk without room then refuses before a reader can see a part of the lines: it would
// deliver them, and again when they are appended once more.
func (w *Writer) reserve(n int64) error {
	end := w.last().size + n
	if end <= w.reserved {
		return nil
	}
	ahead := max(end, min(w.reserved+reserveStep, w.options.Size/segmentsPerJournal))
	err := allocate(w.file, ahead)
	if isNoSpace(err) && ahead > end {
		ahead = end
		err = allocate(w.file, ahead)
	}
	if isNoSpace(err) {
		return &fs.PathError{Op: "write", Path: w.file.Name(), Err: err}
	}
	if err != nil { // not every file system has this
		ahead = math.MaxInt64
	}
	w.reserved = ahead
	return nil
}

// isNoSpace reports whether the disk, or the user's part of it, is full.
func isNoSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// cutTorn takes back what a write that failed has left.
func (w *Writer) cutTorn() error {
	if !w.torn {
		return nil
	}
	if err := w.cut(); err != nil {
		return err
	}
	w.torn = false
	return nil
}

// cut makes the file end behind its last line, and gives back the space behind that.
func (w *Writer) cut() error {
	w.reserved = 0
	return w.file.Truncate(w.last().size)
}
