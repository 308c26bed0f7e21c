package keep

import (
	"encoding/binary"

	"tlsfloor/capture"
)

const (
	// blockSize is what a SYN and its header fit into, with two tags.
	blockSize = 256
	// slabBlocks is how many blocks are allocated at once.
	slabBlocks = 256
	headerSize = 18
)

// store holds frames in lists of blocks. It takes no more memory than most blocks, and
// none before frames come.
type store struct {
	slabs [][]byte
	next  []int32  // by block: the next one of its list; 0: none
	used  []uint16 // by block: how many of its bytes are used
	free  int32    // the first of the blocks that were given back
	made  int32    // blocks that were ever used: those up to this number
	most  int32
	inUse int32
	frame []byte // the frame that each reads
}

// list is a list of frames. The zero value is an empty one. Blocks are numbered from 1.
type list struct {
	first, last int32
	blocks      int32
	frames      int32
	bytes       int32 // captured bytes in the frames
}

// newStore returns a store of so many bytes.
func newStore(bytes int64) store {
	const blockCost = blockSize + 4 + 2
	most := int32(bytes / blockCost)
	return store{most: most, next: make([]int32, most+1), used: make([]uint16, most+1)}
}

// room is how many bytes could be added to a list.
func (s *store) room(l *list) int {
	n := int(s.most-s.inUse) * blockSize
	if l.last != 0 {
		n += blockSize - int(s.used[l.last])
	}
	return n
}

// put appends a copy of a frame, of a source with a number, and reports whether there was
// room for it.
func (s *store) put(l *list, f *capture.Frame, source uint16) bool {
	if s.room(l) < headerSize+len(f.Data) {
		return false
	}
	var h [headerSize]byte
	binary.LittleEndian.PutUint64(h[:], uint64(f.Time))
	binary.LittleEndian.PutUint32(h[8:], uint32(f.Length))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(f.Data)))
	binary.LittleEndian.PutUint16(h[16:], source)
	s.write(l, h[:])
	s.write(l, f.Data)
	l.frames++
	l.bytes += int32(len(f.Data))
	return true
}

// write appends bytes, for which there is room.
func (s *store) write(l *list, b []byte) {
	for len(b) > 0 {
		if l.last == 0 || s.used[l.last] == blockSize {
			s.extend(l)
		}
		n := copy(s.block(l.last)[s.used[l.last]:], b)
		s.used[l.last] += uint16(n)
		b = b[n:]
	}
}

// extend appends an empty block.
func (s *store) extend(l *list) {
	b := s.free
	if b != 0 {
		s.free = s.next[b]
	} else {
		s.made++
		if b = s.made; int(b) > len(s.slabs)*slabBlocks {
			s.slabs = append(s.slabs, make([]byte, slabBlocks*blockSize))
		}
	}
	s.next[b], s.used[b] = 0, 0
	if l.last != 0 {
		s.next[l.last] = b
	} else {
		l.first = b
	}
	l.last = b
	l.blocks++
	s.inUse++
}

func (s *store) block(b int32) []byte {
	at := (b - 1) % slabBlocks * blockSize
	return s.slabs[(b-1)/slabBlocks][at : at+blockSize]
}

// join moves the frames of a list to the end of another one.
func (s *store) join(to, from *list) {
	if from.first == 0 {
		return
	}
	if to.last != 0 {
		s.next[to.last] = from.first
	} else {
		to.first = from.first
	}
	to.last = from.last
	to.blocks += from.blocks
	to.frames += from.frames
	to.bytes += from.bytes
	*from = list{}
}

// release gives the blocks of a list back, and empties it.
func (s *store) release(l *list) {
	if l.first != 0 {
		s.next[l.last] = s.free
		s.free = l.first
		s.inUse -= l.blocks
	}
	*l = list{}
}

// each calls do with each frame and the number of its source, in the order in which they
// were put. The frame is valid during the call.
func (s *store) each(l *list, do func(f *capture.Frame, source uint16)) {
	at := cursor{store: s, block: l.first}
	for range l.frames {
		var h [headerSize]byte
		at.read(h[:])
		n := int(binary.LittleEndian.Uint32(h[12:]))
		if cap(s.frame) < n {
			s.frame = make([]byte, n)
		}
		f := capture.Frame{
			Time:   int64(binary.LittleEndian.Uint64(h[:])),
			Length: int(binary.LittleEndian.Uint32(h[8:])),
			Data:   s.frame[:n],
		}
		at.read(f.Data)
		do(&f, binary.LittleEndian.Uint16(h[16:]))
	}
}

// cursor is a place in a list.
type cursor struct {
	store *store
	block int32
	at    uint16 // in block
}

// read fills b with the next bytes.
func (c *cursor) read(b []byte) {
	for len(b) > 0 {
		if c.at == c.store.used[c.block] {
			c.block, c.at = c.store.next[c.block], 0
		}
		n := copy(b, c.store.block(c.block)[c.at:c.store.used[c.block]])
		c.at += uint16(n)
		b = b[n:]
	}
}

// maxSources bounds the sources that are told apart. Beyond it they have no name.
const maxSources = 1 << 12

// sources numbers the interfaces, or captures, that frames came from, by link type.
type sources struct {
	list    []source
	numbers map[sourceKey]uint16
	last    uint16 // the number of the last frame's
}

type sourceKey struct {
	link capture.LinkType
	name string
}

type source struct {
	sourceKey
	written bool
	iface   uint32 // its number in the file, if written
}

func newSources() sources { return sources{numbers: map[sourceKey]uint16{}} }

// number returns the number of a frame's source.
func (s *sources) number(f *capture.Frame) uint16 {
	key := sourceKey{f.Link, f.Source}
	if len(s.list) > 0 && s.list[s.last].sourceKey == key {
		return s.last
	}
	n, ok := s.numbers[key]
	if !ok && len(s.list) >= maxSources {
		key.name = ""
		n, ok = s.numbers[key]
	}
	if !ok {
		n = uint16(len(s.list))
		s.list = append(s.list, source{sourceKey: key})
		s.numbers[key] = n
	}
	s.last = n
	return n
}

// in returns the number that a source has in the file.
func (s *sources) in(to Writer, number uint16) uint32 {
	of := &s.list[number]
	if !of.written {
		of.written, of.iface = true, to.Interface(of.link, of.name)
	}
	return of.iface
}
