package file

import (
	"cmp"
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
	// stamp is the format of the time of rotation, in the name of a rotated file. Rotated
	// files sort by it.
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
		name := rotatedName(f.options.Path, now.UTC().Format(stamp))
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

// rotatedName returns the name of a file that was rotated: it keeps its ending, so that a
// reader of *.jsonl that was away during the rotation reads it, too.
func rotatedName(path, at string) string {
	stem, ending := endingOf(path)
	return stem + "." + at + ending
}

// endingOf cuts off the ending of a path, ".jsonl". A name that begins with its only dot has
// none.
func endingOf(path string) (stem, ending string) {
	ending = filepath.Ext(path)
	if stem = strings.TrimSuffix(path, ending); stem == "" || stem[len(stem)-1] == filepath.Separator {
		return path, ""
	}
	return stem, ending
}

// lastStamp bounds stamps: names with years of five digits would not sort.
var lastStamp = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// newest returns the latest stamp of the rotated files, or the zero time if there are
// none.
func (f *File) newest() (after time.Time, err error) {
	names, err := f.rotated()
	if len(names) > 0 {
		after, _ = f.stampOf(names[len(names)-1])
	}
	return after, err
}

// stampOf returns the time in the name of a rotated file: one that rotatedName makes, or
// older versions of tlsfloor, behind the ending.
func (f *File) stampOf(path string) (at time.Time, ok bool) {
	stem, ending := endingOf(f.options.Path)
	text, ok := strings.CutPrefix(path, f.options.Path+".")
	if !ok {
		if text, ok = strings.CutPrefix(path, stem+"."); ok {
			text, ok = strings.CutSuffix(text, ending)
		}
	}
	at, err := time.Parse(stamp, text)
	return at, ok && err == nil && at.Before(lastStamp)
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

// rotated lists the rotated files, oldest first.
func (f *File) rotated() ([]string, error) {
	folder, _ := filepath.Split(f.options.Path)
	entries, err := ownership.ReadDir(cmp.Or(folder, "."))
	var names []string
	for _, entry := range entries {
		name := folder + entry.Name()
		if _, ours := f.stampOf(name); ours && entry.Type().IsRegular() {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		first, _ := f.stampOf(a)
		second, _ := f.stampOf(b)
		return cmp.Or(first.Compare(second), cmp.Compare(a, b))
	})
	return names, err
}
