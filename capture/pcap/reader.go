package pcap

import (
	"errors"
	"fmt"
	"io"

	"tlsfloor/capture"
)

// Reader reads the records of one capture.
type Reader interface {
	// Next fills f with the next frame, whose Data is valid until the next call.
	// It returns io.EOF between two records, ErrIdle when there is no more for now,
	// and ErrNextFile in front of another capture that was joined to this one. What
	// is wrong with the capture is a capture.ErrTruncated, capture.ErrDamaged or
	// capture.ErrUnsupported. After any error but ErrIdle the Reader is used up.
	Next(f *capture.Frame) error
	// Times fills into with the times of the records that follow, as far as they
	// are in memory, and returns how many there are. It consumes nothing.
	Times(into []int64) int
}

// Reasons for a Reader to have no frame that are not the end of the input.
var (
	// ErrIdle: there is nothing to read yet, as from a quiet pipe or a file that is
	// still being written. Nothing was consumed; the same call may be made again.
	// The Buffer's input returns it, too.
	ErrIdle = errors.New("nothing to read yet")
	// ErrNextFile: another capture begins here. NewReader reads it.
	ErrNextFile = errors.New("another file begins")
)

// MagicLen is how many bytes Begins needs.
const MagicLen = 4

// Begins reports whether a capture begins with head, of MagicLen bytes or more.
func Begins(head []byte) bool { return isClassic(head) || isNg(head) }

// NewReader reads the capture that b holds next, for which Begins is true. Frames
// get source as their Source. After ErrIdle it may be called again.
func NewReader(b *Buffer, source string) (Reader, error) {
	if isNg(b.Bytes()) {
		return newNgReader(b, source)
	}
	return newClassicReader(b, source)
}

// collect is Times for a probe: a copy of a reader with a frozen buffer.
func collect(probe Reader, into []int64) (n int) {
	var f capture.Frame
	for n < len(into) && probe.Next(&f) == nil {
		into[n] = f.Time
		n++
	}
	return n
}

// beginsFile reports whether b, of 16 bytes or more, begins another capture
// where a record or a block could be.
//
// Read as a record, a classic header has no bytes, neither captured nor on the
// wire, or, with a time zone, more than possible; a section's byte-order magic
// gives one of the two lengths, of 439 MB or more. Read as a block, a classic header
// has a length that is no multiple of 4, or too large, with one exception: 131,076,
// of a type for local use, in big-endian.
func beginsFile(b []byte) bool {
	if isNg(b) {
		_, ok := sectionOrder(b[blockHeaderLen:])
		return ok
	}
	if !isClassic(b) {
		return false
	}
	if len(b) < classicHeaderLen {
		b = append(b[:len(b):len(b)], make([]byte, classicHeaderLen-len(b))...)
	}
	h := readFileHeader(b)
	return knownVersion(h.major, h.minor) && h.accuracy == 0 && h.zone >= -maxZone && h.zone <= 0 &&
		h.link&reservedLinkBits == 0
}

// fileBegins is beginsFile for the next bytes of the input. After ErrIdle it may be
// called again.
func (b *Buffer) fileBegins() (bool, error) {
	if b.Buffered() >= MagicLen && !Begins(b.buf[b.pos:]) {
		return false, nil
	}
	if err := b.Fill(classicHeaderLen); err != nil && (err != io.EOF || b.Buffered() < 16) {
		return false, err
	}
	return beginsFile(b.Bytes()), nil
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
