package file

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"tlsfloor/capture"
)

// stdinName is how the user names standard input.
const stdinName = "-"

// maxHeld is how many files are kept open from the beginning, so that they can
// still be read after privileges were dropped. The rest of a long ring is
// opened when its time comes: descriptors are few.
const maxHeld = 256

// candidate is an input that is not being read yet.
type candidate struct {
	source string
	order  int
	// first is the time of its first frame; the earliest possible when that
	// is not known, so that it is opened at once.
	first int64
	// file is nil for one that has to be opened by name.
	file *os.File
	r    io.Reader // standard input that is no file
	dir  *directory
}

// add takes in one name as the user gave it.
func (s *Source) add(name string) {
	if name == stdinName {
		s.addStdin()
		return
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		s.fail(name, err)
	case info.IsDir():
		s.addDirectory(name)
	default:
		s.addFile(name, nil)
	}
}

func (s *Source) addStdin() {
	r := s.options.Stdin
	if r == nil {
		r = os.Stdin
	}
	s.enqueue(candidate{source: stdinName, first: math.MinInt64, r: r})
}

func (s *Source) addDirectory(path string) {
	dir := &directory{path: path, seen: map[string]fs.FileInfo{}}
	entries, err := os.ReadDir(path)
	if err != nil {
		s.fail(path, err)
		return
	}
	before := len(s.waiting)
	for _, e := range entries {
		s.addMember(dir, e.Name())
	}
	if s.options.Follow {
		s.dirs = append(s.dirs, dir)
	} else if len(s.waiting) == before {
		s.fail(path, errNoCaptures)
	}
}

func (s *Source) addMember(dir *directory, base string) {
	name := filepath.Join(dir.path, base)
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || !dir.changed(base, info) {
		return // a broken link, a directory, a socket: nobody named it
	}
	_, known := dir.seen[base]
	dir.seen[base] = nil
	if s.addFile(name, dir) {
		return
	}
	dir.seen[base] = info
	if !known {
		s.skipped = append(s.skipped, name)
	}
}

// addFile puts one file in line. It returns false for one that a directory
// holds beside its captures.
func (s *Source) addFile(name string, dir *directory) bool {
	file, err := os.Open(name)
	if err != nil {
		s.fail(name, err)
		return true
	}
	c := candidate{source: name, first: math.MinInt64, file: file, dir: dir}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		s.total.Add(info.Size())
		if !s.inspect(&c) {
			s.total.Add(-info.Size())
			file.Close()
			return false
		}
	}
	s.enqueue(c)
	return true
}

// inspect reads a file's first frame for its time, and leaves the file as if
// nothing had happened, or closed. What is wrong with it will be met again
// when its turn comes. It returns false for a directory's other files.
func (s *Source) inspect(c *candidate) bool {
	var f capture.Frame
	err := s.peek(c.file, &f)
	if err == nil {
		c.first = f.Time
		s.prepare(f.Link)
	}
	if c.dir != nil && errors.Is(err, ErrNotCapture) {
		return false
	}
	if _, err := c.file.Seek(0, io.SeekStart); err != nil || s.held >= maxHeld {
		c.file.Close()
		c.file = nil
	} else {
		s.held++
	}
	return true
}

func (s *Source) peek(file *os.File, f *capture.Frame) error {
	if s.peekBuf == nil {
		s.peekBuf = make([]byte, readSizeMany)
	}
	in := newInput(file, &control{}, false)
	st := stream{in: in, raw: window{src: in, buf: s.peekBuf}}
	defer st.close()
	return st.next(f)
}

func (s *Source) enqueue(c candidate) {
	c.order = s.order
	s.order++
	s.waiting = append(s.waiting, c)
}

func (s *Source) fail(name string, err error) {
	s.errs = append(s.errs, inputError(name, err))
}
