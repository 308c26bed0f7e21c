package file

import (
	"errors"
	"io"
	"math"
	"os"

	"tlsfloor/capture"
	"tlsfloor/capture/foreign"
	"tlsfloor/capture/pcap"
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
	need int64     // bytes of memory that it takes, as far as its beginning tells
	r    io.Reader // standard input that is no file
	dir  *directory
}

// add takes in one name as the user gave it.
func (s *Source) add(name string) {
	if name == stdinName {
		s.addStdin()
		return
	}
	info, err := s.stat(name)
	switch {
	case err != nil:
		s.fail(name, err)
	case info.IsDir():
		s.addFolder(name)
	default:
		_ = s.addFile(name, nil) // nil: it is in line
	}
}

func (s *Source) addStdin() {
	r := s.options.Stdin
	if r == nil {
		r = os.Stdin
	}
	s.enqueue(candidate{source: stdinName, first: math.MinInt64, r: r})
}

// addFile puts one file in line. It returns an error for one that a directory
// holds beside its captures.
func (s *Source) addFile(name string, dir *directory) error {
	file, err := s.openFile(name)
	if err != nil {
		s.fail(name, err)
		return nil
	}
	c := candidate{source: name, first: math.MinInt64, file: file, dir: dir}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		s.total.Add(info.Size())
		if err := s.inspect(&c); err != nil {
			s.total.Add(-info.Size())
			file.Close()
			return err
		}
	}
	s.enqueue(c)
	return nil
}

// inspect reads a file's first frame for its time, and leaves the file as if
// nothing had happened, or closed. What is wrong with it will be met again
// when its turn comes. It returns an error for a directory's other files.
func (s *Source) inspect(c *candidate) error {
	var f capture.Frame
	first, need, err := s.peek(c.file, &f)
	c.need, s.need = need, max(s.need, need)
	if err == nil {
		c.first = first
		s.prepare(f.Link)
	}
	if c.dir != nil && (errors.Is(err, capture.ErrNotCapture) || errors.Is(err, foreign.ErrArchive)) {
		return err
	}
	if _, err := c.file.Seek(0, io.SeekStart); err != nil || s.held >= maxHeld {
		c.file.Close()
		c.file = nil
	} else {
		s.held++
	}
	return nil
}

// peek reads a file's first frame, and returns the time at which it begins, and
// what memory that took.
func (s *Source) peek(file *os.File, f *capture.Frame) (first, need int64, err error) {
	if s.peekBuf == nil {
		s.peekBuf = make([]byte, pcap.SmallBufferSize)
	}
	in := newInput(file, &s.ctl, false)
	in.peeking = true
	st := stream{in: in, acct: account{of: &s.budget}, raw: pcap.NewBuffer(in, s.peekBuf)}
	st.raw.Reserve = st.acct.grow
	defer st.close()
	// Two windows of the usual length, where they are shorter here.
	if err := st.acct.grow(2 * pcap.Cost(pcap.BufferSize)); err != nil {
		return 0, st.acct.peak, err
	}
	if err := st.next(f); err != nil {
		var memory *MemoryError
		if errors.As(err, &memory) {
			return 0, memory.Need, err
		}
		return 0, st.acct.peak, err
	}
	return firstTime(st.records, f.Time), st.acct.peak, nil
}

func (s *Source) enqueue(c candidate) {
	c.order = s.order
	s.order++
	s.waiting = append(s.waiting, c)
}

func (s *Source) fail(name string, err error) {
	if err == errStopped {
		return
	}
	s.errs = append(s.errs, s.trouble(name, err))
}
