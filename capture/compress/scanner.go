package compress

import (
	"errors"
	"io"
)

// errHeader: a header of the compressed data contradicts the format.
var errHeader = errors.New("not a header of this compression format")

// maxHeader is the longest header, in bytes: that of a block of xz.
const maxHeader = 1024

// headerFunc reads a header, as far as it is known: at least as many bytes as were
// asked for. It calls extend for more of the same header, or says with expect,
// skip or unchecked what follows the header.
type headerFunc func(s *scanner, head []byte) error

// scanner reads the headers in compressed data on its way to a decompressor. It
// reserves the memory that a header makes the decompressor allocate before the
// decompressor sees that header: data may begin with a small window and go on with
// a large one.
//
// It stops at a header that it does not understand, because a decompressor that
// does understand it could allocate memory that is not reserved.
type scanner struct {
	r        io.Reader
	reserve  func(bytes int64) error
	reserved int64 // bytes
	err      error // why no more data is passed on

	head []byte // the part of a header that was read
	want int    // bytes of the header that are needed
	next headerFunc
	skip int64 // bytes to pass on before the header

	unchecked bool // no more headers are read
}

func newScanner(r io.Reader, reserve func(int64) error, first headerFunc) *scanner {
	s := &scanner{r: r, reserve: reserve, head: make([]byte, 0, maxHeader)}
	s.expect(magicLen, first)
	return s
}

// expect begins a new header: next gets its first n bytes.
func (s *scanner) expect(n int, next headerFunc) {
	s.head, s.want, s.next = s.head[:0], n, next
}

// extend has the header's function called again with n bytes, from the header's
// beginning.
func (s *scanner) extend(n int) { s.want = n }

// need reserves what is missing of n bytes. The decompressor keeps the largest
// memory that it has allocated.
func (s *scanner) need(n int64) error {
	if n <= s.reserved {
		return nil
	}
	if err := s.reserve(n - s.reserved); err != nil {
		return err
	}
	s.reserved = n
	return nil
}

// Read passes data on up to the first header that may not be passed on. The next
// call returns the reason.
func (s *scanner) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	ok := s.scan(p[:n])
	if ok < n {
		if ok > 0 {
			return ok, nil
		}
		return 0, s.err
	}
	return n, err
}

// scan returns how many bytes of b may be passed on: all, unless it sets s.err.
func (s *scanner) scan(b []byte) int {
	for at := 0; at < len(b); {
		switch {
		case s.unchecked:
			return len(b)
		case s.skip > 0:
			n := min(s.skip, int64(len(b)-at))
			s.skip -= n
			at += int(n)
			continue
		}
		n := min(s.want-len(s.head), len(b)-at)
		s.head = append(s.head, b[at:at+n]...)
		at += n
		if s.readHeader(); s.err != nil {
			return at - n
		}
	}
	return len(b)
}

// readHeader calls the header's function while there is what it asks for.
func (s *scanner) readHeader() {
	for len(s.head) == s.want && s.err == nil && s.skip == 0 && !s.unchecked {
		want := s.want
		if s.err = s.next(s, s.head); s.err == nil && s.want == want && len(s.head) == want && !s.unchecked {
			s.err = errHeader // the function asked for nothing: it would be called forever
		}
	}
}
