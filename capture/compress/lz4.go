package compress

import "encoding/binary"

// LZ4: its frame format, versions 1.6.x.

const (
	lz4Magic       = 0x184d2204
	lz4MagicLegacy = 0x184c2102
	// lz4Beside is what the decompressor allocates beside two blocks.
	lz4Beside = 256 << 10
	// lz4Legacy is two blocks of the legacy format, one of them compressed.
	lz4Legacy = 8<<20 + 8<<20 + 8<<20/255 + 16
)

// lz4Frame reads the header of a frame.
func lz4Frame(s *scanner, head []byte) error {
	magic := binary.LittleEndian.Uint32(head)
	switch {
	case magic>>8 == 0x184d2a && len(head) < 8: // skippable
		s.extend(8)
		return nil
	case magic>>8 == 0x184d2a:
		s.skip = int64(binary.LittleEndian.Uint32(head[4:]))
		s.expect(4, lz4Frame)
		return nil
	case magic == lz4MagicLegacy:
		s.unchecked = true // a legacy frame ends with the input
		return s.need(lz4Legacy + lz4Beside)
	case magic != lz4Magic:
		return errHeader
	case len(head) < 6:
		s.extend(6)
		return nil
	}
	return lz4Descriptor(s, head)
}

// lz4Descriptor reads the rest of the header, of which there are at least 6 bytes: it
// begins with flags and the code of the block size.
func lz4Descriptor(s *scanner, head []byte) error {
	flags, sizeCode := head[4], head[5]>>4&7
	length := 7
	if flags&8 != 0 { // the content size
		length += 8
	}
	if flags&1 != 0 { // a dictionary's identifier
		length += 4
	}
	if len(head) < length {
		s.extend(length)
		return nil
	}
	if sizeCode < 4 {
		return errHeader
	}
	if err := s.need(2<<(8+2*sizeCode) + lz4Beside); err != nil {
		return err
	}
	s.expect(4, lz4Block(flags&4 != 0, flags&16 != 0))
	return nil
}

// lz4Block returns what reads the sizes of a frame's blocks. The frame may end
// with a checksum, and so may each block.
func lz4Block(frameChecksum, blockChecksum bool) headerFunc {
	var block headerFunc
	block = func(s *scanner, head []byte) error {
		size := binary.LittleEndian.Uint32(head)
		if size == 0 {
			if frameChecksum {
				s.skip = 4
			}
			s.expect(4, lz4Frame)
			return nil
		}
		s.skip = int64(size &^ (1 << 31)) // the highest bit: not compressed
		if blockChecksum {
			s.skip += 4
		}
		s.expect(4, block)
		return nil
	}
	return block
}
