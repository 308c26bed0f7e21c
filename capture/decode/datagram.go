package decode

import (
	"bytes"
	"math"
	"math/bits"
)

// Fragments begin at multiples of eight bytes (RFC 791, 3.1): a datagram is a
// row of blocks, of which a bit says whether it is here. So fragments of any
// size, in any order, cost what their bytes cost.
const (
	blockSize   = 8
	chunkSize   = 2048 // an Ethernet-sized fragment is in one or two chunks
	chunkBlocks = chunkSize / blockSize
	maxBlocks   = (maxIPLength + blockSize - 1) / blockSize
	wordBlocks  = 64
)

// chunk holds 2 KiB of a datagram.
type chunk struct {
	next   *chunk // among the unused
	have   [chunkBlocks / wordBlocks]uint64
	starts [chunkBlocks / wordBlocks]uint64 // blocks that fragments begin with
	last   [chunkBlocks / wordBlocks]uint64 // blocks of the last fragment
	data   [chunkSize]byte
}

// datagram is an incomplete one, or one that was finished and is remembered for
// the copies of its fragments.
type datagram struct {
	key          fragmentKey
	since        int64 // when its first fragment came, by the clock
	finishedAt   int64 // the capture time of the fragment that finished it
	older, newer *datagram
	chunks       [(maxBlocks + chunkBlocks - 1) / chunkBlocks]*chunk
	blocks       int // here
	end          int // of the last fragment by offset, in bytes
	total        int // bytes in all; 0 before the last fragment is here
	lastFrom     int // where that fragment begins
	uncaptured   int // the first byte that is here and was not captured
	kept         int // bytes captured
	protocol     uint8
	anomalies    Anomaly
	told         Anomaly // those of them that its connection was told of
	finished     bool
	contested    bool // there is a rival
	resumed      bool // it continues a finished one
	busy         bool // not to be given up now
	counts       bool // as incomplete, when it is given up: it may carry TCP
}

func newDatagram(key fragmentKey, now int64) *datagram {
	return &datagram{key: key, since: now, uncaptured: math.MaxInt, counts: key.v6 || !quietProtocol(key.protocol)}
}

// run returns the part of the blocks from b to end that is in b's word: the
// word's index in its chunk, the bits, and the block after them.
func run(b, end int) (word int, mask uint64, next int) {
	n := min(wordBlocks-b%wordBlocks, end-b)
	return b % chunkBlocks / wordBlocks, ^uint64(0) >> (wordBlocks - n) << (b % wordBlocks), b + n
}

// blocksOf returns the blocks of the bytes from from to to.
func blocksOf(from, to int) (first, end int) {
	return from / blockSize, (to + blockSize - 1) / blockSize
}

// claimed counts how many of the blocks from b to end are here.
func (g *datagram) claimed(b, end int) (n int) {
	for b < end {
		word, mask, next := run(b, end)
		if c := g.chunks[b/chunkBlocks]; c != nil {
			n += bits.OnesCount64(c.have[word] & mask)
		}
		b = next
	}
	return n
}

// begun counts how many of the blocks from b to end a fragment begins with.
func (g *datagram) begun(b, end int) (n int) {
	for b < end {
		word, mask, next := run(b, end)
		if c := g.chunks[b/chunkBlocks]; c != nil {
			n += bits.OnesCount64(c.starts[word] & mask)
		}
		b = next
	}
	return n
}

// clear takes the blocks from b to end out.
func (g *datagram) clear(b, end int) {
	for b < end {
		word, mask, next := run(b, end)
		if c := g.chunks[b/chunkBlocks]; c != nil {
			g.blocks -= bits.OnesCount64(c.have[word] & mask)
			c.have[word] &^= mask
			c.starts[word] &^= mask
			c.last[word] &^= mask
		}
		b = next
	}
}

// clearLast takes the last fragment out.
func (g *datagram) clearLast() {
	for _, c := range g.chunks {
		for w := 0; c != nil && w < len(c.last); w++ {
			g.blocks -= bits.OnesCount64(c.last[w])
			c.have[w] &^= c.last[w]
			c.starts[w] &^= c.last[w]
			c.last[w] = 0
		}
	}
}

