package pcap

import (
	"encoding/binary"
	"io"

	"tlsfloor/capture"
)

// Block types (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a // the same in both byte orders
	blockInterface = 1
	blockObsolete  = 2
	blockSimple    = 3
	blockEnhanced  = 6
	// maxBlockType is above every registered type except that of a section. Types
	// for local use begin at 0x80000000, where the magic numbers of classic captures
	// are.
	maxBlockType = 0xffff
)

const (
	byteOrderMagic = 0x1a2b3c4d
	// A block is its type, its length, its body, and its length again.
	blockHeaderLen   = 8
	blockTrailerLen  = 4
	minBlockLen      = blockHeaderLen + blockTrailerLen
	sectionHeadLen   = blockHeaderLen + 4 // to the end of the byte-order magic
	minSectionBody   = 16
	minInterfaceBody = 8
	packetBodyLen    = 20 // of an enhanced or obsolete packet, before its data
	packetOffset     = blockHeaderLen + packetBodyLen
	minEnhancedLen   = packetOffset + blockTrailerLen
	// maxBlock bounds every block, as libpcap does.
	maxBlock = 16 << 20
	// maxInterfaces bounds the memory that a section can take.
	maxInterfaces = 1 << 16
)

// ngReader reads pcapng.
type ngReader struct {
	b          *Buffer
	source     string
	bigEndian  bool
	interfaces []ngInterface
	// last is the time of the last frame, which simple packets get: they have none.
	last   int64
	blocks uint64 // that were read
	// skipping: the rest of an unknown block, which began at offset from, is still
	// to be skipped.
	skipping bool
	from     int64
}

type ngInterface struct {
	link    capture.LinkType
	snaplen uint32 // 0: no limit
	scale   scale
}

// isNg reports whether head, of MagicLen bytes or more, begins a pcapng capture.
func isNg(head []byte) bool {
	return binary.LittleEndian.Uint32(head) == blockSection
}

func newNgReader(b *Buffer, source string) (Reader, error) {
	if err := b.Fill(sectionHeadLen); err != nil {
		return nil, headerCut(err)
	}
	if _, ok := sectionOrder(b.buf[b.pos+blockHeaderLen:]); !ok {
		return nil, capture.ErrNotCapture
	}
	return &ngReader{b: b, source: source}, nil
}

// sectionOrder returns the byte order of a section from its byte-order magic.
func sectionOrder(b []byte) (bigEndian, ok bool) {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(b):
		return false, true
	case binary.BigEndian.Uint32(b):
		return true, true
	}
	return false, false
}

// Next implements Reader.
func (r *ngReader) Next(f *capture.Frame) error {
	if r.quick(f) {
		return nil
	}
	for {
		kind, body, err := r.read()
		if err != nil {
			return err
		}
		if r.b.frozen && (kind == blockSection || kind == blockInterface) {
			return ErrIdle // a probe shares the interfaces and must not change them
		}
		switch kind {
		case blockEnhanced:
			err = r.enhanced(body, f)
		case blockSimple:
			err = r.simple(body, f)
		case blockObsolete:
			err = r.obsolete(body, f)
		case blockSection:
			err = r.section(body)
		case blockInterface:
			err = r.iface(body)
		}
		if err != nil {
			return err
		}
		r.b.pos += minBlockLen + len(body)
		r.blocks++
		if kind == blockEnhanced || kind == blockSimple || kind == blockObsolete {
			return nil
		}
	}
}

// quick reads what nearly every block is: an enhanced packet in little-endian, whole
// in memory. Everything else, and every error, is left to the general path, which
// takes twice as long.
func (r *ngReader) quick(f *capture.Frame) bool {
	le, b := binary.LittleEndian, r.b.buf[r.b.pos:r.b.end]
	if r.bigEndian || r.skipping || len(b) < minEnhancedLen || le.Uint32(b) != blockEnhanced {
		return false
	}
	length, id, captured := le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[20:])
	if length%4 != 0 || uint64(length) > uint64(len(b)) || captured > MaxCaptured || minEnhancedLen+captured > length ||
		uint64(id) >= uint64(len(r.interfaces)) || le.Uint32(b[length-blockTrailerLen:]) != length {
		return false
	}
	on := &r.interfaces[id]
	r.last = on.scale.time(uint64(le.Uint32(b[12:]))<<32 | uint64(le.Uint32(b[16:])))
	r.set(f, b[packetOffset:packetOffset+captured], le.Uint32(b[24:]), on.link)
	r.b.pos += int(length)
	r.blocks++
	return true
}

