package journal

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

// rotated is a file of events, under the name it was given or a later one.
type rotated struct {
	path string
	info fs.FileInfo
	mark string // what rotation has put into the name; empty: none
}

// files lists the file and those that it was before, oldest first. Files without a byte
// are left out. Their order is that of their last change, because a writer has one at a
// time; of two with the same time, that of their names.
func (f *Follower) files() (files []rotated, err error) {
	folder, base := filepath.Split(f.path)
	marks := []string{""} // the file itself may be a link
	paths := []string{f.path}
	err = list(cmp.Or(folder, "."), func(name string) {
		if mark, ok := rotationMark(name, base); ok {
			marks, paths = append(marks, mark), append(paths, filepath.Join(folder, name))
		}
	})
	for i, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case info.Mode().IsRegular() && info.Size() > 0:
			files = append(files, rotated{path, info, marks[i]})
		}
	}
	slices.SortStableFunc(files, compareRotated)
	return files, err
}

// rotationMark returns what a name has more than base: numbers and times, as .1 of
// logrotate, -20260301 of its dateext, and .20260301T120000.000000Z of our own. They may
// be before the ending of base. Other files, also compressed ones, are no rotated files.
func rotationMark(name, base string) (mark string, ok bool) {
	ending := filepath.Ext(base)
	mark, ok = strings.CutPrefix(name, base)
	if !ok {
		mark, ok = strings.CutPrefix(name, strings.TrimSuffix(base, ending))
		if ok && ending != "" {
			mark, ok = strings.CutSuffix(mark, ending)
		}
	}
	if !ok || len(mark) < 2 || !strings.ContainsRune(".-_", rune(mark[0])) {
		return "", false
	}
	return mark, strings.Trim(mark[1:], "0123456789TZ.:_-") == ""
}

// compareRotated orders by age. A number grows with the age, a time does not.
func compareRotated(a, b rotated) int {
	if a.mark == "" || b.mark == "" {
		return cmp.Compare(b.mark, a.mark) // the file itself is the newest
	}
	if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
		return c
	}
	if c := cmp.Compare(len(b.mark), len(a.mark)); c != 0 {
		return c
	}
	if len(a.mark) < len(".20260301") {
		return cmp.Compare(b.mark, a.mark)
	}
	return cmp.Compare(a.mark, b.mark)
}

// openFile opens a file of events. A link to it is followed: a file that is none has no
// line that is delivered.
func openFile(path string) (*os.File, fs.FileInfo, error) {
	file, err := ownership.Open(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	return regularOnly(file, path, err)
}
