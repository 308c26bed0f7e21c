package flow

import "math"

// Bounds of one direction of one connection.
const (
	// MaxBuffered is how many bytes are kept at most for a Consumer that needs more:
	// the longest TLS record (2^14 + 2048, RFC 5246 6.2.3) fits, with what precedes it in
	// its segment.
	MaxBuffered = 32 << 10
	// maxPending bounds the bytes kept beyond a hole. One offloaded segment is up to 64
	// kB, and the hole may be before two.
	maxPending = 160 << 10
	// pieceCharge is the least that a piece beyond a hole counts, in bytes: an attacker
	// leaves a hole after each byte. It is more than the memory of a piece, and a third of
	// what Linux counts, so no receiver has kept what is dropped here.
	pieceCharge = 256
	maxPieces   = maxPending / pieceCharge
	// maxDoubts bounds the segments that may be padding. See doubt.
	maxDoubts = 8
	// maxTried is at how many bytes Consumer.Start is called in a direction whose
	// beginning was not captured. A segment counts tryCharge at least, and maxTry, what
	// Ethernet carries, at most: a call costs the same however long the segment is.
	maxTried  = 32 << 10
	tryCharge = 256
	maxTry    = 1460
	// startBytes is how many bytes of small segments are joined before Consumer.Start is
	// called: a TLS record's header and a hello's first fields are 11.
	startBytes = 32
	// window is how far a segment may lie from the expected byte: a receive window of the
	// first round trips.
	window = 1 << 20
)

// half is one direction while it is followed. It is small, because it is part of the
// Stream; what is seldom needed is in kept.
type half struct {
	kept  *kept  // nil until something is kept
	next  uint32 // the sequence number expected next
	need  uint16 // the fewest bytes to call the consumer with
	tried uint8  // counted against maxTried, in units of tryCharge
	flags halfFlags
}

// halfFlags is a set of flags.
type halfFlags uint8

const (
	synced       halfFlags = 1 << iota // next is valid
	pinned                             // the consumer has consumed bytes: next cannot move back
	ignored                            // the consumer needs no more of it
	holding                            // kept is not empty
	acknowledged                       // the other end acknowledged where the direction begins
	begun                              // Consumer.Begins was called
	tunnelled                          // some of its packets came in a tunnel
)

func (h *half) is(f halfFlags) bool { return h.flags&f != 0 }

// sync makes next the sequence number that is expected.
func (h *half) sync(next uint32) {
	h.next = next
	h.flags |= synced
}

// updateHolding sets or clears holding.
func (h *half) updateHolding() {
	h.flags &^= holding
	if k := h.kept; k != nil && len(k.buf)+len(k.pending)+k.doubts > 0 {
		h.flags |= holding
	}
}

// kept is what waits in a direction, for more bytes or for earlier ones. Most directions
// have none: their bytes go straight from the frame to the consumer.
type kept struct {
	buf     []byte   // in order, not consumed yet; ends at next
	pending []*piece // beyond a hole, sorted by seq; they neither overlap nor touch
	beyond  int      // bytes in pending
	room    int      // memory for pending, in bytes
	full    bool     // a piece was dropped, and the consumer was not told yet
	doubt   [maxDoubts]doubt
	doubts  int // elements of doubt that are used
}

// distance is how far a lies after b in sequence space, negative if before: RFC 9293, 3.4.
func distance(a, b uint32) int { return int(int32(a - b)) }

// maxKeptBuffer and maxKeptPieces are the largest buffer, and the longest list of pieces,
// that a Stream keeps for its next connection. Larger ones are rare.
const (
	maxKeptBuffer = 4 << 10
	maxKeptPieces = 64
)

// reset forgets everything, but keeps the memory.
func (h *half) reset() {
	k := h.kept
	if k != nil && (cap(k.buf) > maxKeptBuffer || cap(k.pending) > maxKeptPieces) {
		k = nil
	}
	*h = half{kept: k}
	h.drop()
}

// drop forgets the direction's bytes.
func (h *half) drop() {
	if k := h.kept; k != nil {
		clear(k.pending)
		k.buf, k.pending, k.beyond, k.room, k.doubts = k.buf[:0], k.pending[:0], 0, 0, 0
	}
	h.flags &^= holding
}

// ensureKept returns kept, which it makes if need be.
func (h *half) ensureKept() *kept {
	if h.kept == nil {
		h.kept = new(kept)
	}
	return h.kept
}

// leave keeps data, which the consumer did not consume. held: data is the end of buf.
func (h *half) leave(data []byte, held bool) {
	switch {
	case held:
		h.kept.buf = h.kept.buf[:copy(h.kept.buf, data)]
	case len(data) > 0:
		k := h.ensureKept()
		k.buf = append(k.buf, data...)
	}
}

// empty reports whether nothing is held.
func (h *half) empty() bool { return !h.is(holding) }

// waiting reports whether there are bytes beyond a hole.
func (h *half) waiting() bool { return h.kept != nil && len(h.kept.pending) > 0 }

// size is the bytes held.
func (h *half) size() int {
	if h.empty() {
		return 0
	}
	return len(h.kept.buf) + h.kept.room
}

// tryMore counts a segment of size bytes against maxTried, and reports whether more may be
// tried.
func (h *half) tryMore(size int) bool {
	h.tried = uint8(min(int(h.tried)+max(1, min(size, maxTry)/tryCharge), math.MaxUint8))
	return h.tried <= maxTried/tryCharge
}

// pin notes that the consumer has consumed n bytes.
func (h *half) pin(n int) {
	if n > 0 {
		h.flags |= pinned
	}
}

// setNeed notes how many bytes the consumer needs in its next call.
func (h *half) setNeed(need int) { h.need = uint16(min(need, MaxBuffered)) }

// conflicts reports whether data, which begins at seq, differs from bytes in buf.
func (h *half) conflicts(seq uint32, data []byte) bool {
	if h.kept == nil {
		return false
	}
	base := h.next - uint32(len(h.kept.buf))
	seq, data = trimFront(seq, data, base)
	data = trimBack(seq, data, h.next)
	if len(data) == 0 {
		return false
	}
	return string(h.kept.buf[distance(seq, base):][:len(data)]) != string(data)
}
