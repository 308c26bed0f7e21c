package file

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
	"tlsfloor/capture/foreign"
	"tlsfloor/capture/pcap"
)

// stdinName is how the user names standard input.
const stdinName = "-"

// maxHeld is how many files are kept open from the beginning, so that they can still
// be read after privileges were dropped. Descriptors are few: the rest of a long ring
// of files is opened when its time comes.
const maxHeld = 256

// mostOpen returns how many files may be open at once: three quarters of what the process
// may have. The rest is for outputs, and for whatever else is opened meanwhile.
func mostOpen() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return maxHeld
	}
	return int(min(limit.Cur, 1<<20)) * 3 / 4
}

// crowdedError: the input waits because as many files are open as may be.
type crowdedError struct{}

func (crowdedError) Error() string {
	return "read after the others, because no more files may be open at once (ulimit -n): connections that are in several captures may not be followed"
}

// Is makes it an ErrDeferred.
func (crowdedError) Is(target error) bool { return target == ErrDeferred }

// crowded reports whether a file has to wait until another one was read.
func (s *Source) crowded(c *candidate) bool {
	return c.file == nil && c.r == nil && len(s.ready) > 0 && len(s.ready)+len(s.idle)+s.held >= s.most
}

// candidate is an input that is not being read yet.
type candidate struct {
	source string
	order  int
	// first is the time of its first frame; where that is not known, the earliest
	// time, so that it is opened at once.
	first int64
	file  *os.File   // nil: it is opened by name
	held  bool       // file is counted in Source.held
	need  int64      // bytes of memory, as far as its beginning tells
	r     io.Reader  // standard input; nil: a file
	dir   *directory // that a file was found in; nil: it was named
}

// add adds one name as the user gave it.
func (s *Source) add(name string) {
	if name == stdinName {
		s.addStdin()
		return
	}
	info, err := s.stat(name)
	switch {
	case err != nil && s.expect(name, err):
		s.fail(name, ErrAbsent)
	case err != nil:
		s.fail(name, err)
	case info.IsDir():
		s.addFolder(name)
	default:
		_ = s.addFile(name, nil) // there is no error without a directory
	}
}

func (s *Source) addStdin() {
	r := s.options.Stdin
	if r == nil {
		r = os.Stdin
	}
	s.enqueue(candidate{source: stdinName, first: math.MinInt64, r: r})
}

// addFile puts one file in line. It returns an error for a file of a directory that
// is no capture.
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

// inspect reads a file's first frame for its time. It leaves the file at its
// beginning, or closed. It returns an error for a file of a directory that is no
// capture; other errors come again when the file is read.
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
	if _, err := c.file.Seek(0, io.SeekStart); err != nil || s.held >= min(maxHeld, s.most/3) {
		c.file.Close()
		c.file = nil
	} else {
		s.held, c.held = s.held+1, true
	}
	return nil
}

// peek reads a file's first frame. It returns the time at which the file begins, and
// how many bytes of memory reading took.
func (s *Source) peek(file *os.File, f *capture.Frame) (first, need int64, err error) {
	if s.peekBuf == nil {
		s.peekBuf = make([]byte, pcap.SmallBufferSize)
	}
	in := newInput(file, &s.ctl, false)
	in.peeking = true
	st := stream{in: in, acct: account{of: &s.budget}, raw: pcap.NewBuffer(in, s.peekBuf)}
	st.raw.Reserve = st.acct.grow
	defer st.close()
	// Two buffers of the usual size, although they are smaller here.
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

// fail has Next return an error of an input.
func (s *Source) fail(name string, err error) {
	if err != errStopped {
		s.errs = append(s.errs, inputError(name, err))
	}
}

// inputError names the input. It reduces a PathError to its cause, which would repeat
// the name and add the system call.
func inputError(name string, err error) error {
	err = pathCause(err)
	if name == stdinName {
		name = "standard input"
	}
	return &capture.InputError{Name: name, Err: err}
}

// pathCause returns the cause of a PathError, and other errors as they are.
func pathCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
