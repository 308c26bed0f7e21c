package file

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
	// maxBlockType is above every type but the section's that is registered;
	// those of local use begin at 0x80000000, where magic numbers lie.
	maxBlockType = 0xffff
)

const (
	byteOrderMagic = 0x1a2b3c4d
	// A block is its type, its length, its body and its length again.
	blockHeaderLen   = 8
	blockTrailerLen  = 4
	minBlockLen      = blockHeaderLen + blockTrailerLen
	sectionHeadLen   = blockHeaderLen + 4 // up to the byte-order magic
	minSectionBody   = 16
	minInterfaceBody = 8
	packetBodyLen    = 20 // of an enhanced or obsolete packet, before its data
	packetOffset     = blockHeaderLen + packetBodyLen
	minEnhancedLen   = packetOffset + blockTrailerLen
	// maxBlock is libpcap's bound for any block.
	maxBlock = 16 << 20
	// maxInterfaces bounds the memory a section can take.
	maxInterfaces = 1 << 16
)

// pcapngReader reads pcapng.
type pcapngReader struct {
	w          *window
	source     string
	bigEndian  bool
	interfaces []ngInterface
	// last is the time of the last frame: simple packets have none.
	last  int64
	block uint64
	// skipping: the rest of an unknown block, which began at from, is still to
	// be passed over.
	skipping bool
	from     int64
}

type ngInterface struct {
	link    capture.LinkType
	snaplen uint32 // 0: no limit
	scale   scale
}

func pcapngMagic(head []byte) bool {
	return binary.LittleEndian.Uint32(head) == blockSection
}

func newPcapngReader(w *window, source string) (records, error) {
	if err := w.fill(sectionHeadLen); err != nil {
		return nil, headerCut(err)
	}
	if _, ok := sectionOrder(w.buf[w.pos+blockHeaderLen:]); !ok {
		return nil, capture.ErrNotCapture
	}
	return &pcapngReader{w: w, source: source}, nil
}

// sectionOrder reads the byte order of a section off its magic.
func sectionOrder(b []byte) (bigEndian, ok bool) {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(b):
		return false, true
	case binary.BigEndian.Uint32(b):
		return true, true
	}
	return false, false
}

func (r *pcapngReader) u16(b []byte) uint16 {
	if r.bigEndian {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (r *pcapngReader) u32(b []byte) uint32 {
	if r.bigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// u64 reads a timestamp, which is stored as two numbers, the higher first.
func (r *pcapngReader) u64(b []byte) uint64 {
	return uint64(r.u32(b))<<32 | uint64(r.u32(b[4:]))
}

func (r *pcapngReader) next(f *capture.Frame) error {
	if r.quick(f) {
		return nil
	}
	for {
		kind, body, err := r.read()
		if err != nil {
			return err
		}
		if r.w.frozen && (kind == blockSection || kind == blockInterface) {
			return errIdle // a probe must not change the interfaces
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
		r.w.pos += minBlockLen + len(body)
		r.block++
		if kind == blockEnhanced || kind == blockSimple || kind == blockObsolete {
			return nil
		}
	}
}

// quick reads what nearly every block is: an enhanced packet in little-endian,
// whole in memory. Everything else, and everything that is wrong, it leaves to
// the general way, which takes twice as long.
func (r *pcapngReader) quick(f *capture.Frame) bool {
	le, b := binary.LittleEndian, r.w.buf[r.w.pos:r.w.end]
	if r.bigEndian || r.skipping || len(b) < minEnhancedLen || le.Uint32(b) != blockEnhanced {
		return false
	}
	length, id, captured := le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[20:])
	if length%4 != 0 || uint64(length) > uint64(len(b)) || captured > maxCaptured || minEnhancedLen+captured > length ||
		uint64(id) >= uint64(len(r.interfaces)) || le.Uint32(b[length-blockTrailerLen:]) != length {
		return false
	}
	on := &r.interfaces[id]
	r.last = on.scale.time(uint64(le.Uint32(b[12:]))<<32 | uint64(le.Uint32(b[16:])))
	r.set(f, b[packetOffset:packetOffset+captured], le.Uint32(b[24:]), on.link)
	r.w.pos += int(length)
	r.block++
	return true
}

// read brings the next block that matters into memory. The window stays at
// its beginning.
func (r *pcapngReader) read() (kind uint32, body []byte, err error) {
	for {
		length, err := r.header()
		if err != nil {
			return 0, nil, err
		}
		kind = r.u32(r.w.buf[r.w.pos:])
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

// header finds the length of the next block. A section header sets the byte
// order its own length is written in.
func (r *pcapngReader) header() (uint32, error) {
	if r.skipping {
		if err := r.skip(0); err != nil {
			return 0, err
		}
	}
	w := r.w
	if err := r.need(blockHeaderLen); err != nil {
		return 0, err
	}
	kind := r.u32(w.buf[w.pos:])
	if kind > maxBlockType && pcapMagic(w.buf[w.pos:]) {
		if joined, err := w.fileBegins(); err != nil {
			return 0, w.ended(err, r.place())
		} else if joined {
			return 0, errNextFile
		}
	}
	if kind == blockSection {
		if err := r.sectionHead(); err != nil {
			return 0, err
		}
	}
	length := r.u32(w.buf[w.pos+4:])
	if length < minBlockLen || length > maxBlock || length%4 != 0 {
		return 0, r.place().damaged("claims a length of %d bytes; it has to be a multiple of 4 from %d to %d", length, minBlockLen, maxBlock)
	}
	return length, nil
}

func (r *pcapngReader) sectionHead() error {
	if err := r.need(sectionHeadLen); err != nil {
		return err
	}
	big, ok := sectionOrder(r.w.buf[r.w.pos+blockHeaderLen:])
	if !ok {
		return r.place().damaged("begins a section without a byte-order magic")
	}
	r.bigEndian = big
	return nil
}

func (r *pcapngReader) skip(length uint32) error {
	if !r.skipping {
		r.skipping, r.from = true, r.w.offset()
	}
	err := r.w.skip(int64(length))
	if err == io.EOF {
		return place{"block", r.block + 1, r.from}.truncated()
	}
	if err != nil {
		return err
	}
	r.skipping = false
	r.block++
	return nil
}

// hold brings a whole block into memory and checks that its two lengths agree,
// which finds damage before it is taken for packets.
func (r *pcapngReader) hold(length uint32) ([]byte, error) {
	if length > maxWindow {
		return nil, r.place().damaged("claims a length of %d bytes; the limit is %d", length, maxWindow)
	}
	if err := r.need(int(length)); err != nil {
		return nil, err
	}
	block := r.w.buf[r.w.pos : r.w.pos+int(length)]
	trailer := len(block) - blockTrailerLen
	if again := r.u32(block[trailer:]); again != length {
		return nil, r.place().damaged("gives its length as %d at its beginning and %d at its end", length, again)
	}
	return block[blockHeaderLen:trailer], nil
}

func (r *pcapngReader) need(n int) error {
	if r.w.end-r.w.pos >= n {
		return nil
	}
	if err := r.w.fill(n); err != nil {
		return r.w.ended(err, r.place())
	}
	return nil
}

func (r *pcapngReader) times(into []int64) int {
	w, probe := *r.w, *r
	w.frozen = true
	probe.w = &w
	return collect(&probe, into)
}

func (r *pcapngReader) place() place {
	return place{"block", r.block + 1, r.w.offset()}
}
