package flow

import "tlsfloor/capture/decode"

// Stream is what a Table keeps of a connection while it is followed. It is part of the
// Consumer, so that both are read from memory together: with thousands of handshakes
// under way, neither is in the cache. The Consumer must not change it, but may use it
// again as it is for another connection.
type Stream struct {
	consumer Consumer
	half     [2]half
	counted  int32 // this stream's part of Stats.Bytes
	waits    bool  // see Wait
}

// Wait is called by the Consumer when an answer to what it has seen is expected. When
// memory is short, connections without such are ended first: a flood of incomplete hellos
// must not cost a complete one.
func (s *Stream) Wait() { s.waits = true }

// Tunnelled reports to the Consumer whether any of the packets with bytes of a direction
// came in a tunnel.
func (s *Stream) Tunnelled(d Dir) bool { return s.half[d.Index()].is(tunnelled) }

func (s *Stream) stream() *Stream { return s }

// reset makes the stream ready for another connection, and keeps its memory.
func (s *Stream) reset() {
	s.consumer, s.counted, s.waits = nil, 0, false
	s.half[0].reset()
	s.half[1].reset()
}

// size is how many bytes the connection takes while it is followed.
func (s *Stream) size() int { return s.half[0].size() + s.half[1].size() + s.consumer.Held() }

// segment takes the bytes of p, in direction d, and returns what the consumer needs after
// them.
func (s *Stream) segment(p *decode.Packet, d Dir) Interest {
	h, o := &s.half[d.Index()], &s.half[d.Other().Index()]
	if !h.is(begun) {
		h.flags |= begun
		if p.NumLayers > 0 {
			s.consumer.Begins(p, d)
		}
	}
	if p.Word != decode.LinkWord {
		h.flags |= tunnelled
	}
	if o.is(holding) && o.kept.doubts > 0 && p.Flags&decode.ACK != 0 {
		if s.acknowledge(d.Other(), p.Ack) == Settled {
			return Settled
		}
	}
	if h.is(ignored) {
		return Listen
	}
	seq := p.Seq
	if p.Flags&decode.SYN != 0 {
		seq++ // RFC 9293, 3.4: SYN has a number of its own; TCP Fast Open has data after it
	}
	i := Listen
	switch {
	case len(p.Payload) == 0:
	case len(p.Payload) <= maxPadding && padded(p):
		i = s.suspect(d, seq, p.Payload)
		h.updateHolding()
	case h.is(synced) && seq == h.next && h.empty():
		i = s.straight(d, p.Payload)
	default:
		if h.is(synced) && distance(seq+uint32(len(p.Payload)), h.next) <= 0 {
			s.consumer.Begins(p, d)
		}
		if i = s.resolve(d, seq, len(p.Payload)); i == Listen && !h.is(ignored) {
			i = s.arrive(d, seq, p.Payload)
		}
		h.updateHolding()
	}
	if p.Missing > 0 && i == Listen && !h.is(ignored) {
		i = s.cut(d, seq+uint32(len(p.Payload)))
		h.updateHolding()
	}
	return i
}

// suspect takes a segment that may be padding.
func (s *Stream) suspect(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d.Index()]
	if i := s.resolve(d, seq, 0); i != Listen || h.is(ignored) || h.doubts(seq, len(data)) {
		return i
	}
	return s.arrive(d, seq, data)
}

// resolve adds the zeros that a segment of size bytes at seq proves to be data.
func (s *Stream) resolve(d Dir, seq uint32, size int) Interest {
	h := &s.half[d.Index()]
	if h.kept == nil || h.kept.doubts == 0 {
		return Listen
	}
	if from, n := h.kept.resolve(seq, size); n > 0 {
		return s.arrive(d, from, zeros[:n])
	}
	return Listen
}

// acknowledge adds the zeros of a direction that the other end acknowledged.
func (s *Stream) acknowledge(d Dir, ack uint32) Interest {
	h := &s.half[d.Index()]
	defer h.updateHolding()
	for !h.is(ignored) {
		x, ok := h.kept.acknowledged(ack)
		if !ok {
			break
		}
		if i := s.arrive(d, x.seq, zeros[:x.size]); i != Listen {
			return i
		}
	}
	return Listen
}

// conclude gives the consumer what waits in a direction that has ended: zeros where a
// message continues are no padding, and a hole will not be filled any more.
func (s *Stream) conclude(d Dir) Interest {
	h := &s.half[d.Index()]
	for h.kept != nil && h.kept.doubts > 0 && !h.is(ignored) && s.consumer.Midway(d) {
		x := h.kept.doubt[0]
		h.kept.forget(0)
		if i := s.arrive(d, x.seq, zeros[:x.size]); i != Listen {
			return i
		}
	}
	if h.waiting() {
		return s.hole(d)
	}
	return Listen
}

// straight gives the consumer the next bytes in order straight from the frame. It is for
// directions that hold nothing, as with nearly every segment.
func (s *Stream) straight(d Dir, data []byte) Interest {
	h := &s.half[d.Index()]
	h.next += uint32(len(data))
	n, need, i := s.consumer.Data(d, data)
	h.pin(n)
	switch {
	case i == Ignore:
		return s.ignore(d)
	case i == Settled || n == len(data):
		h.setNeed(need)
		return i
	}
	h.next -= uint32(len(data) - n)
	h.setNeed(need)
	i = s.inOrder(d, data[n:])
	h.updateHolding()
	return i
}

// arrive handles data, which begins at seq.
func (s *Stream) arrive(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d.Index()]
	if !h.is(synced) {
		return s.begin(d, seq, data)
	}
	switch ahead := distance(seq, h.next); {
	case ahead > window || ahead < -window:
		return s.stray(d, seq, data)
	case ahead == 0:
		return s.inOrder(d, data)
	case ahead < 0:
		return s.again(d, seq, data)
	}
	if _, full := s.keep(d, seq, data); full {
		return s.hole(d)
	}
	return Listen
}

