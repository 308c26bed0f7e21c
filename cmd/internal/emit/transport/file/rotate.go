package file

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/wording"
)

const (
	// stamp is the format of the time of rotation, in the name of a rotated file. The
	// names sort by it.
	stamp = "20060102T150405.000000Z"
	// rotateAgain is the wait after a failed rotation. Meanwhile lines go to the same
	// file.
	rotateAgain = time.Minute
)

func (f *File) periodOf(t time.Time) int64 {
	if f.options.Every == 0 {
		return 0
	}
	return t.UnixNano() / int64(f.options.Every)
}

// rotateIfDue rotates before a line of n bytes that does not fit, or begins a new
// period.
func (f *File) rotateIfDue(n int) {
	if f.options.Size == 0 && f.options.Every == 0 {
		return
	}
	now := f.now()
	period := f.periodOf(now)
	full := f.options.Size > 0 && f.size+int64(n) > f.options.Size
	empty := f.size <= int64(len(lines.Header(f.options.Format)))
	if !empty && (full || period != f.period) && now.After(f.retryAt) {
		f.rotate(now)
	}
	f.period = period
}

// rotate renames the file and opens a new one, or leaves everything as it was.
func (f *File) rotate(now time.Time) {
	name, err := f.moveAside(now)
	if err == nil {
		if err = f.open(); err != nil {
			err = errors.Join(err, moveBack(name, f.options.Path))
		}
	}
	if err != nil {
		f.retryAt = now.Add(rotateAgain)
		f.options.Note("not rotated: " + wording.Of(err))
		return
	}
	f.lastRotated = name
	f.removeOld()
}

func moveBack(name, path string) error {
	if there, err := ownership.Exists(path); there || err != nil {
		return err
	}
	return ownership.Rename(name, path)
}

// moveAside renames the file and returns its new name. It never replaces another file.
// The name sorts after those of all rotated files, even if the clock was set back or
// two rotations have the same microsecond: removeOld removes the first names, and the
// newest file must not be among them.
func (f *File) moveAside(now time.Time) (string, error) {
	after, err := f.newest()
	if err != nil {
		return "", err
	}
	if !now.After(after) {
		f.noteFuture(now, after)
		now = after.Add(time.Microsecond)
	}
	for range 1000 {
		name := f.options.Path + "." + now.UTC().Format(stamp)
		switch there, err := ownership.Exists(name); {
		case err != nil:
			return "", err
		case !there:
			return name, rename(f.options.Path, name)
		}
		now = now.Add(time.Microsecond)
	}
	return "", fmt.Errorf("no name is free for %s", f.options.Path)
}

// lastStamp bounds stamps: names with years of five digits would not sort.
var lastStamp = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// newest returns the latest stamp of the rotated files, or the zero time if there are
// none.
func (f *File) newest() (after time.Time, err error) {
	names, err := f.rotated()
	for _, name := range names {
		after, _ = stampOf(name[len(name)-len(stamp):]) // names are sorted
	}
	return after, err
}

// stampOf parses a stamp that moveAside makes.
func stampOf(suffix string) (at time.Time, ok bool) {
	at, err := time.Parse(stamp, suffix)
	return at, err == nil && at.Before(lastStamp)
}

// clockStep is how far a clock may be set back, as NTP does, without a message.
const clockStep = time.Minute

// noteFuture reports once why the stamp is not the time of the rotation.
func (f *File) noteFuture(now, after time.Time) {
	if after.Sub(now) < clockStep || f.futureNoted {
		return
	}
	f.futureNoted = true
	f.options.Note(fmt.Sprintf("a rotated file is dated %s, in the future: was the clock set back? Files are dated after it until it is gone",
		after.Format(stamp)))
}

// rename returns no error if another program has moved the file away.
func rename(from, to string) error {
	if err := ownership.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeOld removes the oldest rotated files beyond Options.Keep. It never removes the
// one rotated last, although somebody may have created a file whose name sorts after
// it.
func (f *File) removeOld() {
	if f.options.Keep == 0 {
		return
	}
	old, err := f.rotated()
	if err != nil {
		f.options.Note("old files are not removed: " + wording.Of(err))
	}
	if i := slices.Index(old, f.lastRotated); i >= 0 {
		old = append(slices.Delete(old, i, i+1), f.lastRotated)
	}
	for len(old) > f.options.Keep {
		if err := ownership.Remove(old[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.options.Note("old files are not removed: " + wording.Of(err))
			return
		}
		old = old[1:]
	}
}

// rotated lists the rotated files, oldest first: those with names that moveAside makes.
func (f *File) rotated() ([]string, error) {
	folder, base := filepath.Split(f.options.Path)
	if folder == "" {
		folder = "."
	}
	entries, err := ownership.ReadDir(folder)
	var names []string
	for _, entry := range entries {
		suffix, ok := strings.CutPrefix(entry.Name(), base+".")
		if _, ours := stampOf(suffix); ok && ours && entry.Type().IsRegular() {
			names = append(names, filepath.Join(folder, entry.Name()))
		}
	}
	slices.Sort(names)
	return names, err
}
