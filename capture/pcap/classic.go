package pcap

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"tlsfloor/capture"
)

// classicReader reads classic pcap.
type classicReader struct {
	b      *Buffer
	source string
	link   capture.LinkType
	// convert: headers of records are not in the usual form, because of bigEndian
	// or lengths.
	convert   bool
	bigEndian bool
	lengths   lengthOrder
	// headerLen is the length of a record's header, in bytes.
	headerLen int
	// unit is the unit of a record's fraction of a second, in nanoseconds, and
	// maxFraction the largest fraction that is less than a second.
	unit        int64
	maxFraction uint32
	records     uint64 // that were read
}

// lengthOrder is the order of a record's captured length and its length on the
// wire. Version 2.3 changed it, but some programs wrote 2.3 with the old order, and
// DG/UX kept it in its version 543.0.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota
	wireFirst
	wireFirstIfLarger
)

func newClassicReader(b *Buffer, source string) (Reader, error) {
	if err := b.Fill(classicHeaderLen); err != nil {
		return nil, headerCut(err)
	}
	h := readFileHeader(b.buf[b.pos:])
	if err := b.Fill(classicHeaderLen + h.variant.extra); err != nil {
		return nil, headerCut(err)
	}
	r := &classicReader{b: b, source: source, headerLen: h.variant.records[0], bigEndian: h.bigEndian}
	if err := r.setVersion(h.major, h.minor); err != nil {
		return nil, err
	}
	r.setUnit(h.variant.unit)
	if err := r.setLink(h); err != nil {
		return nil, err
	}
	r.convert = r.bigEndian || r.lengths != capturedFirst
	b.pos += classicHeaderLen + h.variant.extra
	r.lookAhead(h.variant)
	return r, nil
}

func (r *classicReader) setUnit(unit int64) {
	r.unit, r.maxFraction = unit, uint32(nanoseconds/unit-1)
}

func (r *classicReader) setVersion(major, minor uint16) error {
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

// setLink reads the last field of the file header: the link type in the lower 16
// bits, the length of a frame check sequence in the upper 6, and between them bits
// that have to be zero.
func (r *classicReader) setLink(h fileHeader) error {
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

// Next implements Reader.
func (r *classicReader) Next(f *capture.Frame) error {
	b := r.b
	if b.end-b.pos < r.headerLen {
		if err := b.Fill(r.headerLen); err != nil {
			return r.ended(err)
		}
	}
	h := readHeader(b.buf[b.pos : b.pos+16])
	if r.convert {
		h = r.converted(h)
	}
	if h.captured-1 >= MaxCaptured || h.length > maxWire || h.fraction > r.maxFraction {
		odd := h // a copy, since its address is taken: h stays in registers
		if err := r.unusual(&odd); err != nil {
			return err
		}
		h = odd
	}
	n := r.headerLen + int(h.captured)
	if b.end-b.pos < n {
		if err := b.Fill(n); err != nil {
			return r.ended(err)
		}
	}
	r.records++
	start, end := b.pos+r.headerLen, b.pos+n
	b.pos = end
	f.Time = int64(h.seconds)*nanoseconds + int64(h.fraction)*r.unit
	f.Data = b.buf[start:end:end]
	f.Length = max(int(h.length), int(h.captured))
	f.Link = r.link
	f.Source = r.source
	return nil
}

// unusual handles a record that is empty or longer than possible, captured or on the
// wire: it may be the header of the next file. It corrects a fraction field
// that amounts to a second or more.
func (r *classicReader) unusual(h *recordHeader) error {
	switch joined, err := r.b.fileBegins(); {
	case err != nil:
		return r.ended(err)
	case joined:
		return ErrNextFile
	case h.captured > MaxCaptured:
		return r.place().damaged("claims %d captured bytes; the limit is %d", h.captured, MaxCaptured)
	case h.fraction > r.maxFraction:
		h.fraction = r.overflow(h.fraction)
	}
	return nil
}

// overflow returns the fraction to use instead of one that is a second or more. The
// file holds nanoseconds with the magic number of microseconds, as some capture
// engines write it, and is read that way from here on. A fraction that is also too
// large for nanoseconds is damaged, and becomes the end of its second.
func (r *classicReader) overflow(fraction uint32) uint32 {
	if r.unit > 1 && fraction < nanoseconds {
		r.setUnit(1)
	}
	return min(fraction, r.maxFraction)
}

// Times implements Reader.
func (r *classicReader) Times(into []int64) int {
	b, probe := *r.b, *r
	b.frozen = true
	probe.b = &b
	return collect(&probe, into)
}

type recordHeader struct {
	seconds, fraction, captured, length uint32
}

func readHeader(b []byte) recordHeader {
	le := binary.LittleEndian
	return recordHeader{le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])}
}

func (r *classicReader) converted(h recordHeader) recordHeader {
	if r.bigEndian {
		h.seconds, h.fraction = bits.ReverseBytes32(h.seconds), bits.ReverseBytes32(h.fraction)
		h.captured, h.length = bits.ReverseBytes32(h.captured), bits.ReverseBytes32(h.length)
	}
	if r.lengths == wireFirst || r.lengths == wireFirstIfLarger && h.captured > h.length {
		h.captured, h.length = h.length, h.captured
	}
	return h
}

func (r *classicReader) place() place {
	return place{"record", r.records + 1, r.b.offset()}
}

func (r *classicReader) ended(err error) error { return r.b.ended(err, r.place()) }
