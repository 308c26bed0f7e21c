package flow

import (
	"bytes"
	"slices"
	"sort"
	"unsafe"
)

// piece is a copy of bytes that arrived before earlier ones. It has room in front, so that
// segments in reverse order are not copied again with each one that comes.
type piece struct {
	seq  uint32
	at   int // where the bytes begin in room
	room []byte
	cuts []uint32 // where segments began, in order: maxCuts at most
}

// maxCuts bounds the cuts of a piece. They are where reading may start if the bytes before
// the piece are lost.
const maxCuts = 64

// noPiece is the index of no piece.
const noPiece = -1

// cut notes that a segment began at seq. If there are too many cuts, the one farthest from
// it is dropped.
func (p *piece) cut(seq uint32) {
	at := len(p.cuts)
	for at > 0 && distance(p.cuts[at-1], seq) > 0 {
		at--
	}
	if at > 0 && p.cuts[at-1] == seq {
		return
	}
	if len(p.cuts) == maxCuts {
		if at > maxCuts/2 {
			p.cuts = slices.Delete(p.cuts, 0, 1)
			at--
		} else {
			p.cuts = p.cuts[:maxCuts-1]
		}
	}
	p.cuts = slices.Insert(p.cuts, at, seq)
}

// from returns the bytes from seq on, which must lie in the piece.
func (p *piece) from(seq uint32) []byte { return p.data()[distance(seq, p.seq):] }

// size is the memory that the piece takes, in bytes.
func (p *piece) size() int { return int(unsafe.Sizeof(*p)) + cap(p.room) + 4*cap(p.cuts) }

func (p *piece) data() []byte { return p.room[p.at:] }

func (p *piece) end() uint32 { return p.seq + uint32(len(p.room)-p.at) }

// prepend puts data in front of the piece. The room for that doubles.
func (p *piece) prepend(data []byte) {
	if len(data) > p.at {
		had := p.data()
		at := len(data) + len(had)
		room := make([]byte, at+len(had))
		copy(room[at:], had)
		p.room, p.at = room, at
	}
	p.at -= len(data)
	p.seq -= uint32(len(data))
	copy(p.room[p.at:], data)
}

func (p *piece) append(data []byte) { p.room = append(p.room, data...) }

// join appends next, which begins where p ends, to p. The shorter of both is copied, so
// that each byte is copied only a few times in many joins.
func (p *piece) join(next *piece) {
	few, many := p, next
	if len(next.data()) > len(p.data()) {
		next.prepend(p.data())
	} else {
		p.append(next.data())
		few, many = next, p
	}
	for _, seq := range few.cuts {
		many.cut(seq)
	}
	*p = *many
}

// trimFront cuts off what lies before from.
func trimFront(seq uint32, data []byte, from uint32) (uint32, []byte) {
	n := distance(from, seq)
	if n <= 0 {
		return seq, data
	}
	if n >= len(data) {
		return from, nil
	}
	return from, data[n:]
}

// trimBack cuts off what lies at or after to.
func trimBack(seq uint32, data []byte, to uint32) []byte {
	n := distance(to, seq)
	if n <= 0 {
		return nil
	}
	return data[:min(n, len(data))]
}

// keep stores bytes that lie beyond a hole. Bytes that arrived earlier stay; conflict
// reports that they differ. stored is the index of the piece that has the bytes now, or
// noPiece if they were dropped. full reports that maxPending is exceeded.
func (h *half) keep(seq uint32, data []byte) (stored int, conflict, full bool) {
	k := h.ensureKept()
	first := sort.Search(len(k.pending), func(i int) bool { return distance(k.pending[i].end(), seq) >= 0 })
	end := seq + uint32(len(data))
	last := first // after the pieces that data touches
	for last < len(k.pending) && distance(k.pending[last].seq, end) <= 0 {
		k.room -= k.pending[last].size()
		last++
	}
	if first == last {
		return k.insert(first, seq, data), false, k.beyond > maxPending
	}
	p := k.pending[first]
	if front := trimBack(seq, data, p.seq); len(front) > 0 {
		p.prepend(front)
		k.beyond += len(front)
	}
	conflict = k.fill(first, last, seq, data)
	p.cut(seq)
	for last > first+1 {
		k.pending[last-2].join(k.pending[last-1])
		k.remove(last - 1)
		last--
	}
	k.room += p.size()
	return first, conflict, k.beyond > maxPending
}

// fill appends to each of the pieces from first to last those bytes of data that lie
// between it and the next, and reports whether data differs from any of them.
func (k *kept) fill(first, last int, seq uint32, data []byte) (conflict bool) {
	end := seq + uint32(len(data))
	for i := first; i < last; i++ {
		p, until := k.pending[i], end
		conflict = conflict || differs(p.seq, p.data(), seq, data)
		if i+1 < last {
			until = k.pending[i+1].seq
		}
		from, after := trimFront(seq, data, p.end())
		after = trimBack(from, after, until)
		p.append(after)
		k.beyond += len(after)
	}
	return conflict
}

// differs reports whether two stretches of a direction have different bytes where they
// overlap.
func differs(aSeq uint32, a []byte, bSeq uint32, b []byte) bool {
	aSeq, a = trimFront(aSeq, a, bSeq)
	_, b = trimFront(bSeq, b, aSeq)
	n := min(len(a), len(b))
	return !bytes.Equal(a[:n], b[:n])
}

// insert adds a piece. If there are too many, the one farthest from the hole is dropped,
// because the consumer would get its bytes last.
func (k *kept) insert(at int, seq uint32, data []byte) int {
	if n := len(k.pending); n == maxPieces {
		k.full = true
		if at == n {
			return noPiece
		}
		k.release(n - 1)
	}
	k.pending = slices.Insert(k.pending, at, &piece{seq: seq, room: append([]byte(nil), data...), cuts: []uint32{seq}})
	k.beyond += len(data)
	k.room += k.pending[at].size()
	return at
}

// release removes and returns a piece, and counts its bytes.
func (k *kept) release(at int) *piece {
	p := k.pending[at]
	k.beyond -= len(p.data())
	k.room -= p.size()
	k.remove(at)
	return p
}

// remove takes a piece out of the list. The caller counts its bytes.
func (k *kept) remove(at int) { k.pending = slices.Delete(k.pending, at, at+1) }

// take removes and returns the first pending bytes, from next on, if they reach it.
func (h *half) take() []byte {
	for h.waiting() && distance(h.kept.pending[0].seq, h.next) <= 0 {
		p := h.kept.release(0)
		if _, data := trimFront(p.seq, p.data(), h.next); len(data) > 0 {
			return data
		}
	}
	return nil
}