// read brings the next block that matters into memory, without consuming it.
func (r *ngReader) read() (kind uint32, body []byte, err error) {
	for {
		length, err := r.header()
		if err != nil {
			return 0, nil, err
		}
		kind = r.u32(r.b.buf[r.b.pos:])
		if !matters(kind) {
			if err := r.skip(length); err != nil {
				return 0, nil, err
			}
			continue
		}
		body, err := r.hold(length)
		return kind, body, err
	}
}

func matters(kind uint32) bool {
	switch kind {
	case blockEnhanced, blockSimple, blockObsolete, blockSection, blockInterface:
		return true
	}
	return false
}

// header reads the length of the next block. A section header sets the byte order
// that its own length is written in.
func (r *ngReader) header() (uint32, error) {
	if r.skipping {
		if err := r.skip(0); err != nil {
			return 0, err
		}
	}
	b := r.b
	if err := r.need(blockHeaderLen); err != nil {
		return 0, err
	}
	kind := r.u32(b.buf[b.pos:])
	if kind > maxBlockType && isClassic(b.buf[b.pos:]) {
		if joined, err := b.fileBegins(); err != nil {
			return 0, b.ended(err, r.place())
		} else if joined {
			return 0, ErrNextFile
		}
	}
	if kind == blockSection {
		if err := r.sectionHead(); err != nil {
			return 0, err
		}
	}
	length := r.u32(b.buf[b.pos+4:])
	if length < minBlockLen || length > maxBlock || length%4 != 0 {
		return 0, r.place().damaged("claims a length of %d bytes; it has to be a multiple of 4 from %d to %d", length, minBlockLen, maxBlock)
	}
	return length, nil
}

func (r *ngReader) sectionHead() error {
	if err := r.need(sectionHeadLen); err != nil {
		return err
	}
	big, ok := sectionOrder(r.b.buf[r.b.pos+blockHeaderLen:])
	if !ok {
		return r.place().damaged("begins a section without a byte-order magic")
	}
	r.bigEndian = big
	return nil
}

func (r *ngReader) skip(length uint32) error {
	if !r.skipping {
		r.skipping, r.from = true, r.b.offset()
	}
	err := r.b.Skip(int64(length))
	if err == io.EOF {
		return place{"block", r.blocks + 1, r.from}.truncated()
	}
	if err != nil {
		return err
	}
	r.skipping = false
	r.blocks++
	return nil
}

// hold brings a whole block into memory, and checks that its two lengths agree, so
// that damage is not read as packets.
func (r *ngReader) hold(length uint32) ([]byte, error) {
	if length > MaxBuffer {
		return nil, r.place().damaged("claims a length of %d bytes; the limit is %d", length, MaxBuffer)
	}
	if err := r.need(int(length)); err != nil {
		return nil, err
	}
	block := r.b.buf[r.b.pos : r.b.pos+int(length)]
	trailer := len(block) - blockTrailerLen
	if again := r.u32(block[trailer:]); again != length {
		return nil, r.place().damaged("gives its length as %d at its beginning and %d at its end", length, again)
	}
	return block[blockHeaderLen:trailer], nil
}

func (r *ngReader) need(n int) error {
	if r.b.end-r.b.pos >= n {
		return nil
	}
	if err := r.b.Fill(n); err != nil {
		return r.b.ended(err, r.place())
	}
	return nil
}

// Times implements Reader.
func (r *ngReader) Times(into []int64) int {
	b, probe := *r.b, *r
	b.frozen = true
	probe.b = &b
	return collect(&probe, into)
}

func (r *ngReader) place() place {
	return place{"block", r.blocks + 1, r.b.offset()}
}
