package flow

// Bounds of one direction of one connection.
const (
	// MaxBuffered is the most bytes kept for a Consumer that asked for more:
	// the longest TLS record (2^14 + 2048, RFC 5246 6.2.3) fits with room for
	// what precedes it in its segment.
	MaxBuffered = 32 << 10
	// maxPending bounds the bytes kept beyond a hole. One offloaded segment is
	// up to 64 kB, and the hole may be in front of two.
	maxPending = 160 << 10
	// maxSegments bounds the pieces kept beyond a hole: insertion is linear in
	// them, and an attacker sends one byte in each.
	maxSegments = 64
	// maxStarts is how many segments are tried for a beginning in a direction
	// whose beginning was not captured.
	maxStarts = 24
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
	kept   *kept  // nil: nothing ever was
	next   uint32 // the sequence number expected next
	need   uint16 // do not call the consumer with fewer bytes than this
	starts uint8  // tries to find a beginning
	flags  halfFlags
}

// halfFlags is a set of what is so.
type halfFlags uint8

const (
	synced  halfFlags = 1 << iota // next is valid
	pinned                        // the consumer has consumed: next can not move back
	ignored                       // nobody listens any more
	holding                       // kept has something: spares a look at it
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
	if k := h.kept; k != nil && len(k.buf)+len(k.pending) > 0 {
		h.flags |= holding
	}
}

// kept is what waits in a direction: for more bytes, or for those before it.
// The bytes of most go straight from the frame to the consumer.
type kept struct {
	buf     []byte    // in order, not consumed yet; ends at next
	pending []segment // beyond a hole, sorted by seq, not overlapping
	beyond  int       // bytes in pending
}

// segment is a copy of bytes that arrived before others.
type segment struct {
	seq  uint32
	data []byte
}

func (s segment) end() uint32 { return s.seq + uint32(len(s.data)) }

// distance is how far a lies behind b in sequence space: RFC 9293, 3.4.
func distance(a, b uint32) int { return int(int32(a - b)) }

// maxKeptBuffer is the largest buffer that stays with a Stream that is used
// again: a rare large one must not.
const maxKeptBuffer = 4 << 10

// reset forgets everything, and keeps the memory.
func (h *half) reset() {
	k := h.kept
	if k != nil && cap(k.buf) > maxKeptBuffer {
		k = nil
	}
	*h = half{kept: k}
	h.drop()
}

// drop forgets the direction's bytes: nobody wants them.
func (h *half) drop() {
	if k := h.kept; k != nil {
		clear(k.pending)
		k.buf, k.pending, k.beyond = k.buf[:0], k.pending[:0], 0
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
	return len(h.kept.buf) + h.kept.beyond
}

// pin notes that the consumer has consumed n bytes.
func (h *half) pin(n int) {
	if n > 0 {
		h.flags |= pinned
	}
}

// wants notes how many bytes the consumer has to see before it is called again.
func (h *half) wants(need int) { h.need = uint16(min(need, MaxBuffered)) }

// keep stores bytes that lie beyond a hole. The first to arrive is kept where
// two overlap. It reports false when the bounds are reached.
func (h *half) keep(seq uint32, data []byte) bool {
	k := h.room()
	for at := 0; at < len(k.pending) && len(data) > 0; at++ {
		s := k.pending[at]
		if distance(s.end(), seq) <= 0 {
			continue
		}
		if front := trimBack(seq, data, s.seq); len(front) > 0 {
			if !k.insert(at, seq, front) {
				return false
			}
			at++
		}
		seq, data = trimFront(seq, data, s.end())
	}
	return len(data) == 0 || k.insert(len(k.pending), seq, data)
}

func (k *kept) insert(at int, seq uint32, data []byte) bool {
	if len(k.pending) >= maxSegments || k.beyond+len(data) > maxPending {
		return false
	}
	k.pending = append(k.pending, segment{})
	copy(k.pending[at+1:], k.pending[at:])
	k.pending[at] = segment{seq, append([]byte(nil), data...)}
	k.beyond += len(data)
	return true
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

// take removes and returns the first pending bytes when they join next.
func (h *half) take() []byte {
	for h.waiting() && distance(h.kept.pending[0].seq, h.next) <= 0 {
		s := h.kept.first()
		if _, data := trimFront(s.seq, s.data, h.next); len(data) > 0 {
			return data
		}
	}
	return nil
}

// run appends to dst, up to its capacity, the bytes of the ith pending segment
// and of those that follow without a hole.
func (k *kept) run(i int, dst []byte) []byte {
	for end := k.pending[i].seq; i < len(k.pending) && k.pending[i].seq == end; i++ {
		data := k.pending[i].data
		dst = append(dst, data[:min(len(data), cap(dst)-len(dst))]...)
		end = k.pending[i].end()
	}
	return dst
}

// first removes and returns the first pending segment; there must be one.
func (k *kept) first() segment {
	s := k.pending[0]
	n := copy(k.pending, k.pending[1:])
	k.pending[n] = segment{}
	k.pending = k.pending[:n]
	k.beyond -= len(s.data)
	return s
}

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