// keep keeps bytes that lie beyond a hole, and tells the consumer of conflicts and of
// bytes that are dropped. at and full are half.keep's.
func (s *Stream) keep(d Dir, seq uint32, data []byte) (at int, full bool) {
	h := &s.half[d.Index()]
	at, conflict, full := h.keep(seq, data)
	if conflict {
		s.consumer.Conflict(d)
	}
	if h.kept.full {
		h.kept.full = false
		s.consumer.Dropped(d, false)
	}
	return at, full
}

// stray handles data from outside the window. It is junk, unless the SYN that was seen
// does not count: a server that gets several SYNs answers with several numbers, and which
// one counts is known when it is acknowledged.
func (s *Stream) stray(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d.Index()]
	if h.is(pinned) || h.is(acknowledged) || !s.consumer.Start(d, data) {
		s.consumer.Dropped(d, true)
		return Listen
	}
	h.drop()
	h.sync(seq)
	return s.inOrder(d, data)
}

// again handles bytes that begin before those expected next.
func (s *Stream) again(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d.Index()]
	if h.conflicts(seq, data) {
		s.consumer.Conflict(d)
	}
	_, fresh := trimFront(seq, data, h.next)
	if len(fresh) == 0 {
		return Listen
	}
	return s.inOrder(d, fresh)
}

// begin looks for a place to start in a direction whose beginning was not captured.
// Segments may be out of order here too, so data at which reading cannot start is kept
// until an earlier place is found.
func (s *Stream) begin(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d.Index()]
	if s.consumer.Start(d, data) {
		h.sync(seq)
		return s.inOrder(d, data)
	}
	pieces := len(h.ensureKept().pending)
	at, full := s.keep(d, seq, data)
	more := true
	if len(data) >= startBytes || len(h.kept.pending) > pieces {
		more = h.tryMore(len(data))
	}
	if !more || full || at == noPiece {
		return s.ignore(d)
	}
	if len(data) >= startBytes {
		return Listen
	}
	for _, from := range h.kept.pending[at].cuts {
		if n := distance(seq, from); n < 0 || n >= startBytes {
			continue
		}
		if s.consumer.Start(d, h.kept.pending[at].from(from)) {
			h.sync(from)
			return s.inOrder(d, h.take())
		}
	}
	return Listen
}

// inOrder gives data, which begins at next, to the consumer, and then the pending bytes
// that follow it.
func (s *Stream) inOrder(d Dir, data []byte) Interest {
	h := &s.half[d.Index()]
	for len(data) > 0 {
		h.next += uint32(len(data))
		if i := s.deliver(d, data); i != Listen || h.is(ignored) {
			return i
		}
		data = h.take()
	}
	return Listen
}

// deliver gives the consumer the bytes that it left before, and then data. Without any
// left, data is not copied.
func (s *Stream) deliver(d Dir, data []byte) Interest {
	h := &s.half[d.Index()]
	held := h.kept != nil && len(h.kept.buf) > 0
	if held {
		h.kept.buf = append(h.kept.buf, data...)
		data = h.kept.buf
	}
	if len(data) >= int(h.need) {
		n, i := s.consume(d, data)
		if i != Listen || h.is(ignored) {
			return i
		}
		data = data[n:]
	}
	h.leave(data, held)
	if h.kept != nil && len(h.kept.buf) > MaxBuffered {
		s.consumer.Dropped(d, false)
		return s.ignore(d)
	}
	return Listen
}

// consume calls the consumer until it needs more than there is.
func (s *Stream) consume(d Dir, data []byte) (n int, i Interest) {
	h := &s.half[d.Index()]
	for {
		took, need, i := s.consumer.Data(d, data[n:])
		h.pin(took)
		n += took
		h.setNeed(need)
		switch {
		case i == Ignore:
			return n, s.ignore(d)
		case i == Settled:
			return n, Settled
		case took == 0 || n == len(data) || need > len(data)-n:
			return n, Listen
		}
	}
}

// hole stops waiting for the bytes before the first pending ones, which the capture lost.
// Reading goes on at the first segment at which it can start.
func (s *Stream) hole(d Dir) Interest {
	if i := s.lost(d); i != Listen {
		return i
	}
	h := &s.half[d.Index()]
	for h.waiting() && !h.is(ignored) {
		p := h.kept.pending[0]
		for _, from := range p.cuts {
			if s.consumer.Start(d, p.from(from)) {
				h.sync(from)
				return s.inOrder(d, h.take())
			}
		}
		h.kept.release(0)
	}
	return Listen
}

// cut handles bytes at seq that were on the wire but not captured.
func (s *Stream) cut(d Dir, seq uint32) Interest {
	h := &s.half[d.Index()]
	if !h.is(synced) || seq != h.next {
		return Listen
	}
	return s.lost(d)
}

// lost tells the consumer of a hole, and forgets the bytes before it.
func (s *Stream) lost(d Dir) Interest {
	h := &s.half[d.Index()]
	h.need, h.tried = 0, 0
	h.flags &^= synced
	if h.kept != nil {
		h.kept.buf = h.kept.buf[:0]
	}
	i := s.consumer.Lost(d)
	if i == Ignore {
		return s.ignore(d)
	}
	return i
}

// ignore stops reading a direction. When both are ignored, the connection is settled.
func (s *Stream) ignore(d Dir) Interest {
	s.half[d.Index()].flags |= ignored
	s.half[d.Index()].drop()
	if s.half[d.Other().Index()].is(ignored) {
		s.consumer.End(Exhausted)
		return Settled
	}
	return Listen
}
