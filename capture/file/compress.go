package file

import (
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"tlsfloor/capture"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/therootcompany/xz"
)

const (
	// maxZstdWindow is what zstd itself decompresses without being asked to
	// use more memory; its format allows terabytes.
	maxZstdWindow = 128 << 20
	// maxXzDictionary is that of xz -9; the format allows 4 GiB, to be had
	// with a file of a few bytes.
	maxXzDictionary = 64 << 20
)

// compression is a format that captures come wrapped in, known by its first
// bytes: names lie.
type compression struct {
	name  string
	magic func(head []byte) bool
	open  func(io.Reader) (io.Reader, func(), error)
	// needs is the memory that any data in the format takes to decompress, in
	// bytes, and frame begins to follow those that say what they take.
	needs int64
	frame func(f *framing, head []byte) error
}

var compressions = []compression{
	{"gzip", prefix("\x1f\x8b"), openGzip, gzipNeeds, nil},
	{"zstd", prefix("\x28\xb5\x2f\xfd"), openZstd, 0, zstdFrame},
	{"zstd", skippable, openZstd, 0, zstdFrame},
	{"lz4", prefix("\x04\x22\x4d\x18"), openLZ4, 0, lz4Frame},
	{"lz4", prefix("\x02\x21\x4c\x18"), openLZ4, 0, lz4Frame}, // the Linux kernel's legacy frames
	{"xz", prefix("\xfd7zX"), openXz, 0, xzStream},
	{"bzip2", isBzip2, openBzip2, bzip2Needs, nil},
}

const (
	// gzipNeeds is a window of 32 KiB, tables, and a buffer.
	gzipNeeds = 96 << 10
	// bzip2Needs is four bytes for each of a block, which has at most 900,000.
	bzip2Needs = 4 << 20
)

// compressionOf returns the compression that content with this beginning is
// in; nil: none.
func compressionOf(head []byte) *compression {
	for i := range compressions {
		if len(head) >= magicLen && compressions[i].magic(head) {
			return &compressions[i]
		}
	}
	return nil
}

func prefix(magic string) func([]byte) bool {
	return func(head []byte) bool { return string(head[:len(magic)]) == magic }
}

// skippable: a frame of user data before the first real one (RFC 8878, 3.1.2),
// as pzstd writes it.
func skippable(head []byte) bool {
	return head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

// isBzip2: the digit is the size of a block, in units of 100,000 bytes.
func isBzip2(head []byte) bool {
	return string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9'
}

func nothing() {}

func openGzip(r io.Reader) (io.Reader, func(), error) {
	z, err := gzip.NewReader(r)
	return z, nothing, err
}

func openZstd(r io.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		return nil, nothing, err
	}
	return z, z.Close, nil
}

func openLZ4(r io.Reader) (io.Reader, func(), error) { return lz4.NewReader(r), nothing, nil }

func openXz(r io.Reader) (io.Reader, func(), error) {
	z, err := xz.NewReader(r, maxXzDictionary)
	return z, nothing, err
}

func openBzip2(r io.Reader) (io.Reader, func(), error) { return bzip2.NewReader(r), nothing, nil }

// unpacked reads decompressed content and puts the libraries' errors into
// words.
type unpacked struct {
	name   string
	z      io.Reader
	close  func()
	frames *framing // nil: the format has none that matter
	// raw remembers how the compressed input ended, because the libraries
	// hide it behind errors of their own.
	raw *lastError
	n   int64
	// err is the end. It is kept, because what reads ahead passes over it and
	// not every library returns the same again.
	err error
}

// unpack opens a decompressor of c over the bytes of w. What it takes of memory is
// acct's.
func (c *compression) unpack(w *window, acct *account) (*unpacked, error) {
	u := &unpacked{name: c.name, raw: &lastError{r: w}}
	if err := acct.grow(c.needs); err != nil {
		return nil, err
	}
	var packed io.Reader = u.raw
	if c.frame != nil {
		u.frames = &framing{r: u.raw, acct: acct, head: make([]byte, 0, maxHead)}
		u.frames.header(4, c.frame)
		packed = u.frames
	}
	z, closeZ, err := c.open(packed)
	if err != nil {
		return nil, u.explain(err)
	}
	u.z, u.close = z, closeZ
	return u, nil
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.z.Read(p)
	u.n += int64(n)
	if err != nil && err != io.EOF {
		err = u.explain(err)
	}
	u.err = err
	return n, err
}

func (u *unpacked) explain(err error) error {
	var memory *MemoryError
	if u.frames != nil && errors.As(u.frames.err, &memory) {
		return memory
	}
	switch {
	case u.raw.err == errStopped:
		return errStopped
	case u.raw.err != nil && u.raw.err != io.EOF:
		return u.raw.err
	case errors.Is(err, io.ErrUnexpectedEOF), u.raw.err == io.EOF && err == xz.ErrBuf:
		return fmt.Errorf("%w: the %s data ends early, after %d bytes of content", capture.ErrTruncated, u.name, u.n)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, xz.ErrMemlimit):
		return fmt.Errorf("%w: the %s data needs more than %d MiB of memory", capture.ErrUnsupported, u.name, maxMemory(u.name))
	}
	return fmt.Errorf("%w: the %s data is corrupt after %d bytes of content", capture.ErrDamaged, u.name, u.n)
}

func maxMemory(name string) int {
	if name == "xz" {
		return maxXzDictionary >> 20
	}
	return maxZstdWindow >> 20
}

type lastError struct {
	r   io.Reader
	err error
}

func (l *lastError) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil {
		l.err = err
	}
	return n, err
}
