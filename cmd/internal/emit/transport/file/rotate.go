package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// stamp is the time of rotation in the name of a rotated file: names in
	// order are files in order.
	stamp = "20060102T150405.000000Z"
	// rotateAgain is how long a rotation that failed is left alone. Lines go on
	// into the same file.
	rotateAgain = time.Minute
)

func (f *File) periodOf(t time.Time) int64 {
	if f.options.Every == 0 {
		return 0
	}
	return t.UnixNano() / int64(f.options.Every)
}

// rotateIfDue rotates before a line of n bytes if it does not fit or belongs to
// another period.
func (f *File) rotateIfDue(n int) {
	if f.options.Size == 0 && f.options.Every == 0 {
		return
	}
	now := f.now()
	period := f.periodOf(now)
	full := f.options.Size > 0 && f.size+int64(n) > f.options.Size
	if f.size > 0 && (full || period != f.period) && now.After(f.retryAt) {
		f.rotate(now)
	}
	f.period = period
}

// rotate moves the file aside and opens a new one, or leaves all as it was.
func (f *File) rotate(now time.Time) {
	name, err := f.moveAside(now)
	if err == nil {
		if err = f.open(); err != nil {
			err = errors.Join(err, moveBack(name, f.options.Path))
		}
	}
	if err != nil {
		f.retryAt = now.Add(rotateAgain)
		f.options.Note("not rotated: " + err.Error())
		return
	}
	f.retire()
}

func moveBack(name, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(name, path)
}

// moveAside renames the file and returns its new name. It never replaces
// another file: where two rotations fall into a microsecond, or the clock went
// back, it finds another name.
func (f *File) moveAside(now time.Time) (string, error) {
	for range 1000 {
		name := f.options.Path + "." + now.UTC().Format(stamp)
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, rename(f.options.Path, name)
		}
		now = now.Add(time.Microsecond)
	}
	return "", fmt.Errorf("no name is free for %s", f.options.Path)
}

// rename lets pass that somebody else has moved the file away.
func rename(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// retire removes the oldest rotated files beyond the number to keep.
func (f *File) retire() {
	if f.options.Keep == 0 {
		return
	}
	old, err := f.rotated()
	if err != nil {
		f.options.Note("old files are not removed: " + err.Error())
	}
	for len(old) > f.options.Keep {
		if err := os.Remove(old[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.options.Note("old files are not removed: " + err.Error())
			return
		}
		old = old[1:]
	}
}

// rotated lists the rotated files, oldest first. Only names that moveAside
// makes are among them.
func (f *File) rotated() ([]string, error) {
	folder, base := filepath.Split(f.options.Path)
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	var names []string
	for _, entry := range entries {
		suffix, ok := strings.CutPrefix(entry.Name(), base+".")
		if _, bad := time.Parse(stamp, suffix); ok && bad == nil && entry.Type().IsRegular() {
			names = append(names, filepath.Join(folder, entry.Name()))
		}
	}
	slices.Sort(names)
	return names, err
}
