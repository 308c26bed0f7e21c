package file

import (
	"encoding/binary"
	"errors"
	"io"
)

// errFraming: the compressed data is not what its format says.
var errFraming = errors.New("no frame of this compression")

// framing follows the frames of compressed data on their way to a decompressor,
// and takes the memory that each will ask for before the decompressor sees its
// header: a file may begin with a small window and go on with a large one.
//
// What it does not understand it does not let pass, because a decompressor that
// does could take memory that nobody has counted.
type framing struct {
	r    io.Reader
	acct *account
	has  int64 // bytes taken for the decompressor
	err  error // what keeps the rest from it

	head []byte // of the header at hand
	want int    // bytes of it that are needed
	pass int64  // bytes to pass over, behind the header
	free bool   // the rest has no header that matters
	next func(f *framing, head []byte) error
}

// maxHead is the longest header that is looked at as a whole: a block's of xz.
const maxHead = 1024

// header begins a header of n bytes, to be given to next.
func (f *framing) header(n int, next func(*framing, []byte) error) {
	f.head, f.want, f.next = f.head[:0], n, next
}

// more asks for n bytes of the header at hand, from its beginning.
func (f *framing) more(n int) { f.want = n }

// need takes what the decompressor will need from here on: it keeps the largest.
func (f *framing) need(n int64) error {
	if n <= f.has {
		return nil
	}
	if err := f.acct.grow(n - f.has); err != nil {
		return err
	}
	f.has = n
	return nil
}

// Read gives what lies in front of the first header that it does not let pass,
// then the reason.
func (f *framing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.r.Read(p)
	ok := f.follow(p[:n])
	if ok < n {
		if ok > 0 {
			return ok, nil
		}
		return 0, f.err
	}
	return n, err
}

// follow returns how many bytes of b may pass: all, unless f.err is set.
func (f *framing) follow(b []byte) int {
	for at := 0; at < len(b); {
		switch {
		case f.free:
			return len(b)
		case f.pass > 0:
			n := min(f.pass, int64(len(b)-at))
			f.pass -= n
			at += int(n)
			continue
		}
		n := min(f.want-len(f.head), len(b)-at)
		f.head = append(f.head, b[at:at+n]...)
		at += n
		for len(f.head) == f.want && f.err == nil && f.pass == 0 && !f.free {
			want := f.want
			if f.err = f.next(f, f.head); f.err == nil && f.want == want && len(f.head) == want && !f.free {
				f.err = errFraming // it goes nowhere
			}
		}
		if f.err != nil {
			return at - n
		}
	}
	return len(b)
}

// Zstandard: RFC 8878, 3.1.

const (
	zstdMagic = 0xfd2fb528
	// zstdBeside is what the decompressor takes beside the window: blocks of 128
	// KiB, tables, and its own buffer.
	zstdBeside = 768 << 10
	// zstdMinWindow: RFC 8878, 3.1.1.1.2.
	zstdMinWindow = 1 << 10
)

func isSkippable(magic uint32) bool { return magic>>4 == 0x184d2a5 }

func zstdFrame(f *framing, head []byte) error {
	magic := binary.LittleEndian.Uint32(head)
	switch {
	case isSkippable(magic) && len(head) < 8:
		f.more(8)
		return nil
	case isSkippable(magic):
		f.pass = int64(binary.LittleEndian.Uint32(head[4:]))
		f.header(4, zstdFrame)
		return nil
	case magic != zstdMagic:
		return errFraming
	case len(head) < 5:
		f.more(5)
		return nil
	}
	descriptor := head[4]
	single, dictionary := descriptor&0x20 != 0, []int{0, 1, 2, 4}[descriptor&3]
	size := []int{0, 2, 4, 8}[descriptor>>6]
	if single && size == 0 {
		size = 1
	}
	length := 5 + dictionary + size
	if !single {
		length++
	}
	if len(head) < length {
		f.more(length)
		return nil
	}
	if err := f.zstdNeeds(zstdWindow(head, single, size)); err != nil {
		return err
	}
	f.header(3, zstdBlock(descriptor&4 != 0))
	return nil
}

// zstdNeeds leaves to the decompressor to refuse a window that it does not take
// with any memory.
func (f *framing) zstdNeeds(window uint64) error {
	if window > maxZstdWindow {
		return nil
	}
	return f.need(int64(window) + zstdBeside)
}

// zstdWindow is how much of the content has to be kept: RFC 8878, 3.1.1.1.2. size
// is the length of the content's size, which ends the header.
func zstdWindow(head []byte, single bool, size int) uint64 {
	if !single {
		base := uint64(1) << (10 + head[5]>>3)
		return base + base/8*uint64(head[5]&7)
	}
	var b [8]byte
	copy(b[:], head[len(head)-size:])
	n := binary.LittleEndian.Uint64(b[:])
	if size == 2 {
		n += 256
	}
	return max(n, zstdMinWindow)
}

func zstdBlock(checksum bool) func(*framing, []byte) error {
	var block func(f *framing, head []byte) error
	block = func(f *framing, head []byte) error {
		b := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16
		last, kind, size := b&1 != 0, b>>1&3, int64(b>>3)
		switch kind {
		case 1: // one byte, repeated
			size = 1
		case 3:
			return errFraming
		}
		f.pass = size
		f.header(3, block)
		if last {
			if checksum {
				f.pass += 4
			}
			f.header(4, zstdFrame)
		}
		return nil
	}
	return block
}

// LZ4: its frame format, versions 1.6.x.

const (
	lz4Magic       = 0x184d2204
	lz4MagicLegacy = 0x184c2102
	// lz4Beside is what the decompressor takes beside two blocks.
	lz4Beside = 256 << 10
	// lz4Legacy is two blocks of the legacy format, one of them compressed.
	lz4Legacy = 8<<20 + 8<<20 + 8<<20/255 + 16
)

func lz4Frame(f *framing, head []byte) error {
	magic := binary.LittleEndian.Uint32(head)
	switch {
	case magic>>8 == 0x184d2a && len(head) < 8:
		f.more(8)
		return nil
	case magic>>8 == 0x184d2a:
		f.pass = int64(binary.LittleEndian.Uint32(head[4:]))
		f.header(4, lz4Frame)
		return nil
	case magic == lz4MagicLegacy:
		f.free = true // it ends with the input
		return f.need(lz4Legacy + lz4Beside)
	case magic != lz4Magic:
		return errFraming
	case len(head) < 6:
		f.more(6)
		return nil
	}
	flags, code := head[4], head[5]>>4&7
	length := 7
	if flags&8 != 0 {
		length += 8
	}
	if flags&1 != 0 {
		length += 4
	}
	if len(head) < length {
		f.more(length)
		return nil
	}
	if code < 4 {
		return errFraming
	}
	if err := f.need(2<<(8+2*code) + lz4Beside); err != nil {
		return err
	}
	f.header(4, lz4Block(flags&4 != 0, flags&16 != 0))
	return nil
}

func lz4Block(checksum, ofBlocks bool) func(*framing, []byte) error {
	var block func(f *framing, head []byte) error
	block = func(f *framing, head []byte) error {
		size := binary.LittleEndian.Uint32(head)
		if size == 0 {
			if checksum {
				f.pass = 4
			}
			f.header(4, lz4Frame)
			return nil
		}
		f.pass = int64(size &^ (1 << 31))
		if ofBlocks {
			f.pass += 4
		}
		f.header(4, block)
		return nil
	}
	return block
}
