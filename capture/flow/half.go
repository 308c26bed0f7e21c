package flow

import "math"

// Bounds of one direction of one connection.
const (
	// MaxBuffered is the most bytes kept for a Consumer that asked for more:
	// the longest TLS record (2^14 + 2048, RFC 5246 6.2.3) fits with room for
	// what precedes it in its segment.
	MaxBuffered = 32 << 10
	// maxPending bounds the bytes kept beyond a hole. One offloaded segment is
	// up to 64 kB, and the hole may be in front of two.
	maxPending = 160 << 10
	// pieceCharge is what a piece beyond a hole counts at least, in bytes, whatever
	// it holds: an attacker leaves a hole behind each byte. It is more than a
	// piece costs here, and a third of what Linux charges, so that no receiver
	// has kept what is given up.
	pieceCharge = 256
	// maxPieces are the pieces that the same bytes of memory are enough for.
	maxPieces = maxPending / pieceCharge
	// maxDoubts bounds the segments that may be padding of which a direction
	// remembers where they are. See doubt.
	maxDoubts = 8
	// maxTried is how many bytes are tried for a beginning in a direction whose
	// beginning was not captured. A segment counts tryCharge at least, and what
	// Ethernet carries at most: a try costs the same however long it is.
	maxTried  = 32 << 10
	tryCharge = 256
	maxTry    = 1460
	// startBytes is how much of a direction is joined from small segments to
	// see whether it begins there: a TLS record's header and a hello's first
	// fields are 11.
	startBytes = 32
	// window is how far from the expected byte a segment may lie and still
	// belong to what is followed: a receive window of the first round trips.
	window = 1 << 20
)

// half is one direction while it is followed. It is small, and what it seldom
// needs lies elsewhere (see Stream).
type half struct {
	kept  *kept  // nil: nothing ever was
	next  uint32 // the sequence number expected next
	need  uint16 // do not call the consumer with fewer bytes than this
	tried uint8  // what was tried for a beginning, in units of tryCharge
	flags halfFlags
}

// halfFlags is a set of what is so.
type halfFlags uint8

const (
	synced    halfFlags = 1 << iota // next is valid
	pinned                          // the consumer has consumed: next can not move back
	ignored                         // nobody listens any more
	holding                         // kept has something: spares a look at it
	believed                        // the other end acknowledged where the direction begins
	begun                           // Consumer.Begins was called
	tunnelled                       // some of its packets came in a tunnel
)

func (h *half) is(f halfFlags) bool { return h.flags&f != 0 }

// sync makes next the sequence number that is expected.
func (h *half) sync(next uint32) {
	h.next = next
	h.flags |= synced
}

// note notes whether something is held.
func (h *half) note() {
	h.flags &^= holding
	k := h.kept
	if k == nil {
		return
	}
	if len(k.buf)+len(k.pending)+k.doubts > 0 {
		h.flags |= holding
	}
}

// kept is what waits in a direction: for more bytes, or for those before it.
// The bytes of most go straight from the frame to the consumer.
type kept struct {
	buf     []byte   // in order, not consumed yet; ends at next
	pending []*piece // beyond a hole, sorted by seq; they neither overlap nor touch
	beyond  int      // bytes in pending
	room    int      // memory for them, in bytes
	full    bool     // a piece was left out, and the consumer was not told yet
	doubt   [maxDoubts]doubt
	doubts  int
}

// distance is how far a lies behind b in sequence space: RFC 9293, 3.4.
func distance(a, b uint32) int { return int(int32(a - b)) }

// maxKeptBuffer and maxKeptPieces are the largest buffer and list of pieces that
// stay with a Stream that is used again: a rare large one must not.
const (
	maxKeptBuffer = 4 << 10
	maxKeptPieces = 64
)

// reset forgets everything, and keeps the memory.
func (h *half) reset() {
	k := h.kept
	if k != nil && (cap(k.buf) > maxKeptBuffer || cap(k.pending) > maxKeptPieces) {
		k = nil
	}
	*h = half{kept: k}
	h.drop()
}

// drop forgets the direction's bytes: nobody wants them.
func (h *half) drop() {
	if k := h.kept; k != nil {
		clear(k.pending)
		k.buf, k.pending, k.beyond, k.room, k.doubts = k.buf[:0], k.pending[:0], 0, 0, 0
	}
	h.flags &^= holding
}

// room is where to keep bytes.
func (h *half) room() *kept {
	if h.kept == nil {
		h.kept = new(kept)
	}
	return h.kept
}

// leave keeps data, which the consumer did not consume; held says that it is
// the end of what was kept already.
func (h *half) leave(data []byte, held bool) {
	switch {
	case held:
		h.kept.buf = h.kept.buf[:copy(h.kept.buf, data)]
	case len(data) > 0:
		k := h.room()
		k.buf = append(k.buf, data...)
	}
}

// untouched reports whether nothing came yet where it was expected.
func (h *half) untouched() bool { return !h.is(pinned) && h.empty() }

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

// tryMore counts a segment of size bytes that was tried for a beginning, and
// reports whether more may be.
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

// wants notes how many bytes the consumer has to see before it is called again.
func (h *half) wants(need int) { h.need = uint16(min(need, MaxBuffered)) }

// conflicts reports whether data, which begins at seq, differs from bytes that
// are still held in order.
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
