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
	// unit is the length of a unit of the fraction of a second, in ns, and
	// maxFraction the largest that is less than a second.
	unit        int64
	maxFraction uint32
	record      uint64
}

// lengthOrder is the order of a record's captured length and length on the
// wire. It was changed with version 2.3, and some programs wrote 2.3 and kept
// the old one; DG/UX kept it in its version 543.0.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota
	wireFirst
	wireFirstIfLarger
)

func newPcapReader(w *window, source string) (records, error) {
	if err := w.fill(pcapHeaderLen); err != nil {
		return nil, headerCut(err)
	}
	h := readFileHeader(w.buf[w.pos:])
	if err := w.fill(pcapHeaderLen + h.variant.extra); err != nil {
		return nil, headerCut(err)
	}
	r := &pcapReader{w: w, source: source, headerLen: h.variant.records[0], bigEndian: h.bigEndian}
	if err := r.setVersion(h.major, h.minor); err != nil {
		return nil, err
	}
	r.setUnit(h.variant.unit)
	if err := r.setLink(h); err != nil {
		return nil, err
	}
	r.foreign = r.bigEndian || r.lengths != capturedFirst
	w.pos += pcapHeaderLen + h.variant.extra
	r.lookAhead(h.variant)
	return r, nil
}

func (r *pcapReader) setUnit(unit int64) {
	r.unit, r.maxFraction = unit, uint32(nanoseconds/unit-1)
}

func (r *pcapReader) setVersion(major, minor uint16) error {
	if !knownVersion(major, minor) {
		return fmt.Errorf("%w: pcap version %d.%d", capture.ErrUnsupported, major, minor)
	}
	switch {
	case minor < 3: // also 543.0
		r.lengths = wireFirst
	case minor == 3:
		r.lengths = wireFirstIfLarger
	}
	return nil
}

// setLink reads the last field of the file header: the link type in the lower
// 16 bits, the length of a frame check sequence in the upper 6, and bits in
// between that have to be zero.
func (r *pcapReader) setLink(h fileHeader) error {
	if link, ok := h.aixLink(); ok {
		r.link = link
		r.setUnit(1)
		return nil
	}
	if h.link&reservedLinkBits != 0 {
		return fmt.Errorf("%w: unknown link type %d", capture.ErrUnsupported, h.link&0x03ffffff)
	}
	r.link = linkType(uint16(h.link))
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
	if h.captured-1 >= maxCaptured || h.length > maxWire || h.fraction > r.maxFraction {
		odd := h // its address is taken: h stays in registers
		if err := r.unusual(&odd); err != nil {
			return err
		}
		h = odd
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

// unusual looks at a record without data, at one with more than there can be,
// captured or on the wire, which may be the header of the next file, and at one
// whose fraction is a second or more, which it puts right.
func (r *pcapReader) unusual(h *recordHeader) error {
	switch joined, err := r.w.fileBegins(); {
	case err != nil:
		return r.ended(err)
	case joined:
		return errNextFile
	case h.captured > maxCaptured:
		return r.place().damaged("claims %d captured bytes; the limit is %d", h.captured, maxCaptured)
	case h.fraction > r.maxFraction:
		h.fraction = r.overflow(h.fraction)
	}
	return nil
}

// overflow returns the fraction to use for one that is a second or more: the
// file holds nanoseconds under the number of microseconds, as some capture
// engines write it, and is read so from here on. A fraction that is too large
// for nanoseconds, too, is broken, and becomes the end of its second.
func (r *pcapReader) overflow(fraction uint32) uint32 {
	if r.unit > 1 && fraction < nanoseconds {
		r.setUnit(1)
	}
	return min(fraction, r.maxFraction)
}

func (r *pcapReader) times(into []int64) int {
	w, probe := *r.w, *r
	w.frozen = true
	probe.w = &w
	return collect(&probe, into)
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
