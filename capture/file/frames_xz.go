package file

// xz: its file format, version 1.2.1, and what LZMA2 in it looks like.

const (
	// xzBeside is what the decompressor takes beside the dictionary.
	xzBeside = 128 << 10
	// xzHeader and xzFooter are the lengths of a stream's.
	xzHeader, xzFooter = 12, 12

	lzma2Filter   = 0x21
	lzma2MaxProps = 40
)

// xzChecks are the lengths of the check behind a block, by its type (2.1.1.2).
var xzChecks = [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

// xzStream is in front of a stream, or of the padding between two.
func xzStream(f *framing, head []byte) error {
	switch {
	case string(head[:4]) == "\x00\x00\x00\x00":
		f.header(4, xzStream)
		return nil
	case len(head) < xzHeader:
		f.more(xzHeader)
		return nil
	case string(head[:6]) != "\xfd7zXZ\x00":
		return errFraming
	}
	x := &xzFollowing{check: xzChecks[head[7]&15]}
	f.header(1, x.block)
	return nil
}

// xzFollowing is the stream at hand.
type xzFollowing struct {
	check   int64
	size    int64  // of the block's data so far
	numbers uint64 // of the index that are to come
	counted bool   // numbers is known
	length  int64  // of the index so far
}

// block is in front of a block, or of the index (3.1).
func (x *xzFollowing) block(f *framing, head []byte) error {
	if head[0] == 0 {
		x.length, x.counted = 1, false
		f.header(1, x.index)
		return nil
	}
	length := (int(head[0]) + 1) * 4
	if len(head) < length {
		f.more(length)
		return nil
	}
	dictionary, ok := xzDictionary(head)
	if !ok {
		return errFraming
	}
	if dictionary <= maxXzDictionary { // the decompressor refuses a larger one
		if err := f.need(dictionary + xzBeside); err != nil {
			return err
		}
	}
	x.size = 0
	f.header(1, x.chunk)
	return nil
}

// xzDictionary finds LZMA2 among the filters of a block's header (3.1.5, 5.3.1).
func xzDictionary(head []byte) (bytes int64, ok bool) {
	rest := head[2 : len(head)-4]
	for range head[1]>>6&1 + head[1]>>7 { // the sizes that are given
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

// chunk is in front of a chunk of LZMA2.
func (x *xzFollowing) chunk(f *framing, head []byte) error {
	control, length, data := head[0], 1, int64(0)
	switch {
	case control == 0:
		x.size++
		f.pass = -x.size&3 + x.check
		f.header(1, x.block)
		return nil
	case control >= 0xc0: // with properties
		length = 6
	case control >= 0x80:
		length = 5
	case control <= 2: // not compressed
		length = 3
	default:
		return errFraming
	}
	if len(head) < length {
		f.more(length)
		return nil
	}
	if control >= 0x80 {
		data = int64(head[3])<<8 | int64(head[4])
	} else {
		data = int64(head[1])<<8 | int64(head[2])
	}
	data++
	x.size += int64(length) + data
	f.pass = data
	f.header(1, x.chunk)
	return nil
}

// index is inside the index (4): the count of records, and two numbers for each.
func (x *xzFollowing) index(f *framing, head []byte) error {
	last := head[len(head)-1]
	switch {
	case last >= 0x80 && len(head) < 9:
		f.more(len(head) + 1)
		return nil
	case last >= 0x80:
		return errFraming
	}
	x.length += int64(len(head))
	if !x.counted {
		count, _, _ := xzNumber(head)
		x.counted, x.numbers = true, 2*count
	} else {
		x.numbers--
	}
	if x.numbers > 0 {
		f.header(1, x.index)
		return nil
	}
	f.pass = -x.length&3 + 4 + xzFooter // padding, CRC32
	f.header(4, xzStream)
	return nil
}
