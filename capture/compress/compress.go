package compress

import (
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/therootcompany/xz"

	"tlsfloor/capture"
)

const (
	// maxZstdWindow is the largest window that the zstd program accepts by
	// default. The format allows terabytes.
	maxZstdWindow = 128 << 20
	// maxXzDictionary is the dictionary of xz -9. The format allows 4 GiB, which a
	// file of a few bytes can ask for.
	maxXzDictionary = 64 << 20

	// gzipMemory is a window of 32 KiB, tables, and a buffer.
	gzipMemory = 96 << 10
	// bzip2Memory is four bytes for each byte of a block of at most 900,000.
	bzip2Memory = 4 << 20
)

// magicLen is the length of the longest magic number, in bytes.
const magicLen = 4

// Format is a compression format.
type Format struct {
	name  string
	magic func(head []byte) bool
	open  func(io.Reader) (io.Reader, func(), error)
	// memory is what the decompressor allocates for any data, in bytes.
	memory int64
	// header reads the first header of a format whose headers say how much memory
	// the decompressor needs; nil: they do not.
	header headerFunc
}

var formats = []Format{
	{"gzip", prefix("\x1f\x8b"), openGzip, gzipMemory, nil},
	{"zstd", prefix("\x28\xb5\x2f\xfd"), openZstd, 0, zstdFrame},
	{"zstd", skippable, openZstd, 0, zstdFrame},
	{"lz4", prefix("\x04\x22\x4d\x18"), openLZ4, 0, lz4Frame},
	{"lz4", prefix("\x02\x21\x4c\x18"), openLZ4, 0, lz4Frame}, // the Linux kernel's legacy frames
	{"xz", prefix("\xfd7zX"), openXz, 0, xzStream},
	{"bzip2", isBzip2, openBzip2, bzip2Memory, nil},
}

// FormatOf returns the format of data that begins with head, or nil. It needs at
// least four bytes.
func FormatOf(head []byte) *Format {
	for i := range formats {
		if len(head) >= magicLen && formats[i].magic(head) {
			return &formats[i]
		}
	}
	return nil
}

// Name is the format's name, in lower case.
func (f *Format) Name() string { return f.name }

func prefix(magic string) func([]byte) bool {
	return func(head []byte) bool { return string(head[:len(magic)]) == magic }
}

// skippable reports whether head begins a frame of user data (RFC 8878, 3.1.2).
// pzstd writes one before the first frame of content.
func skippable(head []byte) bool {
	return head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

// isBzip2 also checks the digit that gives the block size, in units of 100,000
// bytes.
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

// Reader decompresses. It reports errors of its own instead of the libraries'.
type Reader struct {
	name    string
	z       io.Reader
	close   func()
	scanner *scanner // nil: the format's headers do not matter
	// packed remembers how the compressed input ended: the libraries replace its
	// errors.
	packed *errorKeeper
	n      int64 // bytes of content so far
	// err is the first error. It is kept because not every library returns it a
	// second time.
	err error
}

// NewReader decompresses what r gives. It calls reserve with the number of bytes
// that the decompressor is about to allocate; when reserve returns an error,
// nothing is allocated, and Read or NewReader returns that error as it is. Errors
// of r are also returned as they are. What is wrong with the data is a
// capture.ErrTruncated, capture.ErrDamaged or capture.ErrUnsupported.
func (f *Format) NewReader(r io.Reader, reserve func(bytes int64) error) (*Reader, error) {
	if err := reserve(f.memory); err != nil {
		return nil, err
	}
	u := &Reader{name: f.name, packed: &errorKeeper{r: r}}
	var packed io.Reader = u.packed
	if f.header != nil {
		u.scanner = newScanner(u.packed, reserve, f.header)
		packed = u.scanner
	}
	z, closeZ, err := f.open(packed)
	if err != nil {
		return nil, u.explain(err)
	}
	u.z, u.close = z, closeZ
	return u, nil
}

// Read implements io.Reader.
func (u *Reader) Read(p []byte) (int, error) {
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

// Close releases the decompressor. It does not close the compressed input.
func (u *Reader) Close() { u.close() }

// explain finds the cause of a library's error.
func (u *Reader) explain(err error) error {
	if u.scanner != nil && u.scanner.err != nil && u.scanner.err != errHeader {
		return u.scanner.err
	}
	switch {
	case u.packed.err != nil && u.packed.err != io.EOF:
		return u.packed.err
	case errors.Is(err, io.ErrUnexpectedEOF), u.packed.err == io.EOF && err == xz.ErrBuf:
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

// errorKeeper remembers the last error of a reader.
type errorKeeper struct {
	r   io.Reader
	err error
}

func (k *errorKeeper) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	if err != nil {
		k.err = err
	}
	return n, err
}
