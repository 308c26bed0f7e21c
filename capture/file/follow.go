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

// watchEvery is how often a quiet source looks whether its followed files are
// still the ones of that name, and for new files in followed directories.
const watchEvery = time.Second

var errRemoved = errors.New("removed while it was followed")

// directory is a directory whose captures are read: a folder that was named,
// or one below it.
type directory struct {
	path  string
	of    *folder
	depth int // below of
	// seen holds the members that need no second look: as they were when they
	// were found to be no capture or read to their end; nil while in use.
	seen map[string]fs.FileInfo
}

// changed reports whether a member is new, or was written again: a ring of
// files is overwritten from its beginning.
func (d *directory) changed(base string, now fs.FileInfo) bool {
	then, known := d.seen[base]
	switch {
	case !known:
		return true
	case then == nil:
		return false
	}
	return !os.SameFile(then, now) || then.Size() != now.Size() || !then.ModTime().Equal(now.ModTime())
}

// done notes the state in which a member was read to its end.
func (d *directory) done(st *stream) {
	base := filepath.Base(st.source)
	if info, err := st.in.stat(); err == nil {
		d.seen[base] = info
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

// supersede ends the following of a directory's files when a later one begins:
// who rotates captures closes the old one first.
func (s *Source) supersede(d *directory) {
	for _, st := range s.idle {
		if st.dir == d {
			st.in.follow = false
		}
	}
	for _, st := range s.ready {
		if st.dir == d {
			st.in.follow = false
		}
	}
}

// watch looks after followed files. What it finds comes into errs and waiting.
func (s *Source) watch() {
	if !s.options.Follow || time.Since(s.watched) < watchEvery {
		return
	}
	s.watched = time.Now()
	s.checkReplaced()
	for _, d := range slices.Clone(s.dirs) { // it grows by new ones
		s.rescan(d)
	}
	s.sortWaiting()
}

// rescan takes up what is new in a directory. An empty file is left for later:
// its header is still to be written.
func (s *Source) rescan(d *directory) {
	entries, err := s.readDir(d.path)
	if err != nil {
		return // the files open are read on; a ring may come back
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Size() > 0 {
			s.addMember(d, e)
		}
	}
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

// replaced reports whether the file that is being followed was cut short, or
// is no longer the one of its name. Its last bytes were read before.
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