// lastBlock returns the block after the last one that is here.
func (g *datagram) lastBlock() int {
	for i := len(g.chunks) - 1; i >= 0; i-- {
		c := g.chunks[i]
		for w := chunkBlocks/wordBlocks - 1; c != nil && w >= 0; w-- {
			if c.have[w] != 0 {
				return i*chunkBlocks + w*wordBlocks + bits.Len64(c.have[w])
			}
		}
	}
	return 0
}

// overlaps reports whether another fragment claimed bytes of f.
func (g *datagram) overlaps(f fragment) bool { return g.claimed(blocksOf(f.from, f.to)) > 0 }

// contradicts reports whether f and the fragments before it disagree on where
// the datagram ends.
func (g *datagram) contradicts(f fragment) bool {
	if g.total != 0 {
		return f.to > g.total || f.last && f.to != g.total
	}
	return f.last && f.to < g.end
}

// disputed reports whether f and the last fragment cannot both be true.
func (g *datagram) disputed(f fragment) bool {
	return (g.contradicts(f) || g.total != 0 && f.to > g.lastFrom && f.from < g.total) && !g.repeats(f)
}

// repeats reports whether f is a copy of a fragment that came before, to the
// byte: networks duplicate packets, and a mirror port shows each of them twice.
func (g *datagram) repeats(f fragment) bool {
	b, end := blocksOf(f.from, f.to)
	return g.claimed(b, end) == end-b && g.begun(b, b+1) == 1 && g.begun(b+1, end) == 0 &&
		(end >= maxBlocks || g.claimed(end, end+1) == g.begun(end, end+1)) && g.agrees(f)
}

// agrees reports whether the datagram holds the bytes of f, as far as both were
// captured.
func (g *datagram) agrees(f fragment) bool {
	end := min(f.from+len(f.data), f.to, g.uncaptured)
	for at := f.from; at < end; {
		part := min(end, (at/chunkSize+1)*chunkSize)
		if !bytes.Equal(g.chunks[at/chunkSize].data[at%chunkSize:][:part-at], f.captured(at, part)) {
			return false
		}
		at = part
	}
	return true
}

// ports returns the bytes with the ports of a datagram that begins with a TCP
// header; nil: they are not here.
func (g *datagram) ports() []byte {
	if g.protocol != uint8(TCP) || g.uncaptured < portsSize || g.claimed(0, 1) == 0 {
		return nil
	}
	return g.chunks[0].data[:portsSize]
}

// note records what f says of the datagram as a whole.
func (g *datagram) note(f fragment) {
	g.anomalies |= f.odd
	if f.last {
		g.total, g.lastFrom = f.to, f.from
	}
	if f.from == 0 && g.claimed(0, 1) == 0 {
		g.protocol = f.protocol
		g.counts = g.counts && !quietProtocol(f.protocol)
	}
	if f.tiny() {
		g.anomalies |= FragmentTiny
	}
}

// place marks the blocks of the bytes from from to to, which are f's and whose
// chunks are there, and copies what of them was captured.
func (g *datagram) place(f fragment, from, to int) {
	for at := from; at < to; {
		part := min(to, (at/chunkSize+1)*chunkSize)
		kept := copy(g.chunks[at/chunkSize].data[at%chunkSize:], f.captured(at, part))
		g.kept += kept
		if kept < part-at {
			g.uncaptured = min(g.uncaptured, at+kept)
		}
		at = part
	}
	b, end := blocksOf(from, to)
	g.blocks += end - b
	g.end = max(g.end, to)
	for word, mask, next := 0, uint64(0), 0; b < end; b = next {
		word, mask, next = run(b, end)
		c := g.chunks[b/chunkBlocks]
		c.have[word] |= mask
		if f.last {
			c.last[word] |= mask
		}
		if b == from/blockSize {
			c.starts[word] |= mask & -mask
		}
	}
}

// whole reports whether all blocks up to the end are here.
func (g *datagram) whole() bool {
	_, end := blocksOf(0, g.total)
	return g.total != 0 && g.blocks == end
}

// appendTo appends the datagram up to the first byte that was not captured.
func (g *datagram) appendTo(dst []byte) []byte {
	end := min(g.total, g.uncaptured)
	for at := 0; at < end; at += chunkSize {
		dst = append(dst, g.chunks[at/chunkSize].data[:min(chunkSize, end-at)]...)
	}
	return dst
}

// captured returns the captured bytes of the datagram between from and to.
func (f *fragment) captured(from, to int) []byte {
	n := len(f.data)
	return f.data[min(n, from-f.from):min(n, to-f.from)]
}
