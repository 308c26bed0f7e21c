package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
)

// Options say which file, and when it is rotated.
type Options struct {
	Path  string
	Mode  fs.FileMode   // of a new file; 0: 0640
	Size  int64         // rotate before the file exceeds this, in bytes; 0: no limit
	Every time.Duration // rotate when a period of this length ends, counted from midnight UTC; 0: never
	Keep  int           // rotated files to keep; 0: all
	// Note is told what a person may want to know. It must not block.
	Note func(string)
}

// defaultMode keeps findings, which may hold command lines, from other users.
const defaultMode = 0o640

// File carries lines to one file.
type File struct {
	options Options
	now     func() time.Time

	mu      sync.Mutex // between a line and Reopen
	file    *os.File
	size    int64
	torn    int       // bytes of a torn line at the end
	period  int64     // of the last line
	retryAt time.Time // when a rotation that failed is tried again
	last    string    // the file rotated last; empty: none in this run
	future  bool      // that a file is dated in the future was mentioned
}

// Open opens the file for appending, makes it if need be, and mends its end.
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
	f.retire()
	return f, nil
}

// open replaces f.file, if the path now leads to another file that can be
// opened.
func (f *File) open() error {
	file, err := ownership.Open(f.options.Path, os.O_RDWR|os.O_APPEND|os.O_CREATE, f.options.Mode)
	if err != nil {
		return err
	}
	if f.isOpen(file) {
		return file.Close()
	}
	info, err := f.adopt(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	old := f.file
	f.file, f.size, f.period, f.torn = file, info.Size(), f.periodOf(info.ModTime()), 0
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		f.options.Note(err.Error())
	}
	return nil
}

// isOpen reports whether file is the one that is open, and locked, already.
func (f *File) isOpen(file *os.File) bool {
	if f.file == nil {
		return false
	}
	mine, err := f.file.Stat()
	other, err2 := file.Stat()
	return err == nil && err2 == nil && os.SameFile(mine, other)
}

// adopt makes sure that the file is ours to append to, and ends in a whole line.
func (f *File) adopt(file *os.File) (fs.FileInfo, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", f.options.Path)
	}
	if err := lock(file); err != nil {
		return nil, fmt.Errorf("%s: %w", f.options.Path, err)
	}
	if err := f.mend(file, info.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", f.options.Path, err)
	}
	return file.Stat()
}

// Check does nothing: Open has tried.
func (f *File) Check(context.Context) error { return nil }

// Deliver appends what is left of b.
func (f *File) Deliver(ctx context.Context, b *transport.Batch) error {
	for i := b.Front(); i < b.Len(); i++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f.append(b.Lines(i, i+1)); err != nil {
			return err
		}
		b.Settle(i)
	}
	return nil
}

// append writes one line. What a full disk took of it is taken back, so that
// the file ends in a whole line.
func (f *File) append(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.takeBack(); err != nil {
		return err
	}
	f.rotateIfDue(len(line))
	n, err := f.file.Write(line)
	f.size += int64(n)
	if err == nil {
		return nil
	}
	f.torn = n
	return errors.Join(err, f.takeBack())
}

// takeBack removes the torn line at the end, if there is one.
func (f *File) takeBack() error {
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

// Reopen opens the path anew, where another program may have moved the file
// away.
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
