package file

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/wording"
)

// Options say which file it is, and when to rotate it.
type Options struct {
	Path string
	// Format is that of the lines (lines.ParseFormat). Empty: one of those that are JSON.
	Format string
	Mode   fs.FileMode   // of a new file; 0: 0640
	Size   int64         // rotate before the file exceeds this, in bytes; 0: no limit
	Every  time.Duration // rotate when a period of this length ends, counted from midnight UTC; 0: never
	Keep   int           // rotated files to keep; 0: all
	Heir   ownership.Heir
	// Note is called with messages for the user. It must not block.
	Note func(string)
}

// defaultMode hides findings, which may hold command lines, from other users.
const defaultMode = 0o640

// File delivers lines to one file.
type File struct {
	options Options
	now     func() time.Time

	mu          sync.Mutex // between append and Reopen
	file        *os.File
	size        int64
	torn        int       // bytes of a torn line at the end of the file
	period      int64     // of Options.Every, in which the last line was written
	retryAt     time.Time // when a rotation that failed is tried again
	lastRotated string    // name that the file was moved to last; empty: not in this run
	futureNoted bool      // a file dated in the future was reported
}

// Open opens the file for appending, creates it if needed, and repairs its end.
func Open(o Options) (*File, error) {
	if o.Mode == 0 {
		o.Mode = defaultMode
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	f := &File{options: o, now: time.Now}
	if err := f.open(); err != nil {
		return nil, err
	}
	f.removeOld()
	return f, nil
}

// open replaces f.file if the path now leads to another file.
func (f *File) open() error {
	file, err := f.options.Heir.Open(f.options.Path, os.O_RDWR|os.O_APPEND|os.O_CREATE, f.options.Mode)
	if err != nil {
		return err
	}
	if f.isOpen(file) {
		return file.Close()
	}
	info, err := f.takeOver(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	old := f.file
	f.file, f.size, f.period, f.torn = file, info.Size(), f.periodOf(info.ModTime()), 0
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		f.options.Note(wording.Of(err))
	}
	return nil
}

// isOpen reports whether file is the file that is open and locked already.
func (f *File) isOpen(file *os.File) bool {
	if f.file == nil {
		return false
	}
	mine, err := f.file.Stat()
	other, err2 := file.Stat()
	return err == nil && err2 == nil && os.SameFile(mine, other)
}

// takeOver locks the file and repairs its end.
func (f *File) takeOver(file *os.File) (fs.FileInfo, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if err := lock(file); err != nil {
		return nil, err
	}
	if err := f.repair(file, info.Size()); err != nil {
		return nil, err
	}
	if err := f.writeHeader(file); err != nil {
		return nil, err
	}
	return file.Stat()
}

// writeHeader begins an empty file with the header of its format, if that has one. If the
// disk takes only a part of it, the file is empty again.
func (f *File) writeHeader(file *os.File) error {
	info, err := file.Stat()
	header := lines.Header(f.options.Format)
	if err != nil || info.Size() > 0 || len(header) == 0 {
		return err
	}
	if _, err := file.Write(header); err != nil {
		return errors.Join(err, file.Truncate(0))
	}
	return nil
}

// Check does nothing: Open has opened the file.
func (f *File) Check(context.Context) error { return nil }

// Deliver appends the pending lines.
func (f *File) Deliver(ctx context.Context, b *transport.Batch) error {
	for i := b.Front(); i < b.Len(); i++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f.append(b.Lines(i, i+1)); err != nil {
			return err
		}
		b.Acknowledge(i)
	}
	return nil
}

// append writes one line. If the disk takes only a part of it, it cuts that off, so
// that the file ends with a whole line.
func (f *File) append(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.cutTorn(); err != nil {
		return err
	}
	f.rotateIfDue(len(line))
	n, err := f.file.Write(line)
	f.size += int64(n)
	if err == nil {
		return nil
	}
	f.torn = n
	return errors.Join(err, f.cutTorn())
}

// cutTorn cuts off the torn line at the end, if there is one.
func (f *File) cutTorn() error {
	if f.torn == 0 {
		return nil
	}
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if err := f.file.Truncate(info.Size() - int64(f.torn)); err != nil {
		return err
	}
	f.size -= int64(f.torn)
	f.torn = 0
	return nil
}

// Reopen opens the path again: another program may have moved the file away.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open()
}

// Close writes the file to the disk.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.file.Sync(), f.file.Close())
}

// maxTorn bounds the torn line that is searched for, in bytes. An event with every
// field at its limit is shorter.
const maxTorn = 4 << 20

var errForeign = errors.New("its last line is no event of tlsfloor: not writing to it; give another name")

// repair makes the file end with a whole line. A write is cut short when the process is
// killed during it or the disk is full, and a power failure may leave zeros. Anything
// else without a newline, or behind the last one but one, was not written by tlsfloor,
// and is an error.
func (f *File) repair(file *os.File, size int64) error {
	torn, err := lastLine(file, size)
	if err != nil {
		return err
	}
	end := size - int64(len(torn))
	if err := f.checkLast(file, end); err != nil || len(torn) == 0 {
		return err
	}
	if f.isWhole(torn) {
		f.options.Note("its last line had no end: added")
		_, err := file.Write([]byte{'\n'})
		return err
	}
	follows := end > 0 && !lines.IsJSON(f.options.Format)
	if !follows && !lines.Begins(f.options.Format, torn) && torn[0] != 0 {
		return errForeign
	}
	f.options.Note("its last line was cut short, and is removed (" + wording.Count(uint64(len(torn)), "byte*") + ")")
	return file.Truncate(end)
}

// isWhole reports whether only the end of a line is missing. Where a line of text ends
// cannot be seen.
func (f *File) isWhole(torn []byte) bool {
	ended := lines.IsJSON(f.options.Format) || torn[len(torn)-1] == '\r'
	return ended && lines.IsLine(f.options.Format, torn)
}

// checkLast returns an error if the last whole line, which ends at this offset, is no
// event.
func (f *File) checkLast(file *os.File, end int64) error {
	if end == 0 {
		return nil
	}
	line, err := lastLine(file, end-1)
	if err != nil {
		return err
	}
	if !lines.IsLine(f.options.Format, line) {
		return errForeign
	}
	return nil
}

// lastLine returns the bytes after the last newline.
func lastLine(file *os.File, size int64) ([]byte, error) {
	for n := int64(4 << 10); ; n *= 8 {
		n = min(n, size, maxTorn)
		tail := make([]byte, n)
		if _, err := file.ReadAt(tail, size-n); err != nil {
			return nil, err
		}
		if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
			return tail[i+1:], nil
		}
		if n == size {
			return tail, nil
		}
		if n == maxTorn {
			return nil, errForeign
		}
	}
}

var errLocked = errors.New("another tlsfloor, or another output of this one, writes to it")

// lock prevents two writers from rotating or repairing the same file. On a file system
// without locks it does nothing.
func lock(file *os.File) error {
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return nil
}
