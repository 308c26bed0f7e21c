package pcap

import (
	"errors"
	"fmt"
	"io"

	"tlsfloor/capture"
)

const (
	// BufferSize is the usual size of a Buffer, and so of a read, in bytes. What is
	// read pushes the connections out of the processor's second cache, so smaller
	// is better until the system calls show: against 256 KiB, 64 KiB cost 2 to 8 per
	// cent less where flows are many and short, and 1 per cent more where they are
	// few and long; 32 KiB cost 6 per cent more there.
	BufferSize = 64 << 10
	// SmallBufferSize is for many files that are open at once.
	SmallBufferSize = 32 << 10
	// MaxBuffer bounds a Buffer: the largest record or block that has to be in
	// memory as a whole.
	MaxBuffer = 1 << 20
	// MaxAhead is how many bytes may be looked at before they are consumed. The
	// smallest buffer is twice as long, so that looking ahead again and again moves
	// each byte once.
	MaxAhead = SmallBufferSize / 2
	// maxEmptyReads is how many reads in a row may return neither bytes nor an
	// error.
	maxEmptyReads = 100
)

// ErrIdle: there is nothing to read yet, as from a quiet pipe or a file that is still
// being written. Nothing was consumed; the same call may be made again. The input of a
// Buffer returns it, and so do Buffer and Reader.
var ErrIdle = errors.New("nothing to read yet")

// Buffer holds the part of an input that is in memory. Records are read where they
// lie; only one that straddles the end of the buffer is moved, to its beginning.
type Buffer struct {
	buf []byte
	// buf[pos:end] is read and not yet consumed.
	pos, end int
	src      io.Reader
	// base is the offset of buf[0] in the input.
	base int64
	// toSkip is how many bytes Skip still has to pass over.
	toSkip int64
	// spare is the other one of two buffers, which take turns when ReadAhead keeps
	// a frame.
	spare []byte
	// frozen: this is a probe's copy, which reads and moves nothing.
	frozen bool

	// Lend is called with memory that frames are in which may still be used, and
	// returns other memory, at least as long; nil: a frame is used only until the
	// next is read.
	Lend func([]byte) []byte
	// Live: the bytes come while they are captured. Nothing is read ahead, so that
	// no frame waits for the one after it.
	Live bool
	// Reserve is called before the buffer grows, with the bytes that it will take
	// in addition. Its error is returned instead; nil: there is no bound.
	Reserve func(bytes int64) error
}

// NewBuffer returns a Buffer that reads src into memory, which it may replace.
// src may return ErrIdle.
func NewBuffer(src io.Reader, memory []byte) *Buffer { return &Buffer{src: src, buf: memory} }

// Cost is how many bytes of memory a Buffer of n bytes takes: ReadAhead needs a
// second one.
func Cost(n int) int64 { return 2 * int64(n) }

// Size is the length of the buffer's memory, in bytes.
func (b *Buffer) Size() int { return len(b.buf) }

// Buffered is how many bytes can be looked at without reading.
func (b *Buffer) Buffered() int { return b.end - b.pos }

// Bytes returns what can be looked at without reading. It is valid until the next
// call.
func (b *Buffer) Bytes() []byte { return b.buf[b.pos:b.end] }

// offset is the place of the next byte in the input.
func (b *Buffer) offset() int64 { return b.base + int64(b.pos) }

// Fill reads until at least n bytes, at most MaxBuffer, are in memory. Frames that
// are not lent are invalid afterwards. At the end of the input it returns io.EOF,
// and what there is can be looked at.
func (b *Buffer) Fill(n int) error {
	if b.frozen && b.Buffered() < n {
		return ErrIdle
	}
	if n > len(b.buf) && b.Reserve != nil {
		if err := b.Reserve(Cost(b.longer(n)) - Cost(len(b.buf))); err != nil {
			return err
		}
	}
	b.makeRoom(n)
	return b.readUntil(n)
}

