package file

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"tlsfloor/capture"
)

const (
	pcapHeaderLen = 24
	// maxCaptured bounds a frame's captured bytes, as libpcap's
	// MAXIMUM_SNAPLEN does: a larger length is damage, not a frame.
	maxCaptured = 256 << 10
)

// The magic numbers that begin a classic capture, read as little-endian; each
// also occurs in the other byte order.
const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
	// magicModified is of Alexey Kuznetzov's patched libpcap, found on Linux
	// systems of the 1990s: each record header is eight bytes longer.
	magicModified = 0xa1b2cd34
)

// pcapReader reads classic pcap (draft-ietf-opsawg-pcap).
type pcapReader struct {
	w      *window
	source string
	link   capture.LinkType
	// foreign: record headers are not as this machine's libpcap writes them,
	// because of bigEndian or lengths.
	foreign   bool
	bigEndian bool
	// lengths says that the two lengths of a record may be exchanged.
	lengths lengthOrder
	// headerLen is the length of a record's header.
	headerLen int
	// unit is the length of a unit of the fraction of a second, in ns.
	unit   int64
	record uint64
}

// lengthOrder is the order of a record's captured length and length on the
// wire. It was changed with version 2.3, and some programs wrote 2.3 and kept
// the old one.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota
	wireFirst
	wireFirstIfLarger
)

// pcapMagic reports whether head begins a classic capture.
func pcapMagic(head []byte) bool {
	magic := binary.LittleEndian.Uint32(head)
	return knownMagic(magic) || knownMagic(bits.ReverseBytes32(magic))
}

func knownMagic(magic uint32) bool {
	return magic == magicMicroseconds || magic == magicNanoseconds || magic == magicModified
}

func newPcapReader(w *window, source string) (records, error) {
	if err := w.fill(pcapHeaderLen); err != nil {
		return nil, headerCut(err)
	}
	r := &pcapReader{w: w, source: source, unit: 1000, headerLen: 16}
	h := w.buf[w.pos : w.pos+pcapHeaderLen]
	magic := binary.LittleEndian.Uint32(h)
	var order binary.ByteOrder = binary.LittleEndian
	if !knownMagic(magic) {
		magic, order, r.bigEndian = bits.ReverseBytes32(magic), binary.BigEndian, true
	}
	r.setMagic(magic)
	if err := r.setVersion(order.Uint16(h[4:]), order.Uint16(h[6:])); err != nil {
		return nil, err
	}
	if err := r.setLink(order.Uint32(h[20:])); err != nil {
		return nil, err
	}
	r.foreign = r.bigEndian || r.lengths != capturedFirst
	w.pos += pcapHeaderLen
	return r, nil
}

func (r *pcapReader) setMagic(magic uint32) {
	switch magic {
	case magicNanoseconds:
		r.unit = 1
	case magicModified:
		r.headerLen = 24
	}
}

func (r *pcapReader) setVersion(major, minor uint16) error {
	if major != 2 || minor > 4 {
		return fmt.Errorf("%w: pcap version %d.%d", ErrUnsupported, major, minor)
	}
	switch {
	case minor < 3:
		r.lengths = wireFirst
	case minor == 3:
		r.lengths = wireFirstIfLarger
	}
	return nil
}

// setLink reads the last field of the file header: the link type in the lower
// 16 bits, the length of a frame check sequence in the upper 6, and bits in
// between that have to be zero.
func (r *pcapReader) setLink(field uint32) error {
	if field&0x03ff0000 != 0 {
		return fmt.Errorf("%w: unknown link type %d", ErrUnsupported, field&0x03ffffff)
	}
	r.link = linkType(uint16(field))
	return nil
}

// linkType puts right what programs write that take a DLT_ number, which is
// the system's own, for a link type: DLT_RAW is 12, on OpenBSD 14.
func linkType(n uint16) capture.LinkType {
	if n == 12 || n == 14 {
		return capture.LinkRaw
	}
	return capture.LinkType(n)
}

func (r *pcapReader) next(f *capture.Frame) error {
	w := r.w
	if w.end-w.pos < r.headerLen {
		if err := w.fill(r.headerLen); err != nil {
			return r.ended(err)
		}
	}
	h := readHeader(w.buf[w.pos : w.pos+16])
	if r.foreign {
		h = r.convert(h)
	}
	if h.captured > maxCaptured {
		return r.place().damaged("claims %d captured bytes; the limit is %d", h.captured, maxCaptured)
	}
	n := r.headerLen + int(h.captured)
	if w.end-w.pos < n {
		if err := w.fill(n); err != nil {
			return r.ended(err)
		}
	}
	r.record++
	start, end := w.pos+r.headerLen, w.pos+n
	w.pos = end
	f.Time = int64(h.seconds)*nanoseconds + int64(h.fraction)*r.unit
	f.Data = w.buf[start:end:end]
	f.Length = max(int(h.length), int(h.captured))
	f.Link = r.link
	f.Source = r.source
	return nil
}

type recordHeader struct {
	seconds, fraction, captured, length uint32
}

func readHeader(b []byte) recordHeader {
	le := binary.LittleEndian
	return recordHeader{le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])}
}

func (r *pcapReader) convert(h recordHeader) recordHeader {
	if r.bigEndian {
		h.seconds, h.fraction = bits.ReverseBytes32(h.seconds), bits.ReverseBytes32(h.fraction)
		h.captured, h.length = bits.ReverseBytes32(h.captured), bits.ReverseBytes32(h.length)
	}
	if r.lengths == wireFirst || r.lengths == wireFirstIfLarger && h.captured > h.length {
		h.captured, h.length = h.length, h.captured
	}
	return h
}

func (r *pcapReader) place() place {
	return place{"record", r.record + 1, r.w.offset()}
}

func (r *pcapReader) ended(err error) error { return r.w.ended(err, r.place()) }
