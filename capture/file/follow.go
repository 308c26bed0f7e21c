package file

import (
	"errors"
	"fmt"
	"io"
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

// ErrAbsent: a file that is to be followed does not exist yet, or does not exist any
// more. It is read when it appears.
var ErrAbsent = errors.New("no such file yet; waiting for it")

var errNameUnseen = errors.New("if another file takes this name, it is not read")

// errMoved: another file has the name of the one that is followed.
var errMoved = errors.New("renamed, and another file has its name")

// watch checks followed files and folders. It adds to s.errs and s.waiting.
func (s *Source) watch() {
	if !s.options.Follow || time.Since(s.watched) < watchEvery {
		return
	}
	s.watched = time.Now()
	s.checkReplaced()
	s.checkExpected()
	for _, d := range slices.Clone(s.dirs) { // rescan adds new ones
		s.rescan(d)
	}
	s.sortWaiting()
}

func (s *Source) checkReplaced() {
	idle := s.idle
	s.idle = nil
	for _, st := range idle {
		switch err := s.replaced(st); err {
		case nil:
			s.idle = append(s.idle, st)
		case ErrReplaced:
			s.readAgain(st)
		case errMoved:
			s.idle = append(s.idle, st)
			s.readSuccessor(st)
		default:
			s.idle = append(s.idle, st)
			s.failOnce(st, err)
		}
	}
}

// replaced returns ErrReplaced if the file that is followed was cut short, errMoved if
// another one has its name, and ErrAbsent if none has. It was read to its end before.
func (s *Source) replaced(st *stream) error {
	if !st.in.follow {
		return nil
	}
	open, err := st.in.stat()
	if err != nil {
		return err
	}
	if open.Size() < st.in.read {
		return ErrReplaced
	}
	named, err := s.stat(st.source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent(st)
	case err == errStopped:
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", errNameUnseen, pathCause(err))
	case !os.SameFile(open, named):
		return errMoved
	}
	st.missed, st.failed = 0, false
	return nil
}

// absentChecks is how many checks in a row find no file of the name before that is
// reported: a program that rotates files needs a moment between two.
const absentChecks = 3

// absent returns an error if a file of the name is missing for long. The member of a
// folder is only read to its end: rescan finds what comes after it.
func absent(st *stream) error {
	if st.dir != nil {
		st.in.follow, st.moved = false, true
		return nil
	}
	if st.missed++; st.missed < absentChecks {
		return nil
	}
	return ErrAbsent
}

// failOnce reports an error of an input that is read on, until the cause is gone.
func (s *Source) failOnce(st *stream, err error) {
	if !st.failed {
		st.failed = true
		s.fail(st.source, err)
	}
}

// readAgain reads a file that was cut short from its beginning. It is not opened again:
// that may take privileges that the process had when it began.
func (s *Source) readAgain(st *stream) {
	s.fail(st.source, ErrReplaced)
	if st.dir != nil {
		s.release(st)
		st.dir.forget(st.source) // rescan finds it
		return
	}
	c := candidate{source: st.source, first: math.MinInt64}
	if _, err := st.in.file.Seek(0, io.SeekStart); err == nil {
		st.owned, c.file = false, st.in.file
	}
	s.release(st)
	s.enqueue(c)
}

// readSuccessor reads the file that has the name of a followed one now. The followed one
// is read to its end: what was written before the renaming may be read only now.
func (s *Source) readSuccessor(st *stream) {
	st.in.follow, st.moved = false, true
	if st.dir == nil {
		s.fail(st.source, ErrReplaced)
		s.enqueue(candidate{source: st.source, first: math.MinInt64})
	}
}

// expect waits for a file that does not exist, and reports whether it does: only if
// files are followed, and if its folder exists.
func (s *Source) expect(name string, err error) bool {
	if !s.options.Follow || !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if info, err := s.stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return false
	}
	s.expected = append(s.expected, name)
	return true
}

// checkExpected adds the files that exist now.
func (s *Source) checkExpected() {
	names := s.expected
	s.expected = nil
	for _, name := range names {
		if _, err := s.stat(name); err != nil {
			s.expected = append(s.expected, name)
		} else {
			s.add(name)
		}
	}
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
	info, err := st.in.stat()
	switch {
	case err != nil:
		d.forget(st.source)
	case st.moved:
		d.forget(st.source)
		d.moved = append(d.moved[max(0, len(d.moved)+1-maxMoved):], info)
	default:
		d.seen[filepath.Base(st.source)] = info
	}
}

// forget lets a member that could not be opened be found again.
func (d *directory) forget(source string) {
	if d != nil {
		delete(d.seen, filepath.Base(source))
	}
}