// makeRoom moves what is unread to the beginning, but only when the rest of the
// buffer is too small: otherwise an input that comes in small pieces would have its
// unfinished record moved again for each piece.
func (b *Buffer) makeRoom(n int) {
	switch {
	case n > len(b.buf):
		b.moveTo(make([]byte, b.longer(n)))
	case b.pos == b.end, n > len(b.buf)-b.pos:
		b.moveTo(b.Recycle())
	}
}

// longer is the length of the buffer that n bytes need. It is doubled and not set to
// MaxBuffer: frames of 64 KiB, as hosts with segmentation offload capture them, must
// not cost a megabyte in each of forty captures.
func (b *Buffer) longer(n int) int {
	length := len(b.buf)
	for length < n {
		length *= 2
	}
	return min(length, MaxBuffer)
}

// Recycle returns memory to go on with, here or in another Buffer: the buffer's own
// unless frames in it may be lent.
func (b *Buffer) Recycle() []byte {
	if b.Lend == nil || b.pos == 0 {
		return b.buf
	}
	return b.Lend(b.buf)
}

func (b *Buffer) moveTo(buf []byte) {
	n := copy(buf, b.buf[b.pos:b.end])
	b.base += int64(b.pos)
	b.buf, b.pos, b.end = buf, 0, n
}

func (b *Buffer) readUntil(n int) error {
	for empty := 0; b.end-b.pos < n; {
		k, err := b.src.Read(b.buf[b.end:])
		b.end += k
		if b.end-b.pos >= n {
			return nil // the next read returns the error again
		}
		if err != nil {
			return err
		}
		if k > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads {
			return io.ErrNoProgress
		}
	}
	return nil
}

// Peek returns up to n of the next bytes, at most MaxAhead, without consuming them:
// fewer when the input ends before, has no more for now, or is live. Frames that are
// not lent are invalid afterwards.
func (b *Buffer) Peek(n int) []byte {
	if !b.Live {
		_ = b.Fill(n) // the next read returns the error again
	}
	return b.buf[b.pos:min(b.end, b.pos+n)]
}

// ReadAhead is Fill for when the last frame is still to be delivered: what is unread
// moves to another buffer. The frame's buffer is not written to until the next call,
// or ever when frames are lent.
func (b *Buffer) ReadAhead(n int) {
	if b.Live || b.Buffered() >= n {
		return
	}
	old := b.buf
	if b.Lend != nil || len(b.spare) != len(old) {
		b.spare = make([]byte, len(old))
	}
	b.moveTo(b.spare)
	b.spare = old
	_ = b.readUntil(n) // the next read returns the error again
}

// Skip passes over n bytes without holding them. After ErrIdle it is called again
// with 0.
func (b *Buffer) Skip(n int64) error {
	b.toSkip += n
	for {
		k := min(b.toSkip, int64(b.Buffered()))
		b.pos += int(k)
		b.toSkip -= k
		if b.toSkip == 0 {
			return nil
		}
		if err := b.Fill(1); err != nil {
			return err
		}
	}
}

// Read implements io.Reader: it returns what is in memory, then reads on.
func (b *Buffer) Read(p []byte) (int, error) {
	if b.pos == b.end {
		if err := b.Fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.buf[b.pos:b.end])
	b.pos += n
	return n, nil
}

// ended returns the error for an input that ended before the record or block at p
// was whole: io.EOF only in front of one.
func (b *Buffer) ended(err error, p place) error {
	if err == io.EOF && b.Buffered() > 0 {
		return p.truncated()
	}
	return err
}

// place is where in a capture something is wrong.
type place struct {
	what   string // "record" or "block"
	number uint64 // from 1, in one of several captures that are joined
	offset int64  // in bytes, in the input, decompressed
}

func (p place) String() string {
	return fmt.Sprintf("%s %d, at byte %d,", p.what, p.number, p.offset)
}

func (p place) truncated() error {
	return fmt.Errorf("%w: %s is cut short", capture.ErrTruncated, p)
}

func (p place) damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s %s", capture.ErrDamaged, p, fmt.Sprintf(format, args...))
}

// headerCut returns the error for an input that ended in the first header.
func headerCut(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: the file header is cut short", capture.ErrTruncated)
	}
	return err
}
