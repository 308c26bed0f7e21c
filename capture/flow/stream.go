package flow

import "tlsfloor/capture/decode"

// Stream is what a Table keeps of a connection while it is followed. It is part
// of the Consumer, so that both come from memory together: with thousands of
// handshakes under way, each segment waits for them. The Consumer keeps its
// hands off it, and may use it again, as it is, for another connection.
type Stream struct {
	consumer Consumer
	half     [2]half
	counted  int32 // what of Stats.Bytes is this stream's
}

func (s *Stream) stream() *Stream { return s }

// reset makes the stream ready for another connection, with the memory that it
// has.
func (s *Stream) reset() {
	s.consumer, s.counted = nil, 0
	s.half[0].reset()
	s.half[1].reset()
}

// size is the bytes that the connection costs while it is followed.
func (s *Stream) size() int { return s.half[0].size() + s.half[1].size() + s.consumer.Held() }

// segment takes the bytes of p, sent in direction d, and reports what the
// consumer wants after them.
func (s *Stream) segment(p *decode.Packet, d Dir) Interest {
	h := &s.half[d]
	if h.is(ignored) {
		return Listen
	}
	seq := p.Seq
	if p.Flags&decode.SYN != 0 {
		seq++ // RFC 9293, 3.4: SYN has a number of its own; TCP Fast Open puts data behind it
	}
	i := Listen
	switch {
	case len(p.Payload) == 0:
	case h.is(synced) && seq == h.next && h.empty():
		i = s.straight(d, p.Payload)
	default:
		i = s.arrive(d, seq, p.Payload)
		h.note()
	}
	if p.Missing > 0 && i == Listen && !h.is(ignored) {
		i = s.cut(d, seq+uint32(len(p.Payload)))
		h.note()
	}
	return i
}

// straight gives the consumer the bytes of a frame that it was waiting for,
// with nothing before and nothing behind them: what nearly every segment is.
func (s *Stream) straight(d Dir, data []byte) Interest {
	h := &s.half[d]
	h.next += uint32(len(data))
	n, need, i := s.consumer.Data(d, data)
	h.pin(n)
	switch {
	case i == Ignore:
		return s.ignore(d)
	case i == Settled || n == len(data):
		h.wants(need)
		return i
	}
	h.next -= uint32(len(data) - n)
	h.wants(need)
	i = s.inOrder(d, data[n:])
	h.note()
	return i
}

// arrive places data, which begins at seq.
func (s *Stream) arrive(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d]
	if !h.is(synced) {
		return s.begin(d, seq, data)
	}
	ahead := distance(seq, h.next)
	if h.untouched() && (ahead > window || ahead < -window) {
		// The SYN that was believed was another one's: servers that are sent
		// several answer with several numbers.
		h.flags &^= synced
		return s.begin(d, seq, data)
	}
	switch {
	case ahead == 0:
		return s.inOrder(d, data)
	case ahead < 0:
		return s.again(d, seq, data)
	case ahead > window:
		return Listen
	case h.keep(seq, data):
		return Listen
	}
	return s.hole(d)
}

// again handles bytes of which the first were seen before, or, while nothing
// was consumed yet, bytes before the first that were seen.
func (s *Stream) again(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d]
	if h.conflicts(seq, data) {
		s.consumer.Conflict(d)
	}
	_, fresh := trimFront(seq, data, h.next)
	if len(fresh) == 0 {
		return Listen
	}
	return s.inOrder(d, fresh)
}

// begin looks for a beginning in a direction of which it was not captured.
// Segments may be out of order here too, so what is no beginning is kept for
// when one turns up before it.
func (s *Stream) begin(d Dir, seq uint32, data []byte) Interest {
	h := &s.half[d]
	if s.consumer.Start(d, data) {
		h.sync(seq)
		return s.inOrder(d, data)
	}
	h.starts++
	if h.starts > maxStarts || !h.keep(seq, data) {
		return s.ignore(d)
	}
	return s.join(d)
}

// join looks for a beginning that is spread over small segments.
func (s *Stream) join(d Dir) Interest {
	h := &s.half[d]
	k := h.room()
	var room [startBytes]byte
	for i := range k.pending {
		if len(k.pending[i].data) >= startBytes {
			continue // was asked for as it came
		}
		if head := k.run(i, room[:0]); len(head) > len(k.pending[i].data) && s.consumer.Start(d, head) {
			h.sync(k.pending[i].seq)
			return s.inOrder(d, h.take())
		}
	}
	return Listen
}

// inOrder gives data, which begins at next, to the consumer, and then what it
// joins up with.
func (s *Stream) inOrder(d Dir, data []byte) Interest {
	h := &s.half[d]
	for len(data) > 0 {
		h.next += uint32(len(data))
		if i := s.deliver(d, data); i != Listen || h.is(ignored) {
			return i
		}
		data = h.take()
	}
	return Listen
}

// deliver gives the consumer data behind what it left before. The bytes go
// straight from the frame when it left nothing.
func (s *Stream) deliver(d Dir, data []byte) Interest {
	h := &s.half[d]
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
		return s.ignore(d)
	}
	return Listen
}

// consume calls the consumer until it asks for more than there is.
func (s *Stream) consume(d Dir, data []byte) (n int, i Interest) {
	h := &s.half[d]
	for {
		took, need, i := s.consumer.Data(d, data[n:])
		h.pin(took)
		n += took
		h.wants(need)
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

// hole gives up waiting for the bytes before the first pending ones: the
// capture lost them.
func (s *Stream) hole(d Dir) Interest {
	if i := s.lost(d); i != Listen {
		return i
	}
	h := &s.half[d]
	for h.waiting() && !h.is(ignored) {
		if i := s.skipTo(d, h.kept.first()); i != Listen || h.is(synced) {
			return i
		}
	}
	return Listen
}

// skipTo goes on from a segment behind a hole, if a beginning can be there.
func (s *Stream) skipTo(d Dir, first segment) Interest {
	if !s.consumer.Start(d, first.data) {
		return Listen
	}
	s.half[d].sync(first.seq)
	return s.inOrder(d, first.data)
}

// cut notes that bytes at seq were on the wire but not captured.
func (s *Stream) cut(d Dir, seq uint32) Interest {
	h := &s.half[d]
	if !h.is(synced) || seq != h.next {
		return Listen
	}
	return s.lost(d)
}

// lost tells the consumer of a hole, and forgets what was in front of it.
func (s *Stream) lost(d Dir) Interest {
	h := &s.half[d]
	h.need, h.starts = 0, 0
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

// ignore stops listening to a direction; when neither is listened to, the
// connection is settled.
func (s *Stream) ignore(d Dir) Interest {
	s.half[d].flags |= ignored
	s.half[d].drop()
	if s.half[d.Other()].is(ignored) {
		s.consumer.End(Exhausted)
		return Settled
	}
	return Listen
}
