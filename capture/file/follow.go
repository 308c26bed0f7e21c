package file

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// watchEvery is how often a quiet source checks whether its followed files were
// replaced, and looks for new files in followed folders.
const watchEvery = time.Second

// ErrReplaced: a followed file was cut short or replaced by another one. The new
// content is read from its beginning.
var ErrReplaced = errors.New("replaced while it was followed; reading the new file from its beginning")

var errRemoved = errors.New("removed while it was followed")

// watch checks followed files and folders. It adds to s.errs and s.waiting.
func (s *Source) watch() {
	if !s.options.Follow || time.Since(s.watched) < watchEvery {
		return
	}
	s.watched = time.Now()
	s.checkReplaced()
	for _, d := range slices.Clone(s.dirs) { // rescan adds new ones
		s.rescan(d)
	}
	s.sortWaiting()
}

func (s *Source) checkReplaced() {
	idle := s.idle
	s.idle = nil
	for _, st := range idle {
		err := s.replaced(st)
		if err == nil {
			s.idle = append(s.idle, st)
			continue
		}
		s.release(st)
		s.fail(st.source, err)
		if err == ErrReplaced {
			s.enqueue(candidate{source: st.source, first: math.MinInt64, dir: st.dir})
		}
	}
}

// replaced returns an error if the file that is followed was cut short, or is no
// longer the one of that name. It was read to its end before.
func (s *Source) replaced(st *stream) error {
	if !st.in.follow {
		return nil
	}
	open, err := st.in.stat()
	if err != nil {
		return err
	}
	named, err := s.stat(st.source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errRemoved
	case err != nil:
		return err
	case open.Size() < st.in.read || !os.SameFile(open, named):
		return ErrReplaced
	}
	return nil
}

// rescan adds what is new in a directory. It leaves an empty file for later: its
// header is still to be written.
func (s *Source) rescan(d *directory) {
	entries, err := s.readDir(d.path)
	if err != nil {
		return // open files are read on, and the directory may come back
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Size() > 0 {
			s.addMember(d, e)
		}
	}
}

// supersede ends the following of a directory's files when a later file begins: a
// program that rotates captures closes the old file first.
func (s *Source) supersede(d *directory) {
	for _, st := range slices.Concat(s.idle, s.ready) {
		if st.dir == d {
			st.in.follow = false
		}
	}
}

// done notes the state in which a member was read to its end.
func (d *directory) done(st *stream) {
	if info, err := st.in.stat(); err == nil {
		d.seen[filepath.Base(st.source)] = info
	} else {
		d.forget(st.source)
	}
}

// forget lets a member that could not be opened be found again.
func (d *directory) forget(source string) {
	if d != nil {
		delete(d.seen, filepath.Base(source))
	}
}
