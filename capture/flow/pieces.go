package flow

import (
	"bytes"
	"slices"
	"sort"
	"unsafe"
)

// piece is a copy of bytes that arrived before others. There is room in front
// of them, so that segments which arrive strictly backwards cost what they hold,
// not what they hold times what came before.
type piece struct {
	seq  uint32
	at   int // where the bytes begin in room
	room []byte
	cuts []uint32 // where segments began, in order: maxCuts of them
}

// maxCuts bounds the segments of a piece of which it is known where they began,
// for when what was before them turns out to be lost.
const maxCuts = 64

// noPiece is the index of no piece.
const noPiece = -1

func newPiece(seq uint32, data []byte) *piece {
	return &piece{seq: seq, room: append([]byte(nil), data...), cuts: []uint32{seq}}
}

// cut notes that a segment began at seq. Where there are too many, the one
// farthest from it goes.
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

// join makes p, and the piece that begins where p ends, one. The shorter is
// copied, so that many joins cost no more than the bytes of each, a few times.
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

// trimFront cuts what lies before from.
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

// trimBack cuts what lies at or behind to.
func trimBack(seq uint32, data []byte, to uint32) []byte {
	n := distance(to, seq)
	if n <= 0 {
		return nil
	}
	return data[:min(n, len(data))]
}

// keep stores bytes that lie beyond a hole. Of bytes that came before, the first
// to arrive stay; conflict reports that others now differ. stored is the index
// of the piece that has the bytes now, or noPiece: they are left out. full reports
// that the bound on bytes is reached.
func (h *half) keep(seq uint32, data []byte) (stored int, conflict, full bool) {
	k := h.room()
	first := sort.Search(len(k.pending), func(i int) bool { return distance(k.pending[i].end(), seq) >= 0 })
	end := seq + uint32(len(data))
	last := first // behind the pieces that data touches
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
	for i := first; ; i++ {
		p := k.pending[i]
		conflict = conflict || differs(p.seq, p.data(), seq, data)
		until := end
		if i+1 < last {
			until = k.pending[i+1].seq
		}
		from, behind := trimFront(seq, data, p.end())
		behind = trimBack(from, behind, until)
		p.append(behind)
		k.beyond += len(behind)
		if i+1 == last {
			break
		}
	}
	k.pending[first].cut(seq)
	for last > first+1 {
		k.pending[last-2].join(k.pending[last-1])
		k.remove(last - 1)
		last--
	}
	k.room += k.pending[first].size()
	return first, conflict, k.beyond > maxPending
}

// differs reports whether two stretches of a direction have other bytes where
// they overlap.
func differs(aSeq uint32, a []byte, bSeq uint32, b []byte) bool {
	aSeq, a = trimFront(aSeq, a, bSeq)
	_, b = trimFront(bSeq, b, aSeq)
	n := min(len(a), len(b))
	return !bytes.Equal(a[:n], b[:n])
}

// insert adds a piece. Where there are too many, the one that is farthest ahead
// goes: bytes near the hole are those that the consumer gets first.
func (k *kept) insert(at int, seq uint32, data []byte) int {
	if n := len(k.pending); n == maxPieces {
		k.full = true
		if at == n {
			return noPiece
		}
		k.release(n - 1)
	}
	k.pending = append(k.pending, nil)
	copy(k.pending[at+1:], k.pending[at:])
	k.pending[at] = newPiece(seq, data)
	k.beyond += len(data)
	k.room += k.pending[at].size()
	return at
}

// release removes and returns a piece.
func (k *kept) release(at int) *piece {
	p := k.pending[at]
	k.beyond -= len(p.data())
	k.room -= p.size()
	k.remove(at)
	return p
}

// remove takes a piece out of the list. The caller counts its bytes.
func (k *kept) remove(at int) {
	n := len(k.pending) - 1
	copy(k.pending[at:], k.pending[at+1:])
	k.pending[n] = nil
	k.pending = k.pending[:n]
}

// take removes and returns the first pending bytes when they join next.
func (h *half) take() []byte {
	for h.waiting() && distance(h.kept.pending[0].seq, h.next) <= 0 {
		p := h.kept.first()
		if _, data := trimFront(p.seq, p.data(), h.next); len(data) > 0 {
			return data
		}
	}
	return nil
}

// first removes and returns the first piece; there must be one.
func (k *kept) first() *piece { return k.release(0) }
