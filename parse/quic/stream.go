package quic

const (
	// MaxBuffered bounds the CRYPTO bytes of a direction that wait to be read, or wait
	// for earlier ones. Servers allow 4 KiB at least and 16 KiB as a rule (RFC 9000,
	// 7.5); a post-quantum hello has 2 KiB.
	MaxBuffered = 16 << 10
	// maxPieces bounds the pieces that wait for earlier bytes. Chrome cuts a hello into
	// some ten frames for each packet, and shuffles them.
	maxPieces = 64
	// spareSize is the size of a stream's first buffer, in bytes, and maxSpares how many
	// of them a Pool keeps.
	spareSize = 2 << 10
	maxSpares = 64
)

// stream puts the CRYPTO frames of one direction in order (RFC 9000, 19.6).
type stream struct {
	next   uint64  // offset of buf's first byte: how many bytes were consumed
	buf    []byte  // bytes from next on, with holes
	pieces []piece // that were received of buf, apart from each other, in order
}

// piece is a part of stream.buf, by offsets in it.
type piece struct{ from, to int }

// ready are the next bytes in order: a view.
func (s *stream) ready() []byte {
	if len(s.pieces) == 0 || s.pieces[0].from > 0 {
		return nil
	}
	return s.buf[:s.pieces[0].to]
}

// consume frees the next n bytes, which are ready.
func (s *stream) consume(n int) {
	if n == 0 {
		return
	}
	s.next += uint64(n)
	s.buf = s.buf[:copy(s.buf, s.buf[n:])]
	if s.pieces[0].to == n {
		s.pieces = append(s.pieces[:0], s.pieces[1:]...)
	}
	for i := range s.pieces {
		p := &s.pieces[i]
		p.from, p.to = max(p.from-n, 0), p.to-n
	}
}

// add adds the data of a frame. Of bytes that come twice, the first are kept. It returns
// false if the frame is dropped, because it reaches beyond a bound.
func (s *stream) add(offset uint64, data []byte, p *Pool) bool {
	if offset < s.next {
		old := min(s.next-offset, uint64(len(data)))
		offset, data = offset+old, data[old:]
	}
	if len(data) == 0 {
		return true
	}
	if offset-s.next > MaxBuffered || int(offset-s.next)+len(data) > MaxBuffered {
		return false
	}
	from := int(offset - s.next)
	to := from + len(data)
	first := 0 // the pieces before it end before the data
	for first < len(s.pieces) && s.pieces[first].to < from {
		first++
	}
	last := first // the pieces from first to it touch the data
	for last < len(s.pieces) && s.pieces[last].from <= to {
		last++
	}
	if first == last && len(s.pieces) == maxPieces {
		return false
	}
	s.grow(to, p)
	s.fill(from, data, s.pieces[first:last])
	s.merge(first, last, piece{from, to})
	return true
}

// fill copies data to buf, except for what the pieces old have.
func (s *stream) fill(from int, data []byte, old []piece) {
	at, to := from, from+len(data)
	for _, o := range old {
		if o.from > at {
			copy(s.buf[at:o.from], data[at-from:])
		}
		at = max(at, o.to)
	}
	if at < to {
		copy(s.buf[at:to], data[at-from:])
	}
}

// merge puts n in the place of the pieces from first to last, which it touches.
func (s *stream) merge(first, last int, n piece) {
	if first == last {
		s.pieces = append(s.pieces, piece{})
		copy(s.pieces[first+1:], s.pieces[first:])
		s.pieces[first] = n
		return
	}
	n.from, n.to = min(n.from, s.pieces[first].from), max(n.to, s.pieces[last-1].to)
	s.pieces[first] = n
	s.pieces = append(s.pieces[:first+1], s.pieces[last:]...)
}

// grow makes buf have size bytes at least.
func (s *stream) grow(size int, p *Pool) {
	if size <= len(s.buf) {
		return
	}
	if size > cap(s.buf) {
		grown := append(p.buffer(size), s.buf...)
		p.give(s.buf)
		s.buf = grown
	}
	s.buf = s.buf[:size]
}

// drop returns the stream's memory to p, and empties it.
func (s *stream) drop(p *Pool) {
	p.give(s.buf)
	*s = stream{pieces: s.pieces[:0]}
}

// held is the memory of the stream beyond itself, in bytes.
func (s *stream) held() int { return cap(s.buf) + 16*cap(s.pieces) }

// buffer returns an empty buffer with room for size bytes.
func (p *Pool) buffer(size int) []byte {
	n := len(p.spares) - 1
	if size > spareSize || n < 0 {
		return make([]byte, 0, max(spareSize, min(2*size, MaxBuffered)))
	}
	b := p.spares[n]
	p.spares = p.spares[:n]
	return b
}

// give takes a buffer that is no longer needed, or nil.
func (p *Pool) give(b []byte) {
	if cap(b) == spareSize && len(p.spares) < maxSpares {
		p.spares = append(p.spares, b[:0])
	}
}
