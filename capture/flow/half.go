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

// half is one direction while it is followed.
type half struct {
	buf     []byte    // in order, not consumed yet; ends at next
	pending []segment // beyond a hole, sorted by seq, not overlapping
	next    uint32    // the sequence number expected next
	need    int       // do not call the consumer with fewer bytes than this
	held    int       // bytes in pending
	starts  int       // tries to find a beginning
	synced  bool      // next is valid
	pinned  bool      // the consumer has consumed: next can not move back
	ignored bool
}

// segment is a copy of bytes that arrived before others.
type segment struct {
	seq  uint32
	data []byte
}

func (s segment) end() uint32 { return s.seq + uint32(len(s.data)) }

// distance is how far a lies behind b in sequence space: RFC 9293, 3.4.
func distance(a, b uint32) int { return int(int32(a - b)) }

// reset forgets everything, and keeps the memory.
func (h *half) reset() {
	buf, pending := h.buf[:0], h.pending[:0]
	if cap(buf) > 4<<10 { // a rare large one must not stay with the pool
		buf = nil
	}
	*h = half{buf: buf, pending: pending}
}

// drop forgets the direction's bytes: nobody wants them.
func (h *half) drop() {
	clear(h.pending)
	h.buf, h.pending, h.held = h.buf[:0], h.pending[:0], 0
}

// untouched reports whether nothing came yet where it was expected.
func (h *half) untouched() bool { return !h.pinned && h.empty() }

// empty reports whether nothing is held.
func (h *half) empty() bool { return len(h.buf) == 0 && len(h.pending) == 0 }

// size is the bytes held.
func (h *half) size() int { return len(h.buf) + h.held }

// keep stores bytes that lie beyond a hole. The first to arrive is kept where
// two overlap. It reports false when the bounds are reached.
func (h *half) keep(seq uint32, data []byte) bool {
	for at := 0; at < len(h.pending) && len(data) > 0; at++ {
		s := h.pending[at]
		if distance(s.end(), seq) <= 0 {
			continue
		}
		if front := trimBack(seq, data, s.seq); len(front) > 0 {
			if !h.insert(at, seq, front) {
				return false
			}
			at++
		}
		seq, data = trimFront(seq, data, s.end())
	}
	return len(data) == 0 || h.insert(len(h.pending), seq, data)
}

func (h *half) insert(at int, seq uint32, data []byte) bool {
	if len(h.pending) >= maxSegments || h.held+len(data) > maxPending {
		return false
	}
	h.pending = append(h.pending, segment{})
	copy(h.pending[at+1:], h.pending[at:])
	h.pending[at] = segment{seq, append([]byte(nil), data...)}
	h.held += len(data)
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
	for len(h.pending) > 0 && distance(h.pending[0].seq, h.next) <= 0 {
		s := h.first()
		if _, data := trimFront(s.seq, s.data, h.next); len(data) > 0 {
			return data
		}
	}
	return nil
}

// run appends to dst, up to its capacity, the bytes of the ith pending segment
// and of those that follow without a hole.
func (h *half) run(i int, dst []byte) []byte {
	for end := h.pending[i].seq; i < len(h.pending) && h.pending[i].seq == end; i++ {
		data := h.pending[i].data
		dst = append(dst, data[:min(len(data), cap(dst)-len(dst))]...)
		end = h.pending[i].end()
	}
	return dst
}

// first removes and returns the first pending segment; there must be one.
func (h *half) first() segment {
	s := h.pending[0]
	n := copy(h.pending, h.pending[1:])
	h.pending[n] = segment{}
	h.pending = h.pending[:n]
	h.held -= len(s.data)
	return s
}

// conflicts reports whether data, which begins at seq, differs from bytes that
// are still held in order.
func (h *half) conflicts(seq uint32, data []byte) bool {
	base := h.next - uint32(len(h.buf))
	seq, data = trimFront(seq, data, base)
	data = trimBack(seq, data, h.next)
	if len(data) == 0 {
		return false
	}
	return string(h.buf[distance(seq, base):][:len(data)]) != string(data)
}
