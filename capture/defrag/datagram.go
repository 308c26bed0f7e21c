package defrag

import (
	"bytes"
	"math"
	"math/bits"
)

// Fragments begin at multiples of eight bytes (RFC 791, 3.1), so a datagram is a
// row of blocks, with one bit for each block that has arrived. Fragments cost only
// the memory of their bytes, whatever their size and order.
const (
	blockSize   = 8
	chunkSize   = 2048 // an Ethernet-sized fragment lies in one or two chunks
	chunkBlocks = chunkSize / blockSize
	maxLength   = 65535 // of an IP packet (RFC 791, 3.1)
	maxBlocks   = (maxLength + blockSize - 1) / blockSize
	wordBlocks  = 64
)

// chunk holds 2 KiB of a datagram.
type chunk struct {
	next   *chunk // in the list of unused chunks
	have   [chunkBlocks / wordBlocks]uint64
	starts [chunkBlocks / wordBlocks]uint64 // blocks that fragments begin with
	last   [chunkBlocks / wordBlocks]uint64 // blocks of the last fragment
	data   [chunkSize]byte
}

// datagram is an incomplete datagram, or a complete one that is remembered so
// that copies of its fragments are recognised.
type datagram struct {
	key          Key
	number       uint32 // see Result.Datagram
	since        int64  // when its first fragment came, by the clock; when it was completed, once it is
	completedAt  int64  // the capture time of the fragment that completed it
	older, newer *datagram
	chunks       [(maxBlocks + chunkBlocks - 1) / chunkBlocks]*chunk
	blocks       int // that have arrived
	end          int // of the fragment with the highest offset, in bytes
	total        int // bytes in all; 0 before the last fragment has arrived
	lastFrom     int // where the last fragment begins
	uncaptured   int // the first byte that arrived and was not captured
	kept         int // bytes captured
	protocol     uint8
	anomalies    Anomaly
	reported     Anomaly // those of anomalies that were returned with the connection's ports
	complete     bool
	contested    bool // it has a rival: see Store.addRival
	resumed      bool // it continues a complete one
	inUse        bool // it must not be evicted now
	counted      bool // in Stats.Incomplete: it may carry TCP
}

// newDatagram returns a datagram that f is to be the first fragment of.
func newDatagram(key Key, f Fragment, now int64) *datagram {
	return &datagram{key: key, since: now, uncaptured: math.MaxInt, counted: key.V6 || !f.NoTCP}
}

// overlaps reports whether another fragment claimed bytes of f.
func (g *datagram) overlaps(f Fragment) bool { return g.claimed(blocksOf(f.From, f.To)) > 0 }

// contradicts reports whether f and the earlier fragments disagree on where the
// datagram ends.
func (g *datagram) contradicts(f Fragment) bool {
	if g.total != 0 {
		return f.To > g.total || f.Last && f.To != g.total
	}
	return f.Last && f.To < g.end
}

// disputes reports whether f and the last fragment cannot both be genuine.
func (g *datagram) disputes(f Fragment) bool {
	return (g.contradicts(f) || g.total != 0 && f.To > g.lastFrom && f.From < g.total) && !g.repeats(f)
}

// repeats reports whether f is an exact copy of an earlier fragment: networks
// duplicate packets, and a mirror port shows each of them twice.
func (g *datagram) repeats(f Fragment) bool {
	b, end := blocksOf(f.From, f.To)
	return g.claimed(b, end) == end-b && g.begun(b, b+1) == 1 && g.begun(b+1, end) == 0 &&
		(end >= maxBlocks || g.claimed(end, end+1) == g.begun(end, end+1)) && g.holds(f)
}

// holds reports whether the datagram holds the bytes of f, as far as both were
// captured.
func (g *datagram) holds(f Fragment) bool {
	end := min(f.From+len(f.Data), f.To, g.uncaptured)
	for at := f.From; at < end; {
		part := min(end, (at/chunkSize+1)*chunkSize)
		if !bytes.Equal(g.chunks[at/chunkSize].data[at%chunkSize:][:part-at], f.captured(at, part)) {
			return false
		}
		at = part
	}
	return true
}

// ports returns the bytes with the ports of a datagram that begins with a TCP
// header, or nil if they have not arrived.
func (g *datagram) ports() []byte {
	if g.protocol != protocolTCP || g.uncaptured < portsSize || g.claimed(0, 1) == 0 {
		return nil
	}
	return g.chunks[0].data[:portsSize]
}

// note records what f tells about the datagram as a whole.
func (g *datagram) note(f Fragment) {
	g.anomalies |= f.Anomalies
	if f.Last {
		g.total, g.lastFrom = f.To, f.From
	}
	if f.From == 0 && g.claimed(0, 1) == 0 {
		g.protocol = f.Protocol
		g.counted = g.counted && !f.NoTCP
	}
	if f.tiny() {
		g.anomalies |= Tiny
	}
}

// place marks the blocks of the bytes from from to to as arrived, and copies what
// was captured of them. The bytes are f's, and their chunks exist.
func (g *datagram) place(f Fragment, from, to int) {
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
		if f.Last {
			c.last[word] |= mask
		}
		if b == from/blockSize {
			c.starts[word] |= mask & -mask
		}
	}
}

// isWhole reports whether all blocks up to the end have arrived.
func (g *datagram) isWhole() bool {
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

// clearFrom takes the blocks from b on out.
func (g *datagram) clearFrom(b int) {
	for b < maxBlocks {
		word, mask, next := run(b, maxBlocks)
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

// lastBlock returns the number of the block after the last one that has arrived.
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

// claimed counts how many of the blocks from b to end have arrived.
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

// begun counts how many of the blocks from b to end are the first of a fragment.
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

// blocksOf returns the blocks of the bytes from from to to.
func blocksOf(from, to int) (first, end int) {
	return from / blockSize, (to + blockSize - 1) / blockSize
}

// run returns those of the blocks from b to end that share a word of the bit
// fields with b: the word's index in its chunk, their bits, and the block after
// them.
func run(b, end int) (word int, mask uint64, next int) {
	n := min(wordBlocks-b%wordBlocks, end-b)
	return b % chunkBlocks / wordBlocks, ^uint64(0) >> (wordBlocks - n) << (b % wordBlocks), b + n
}
