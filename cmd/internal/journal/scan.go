package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

// source is an *os.File.
type source interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Name() string
}

// scanner cuts a file that grows into pieces: what is between two newlines.
type scanner struct {
	file   source
	at     int64 // in the file: where the next piece begins
	buffer []byte
	filled []byte // what of the file is in the buffer, from at on
	seam   int    // in filled: where the last read began
	failed int64  // in the file: where a read failed
}

// readAhead is how much is read at once, in bytes. The buffer grows up to maxLine, and
// one byte more for the newline, for a long line only.
const readAhead = 256 << 10

// piece returns the next piece without its newline, as a view, and its size with it.
// io.EOF: the file ends before a newline; what there is may be the beginning of a line
// that is being written. errLong: no newline within maxLine; size bytes may be skipped.
func (s *scanner) piece() (piece []byte, size int, err error) {
	searched := 0
	for {
		if i := bytes.IndexByte(s.filled[searched:], '\n'); i >= 0 {
			i += searched
			return s.filled[:i], i + 1, nil
		}
		if searched = len(s.filled); searched > maxLine {
			return nil, searched, errLong
		}
		if err := s.fill(); err != nil {
			return nil, 0, err
		}
	}
}

// fill reads on. At the end of the file it forgets the beginning of a line: the writer
// may take that back, if the disk is full, and write another.
func (s *scanner) fill() error {
	kept := s.filled
	if len(kept) == len(s.buffer) {
		s.buffer = make([]byte, min(max(2*len(s.buffer), readAhead), maxLine+1))
	}
	s.seam = copy(s.buffer, kept)
	from := s.at + int64(s.seam)
	n, err := s.file.ReadAt(s.buffer[s.seam:], from)
	s.filled = s.buffer[:s.seam+n]
	if n > 0 {
		return nil // an error comes again
	}
	s.forget()
	if !errors.Is(err, io.EOF) {
		s.failed = from
	}
	return err
}

// forget makes the next piece come from the file again.
func (s *scanner) forget() { s.filled, s.seam = nil, 0 }

// isPatched reports whether the next size bytes come from several reads. Between these
// the writer may have taken the beginning back.
func (s *scanner) isPatched(size int) bool { return s.seam > 0 && s.seam < size }

func (s *scanner) skip(size int) {
	s.filled = s.filled[size:]
	s.at += int64(size)
	s.seam = max(0, s.seam-size)
}

// use replaces the file, and goes on at an offset.
func (s *scanner) use(file source, at int64) error {
	err := s.close()
	s.file, s.at = file, at
	return err
}

func (s *scanner) close() (err error) {
	s.forget()
	if s.file != nil {
		err = s.file.Close()
		s.file = nil
	}
	return err
}
