package compress

// xz: its file format, version 1.2.1, and the chunks of LZMA2 in it.

const (
	// xzBeside is what the decompressor allocates beside the dictionary.
	xzBeside = 128 << 10
	// Lengths of a stream's header and footer, in bytes.
	xzHeader, xzFooter = 12, 12

	lzma2Filter   = 0x21
	lzma2MaxProps = 40
)

// xzChecks are the lengths of the check that follows a block, by its type
// (2.1.1.2).
var xzChecks = [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

// xzStream reads the header of a stream, or four bytes of the padding between two
// streams.
func xzStream(s *scanner, head []byte) error {
	switch {
	case string(head[:4]) == "\x00\x00\x00\x00":
		s.expect(4, xzStream)
		return nil
	case len(head) < xzHeader:
		s.extend(xzHeader)
		return nil
	case string(head[:6]) != "\xfd7zXZ\x00":
		return errHeader
	}
	x := &xzScan{check: xzChecks[head[7]&15]}
	s.expect(1, x.block)
	return nil
}

// xzScan is the state of one stream.
type xzScan struct {
	check   int64  // length of the check that follows a block, in bytes
	size    int64  // bytes of the block's data so far
	numbers uint64 // how many numbers of the index are still to come
	counted bool   // numbers is known
	length  int64  // bytes of the index so far
}

// block reads the header of a block, or finds the index (3.1).
func (x *xzScan) block(s *scanner, head []byte) error {
	if head[0] == 0 {
		x.length, x.counted = 1, false
		s.expect(1, x.index)
		return nil
	}
	length := (int(head[0]) + 1) * 4
	if len(head) < length {
		s.extend(length)
		return nil
	}
	dictionary, ok := xzDictionary(head)
	if !ok {
		return errHeader
	}
	if dictionary <= maxXzDictionary { // the decompressor refuses a larger one
		if err := s.need(dictionary + xzBeside); err != nil {
			return err
		}
	}
	x.size = 0
	s.expect(1, x.chunk)
	return nil
}

// xzDictionary finds LZMA2 among the filters of a block's header (3.1.5, 5.3.1).
func xzDictionary(head []byte) (bytes int64, ok bool) {
	rest := head[2 : len(head)-4]
	for range head[1]>>6&1 + head[1]>>7 { // the block's sizes, where it gives them
		if _, rest, ok = xzNumber(rest); !ok {
			return 0, false
		}
	}
	for range head[1]&3 + 1 {
		var id, size uint64
		if id, rest, ok = xzNumber(rest); ok {
			size, rest, ok = xzNumber(rest)
		}
		if !ok || size > uint64(len(rest)) {
			return 0, false
		}
		if id == lzma2Filter && size == 1 && rest[0] <= lzma2MaxProps {
			return int64(2|rest[0]&1) << (rest[0]/2 + 11), true
		}
		rest = rest[size:]
	}
	return 0, false
}

// xzNumber reads a variable-length integer (1.2).
func xzNumber(b []byte) (n uint64, rest []byte, ok bool) {
	for i, c := range b {
		if i == 9 {
			return 0, nil, false
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// chunk reads the header of a chunk of LZMA2, or finds the end of the block.
func (x *xzScan) chunk(s *scanner, head []byte) error {
	control, length, data := head[0], 1, int64(0)
	switch {
	case control == 0:
		x.size++
		s.skip = -x.size&3 + x.check
		s.expect(1, x.block)
		return nil
	case control >= 0xc0: // with properties
		length = 6
	case control >= 0x80:
		length = 5
	case control <= 2: // not compressed
		length = 3
	default:
		return errHeader
	}
	if len(head) < length {
		s.extend(length)
		return nil
	}
	if control >= 0x80 {
		data = int64(head[3])<<8 | int64(head[4])
	} else {
		data = int64(head[1])<<8 | int64(head[2])
	}
	data++
	x.size += int64(length) + data
	s.skip = data
	s.expect(1, x.chunk)
	return nil
}

// index reads a number of the index (4): the count of records, then two numbers for
// each record.
func (x *xzScan) index(s *scanner, head []byte) error {
	last := head[len(head)-1]
	switch {
	case last >= 0x80 && len(head) < 9:
		s.extend(len(head) + 1)
		return nil
	case last >= 0x80:
		return errHeader
	}
	x.length += int64(len(head))
	if !x.counted {
		count, _, _ := xzNumber(head)
		x.counted, x.numbers = true, 2*count
	} else {
		x.numbers--
	}
	if x.numbers > 0 {
		s.expect(1, x.index)
		return nil
	}
	s.skip = -x.length&3 + 4 + xzFooter // padding, a CRC32, the footer
	s.expect(4, xzStream)
	return nil
}
