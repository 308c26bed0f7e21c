package compress

import "encoding/binary"

// Zstandard: RFC 8878, 3.1.

const (
	zstdMagic = 0xfd2fb528
	// zstdBeside is what the decompressor allocates beside the window: blocks of
	// 128 KiB, tables, and its own buffer.
	zstdBeside = 768 << 10
	// zstdMinWindow: RFC 8878, 3.1.1.1.2.
	zstdMinWindow = 1 << 10
)

func isSkippable(magic uint32) bool { return magic>>4 == 0x184d2a5 }

// zstdFrame reads the header of a frame.
func zstdFrame(s *scanner, head []byte) error {
	magic := binary.LittleEndian.Uint32(head)
	switch {
	case isSkippable(magic) && len(head) < 8:
		s.extend(8)
		return nil
	case isSkippable(magic):
		s.skip = int64(binary.LittleEndian.Uint32(head[4:]))
		s.expect(4, zstdFrame)
		return nil
	case magic != zstdMagic:
		return errHeader
	case len(head) < 5:
		s.extend(5)
		return nil
	}
	descriptor := head[4]
	h := newZstdHeader(descriptor)
	if len(head) < h.length {
		s.extend(h.length)
		return nil
	}
	// The decompressor refuses a larger window, and allocates nothing for it.
	if window := h.window(head); window <= maxZstdWindow {
		if err := s.need(int64(window) + zstdBeside); err != nil {
			return err
		}
	}
	s.expect(3, zstdBlock(descriptor&4 != 0))
	return nil
}

// zstdHeader is the layout of a frame's header (RFC 8878, 3.1.1.1).
type zstdHeader struct {
	length int  // bytes
	single bool // the window is as large as the content
	size   int  // bytes of the content size, which ends the header
}

func newZstdHeader(descriptor byte) zstdHeader {
	h := zstdHeader{single: descriptor&0x20 != 0, size: []int{0, 2, 4, 8}[descriptor>>6]}
	if h.single && h.size == 0 {
		h.size = 1
	}
	h.length = 5 + []int{0, 1, 2, 4}[descriptor&3] + h.size // with a dictionary's identifier
	if !h.single {
		h.length++
	}
	return h
}

// window is how many bytes of the content the decompressor keeps (RFC 8878,
// 3.1.1.1.2).
func (h *zstdHeader) window(head []byte) uint64 {
	if !h.single {
		base := uint64(1) << (10 + head[5]>>3)
		return base + base/8*uint64(head[5]&7)
	}
	var b [8]byte
	copy(b[:], head[len(head)-h.size:])
	n := binary.LittleEndian.Uint64(b[:])
	if h.size == 2 {
		n += 256
	}
	return max(n, zstdMinWindow)
}

// zstdBlock returns what reads the headers of a frame's blocks.
func zstdBlock(checksum bool) headerFunc {
	var block headerFunc
	block = func(s *scanner, head []byte) error {
		b := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16
		last, kind, size := b&1 != 0, b>>1&3, int64(b>>3)
		switch kind {
		case 1: // one byte, repeated
			size = 1
		case 3:
			return errHeader
		}
		s.skip = size
		s.expect(3, block)
		if last {
			if checksum {
				s.skip += 4
			}
			s.expect(4, zstdFrame)
		}
		return nil
	}
	return block
}
