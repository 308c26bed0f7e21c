package pcap

import (
	"errors"

	"tlsfloor/capture"
)

const (
	// MaxCaptured bounds the captured bytes of a frame, as MAXIMUM_SNAPLEN of libpcap
	// does: a larger length is damage, not a frame.
	MaxCaptured = 256 << 10
	// maxWire bounds the length of a frame on the wire, in bytes.
	maxWire = 128 << 20
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

// ErrNextFile: another capture begins here, joined to the one before. NewReader reads
// it.
var ErrNextFile = errors.New("another file begins")

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

// linkType corrects the number of programs that write a DLT_ number, which depends
// on the system, as a link type: DLT_RAW is 12, on OpenBSD 14.
func linkType(n uint16) capture.LinkType {
	if n == 12 || n == 14 {
		return capture.LinkRaw
	}
	return capture.LinkType(n)
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
