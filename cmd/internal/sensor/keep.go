package sensor

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/keep"
	"tlsfloor/cmd/internal/session"
)

// processor returns what processes the frames: the Sensor itself, unless Options.Keep
// needs the frames, too. So a run without it pays nothing for it.
func (s *Sensor) processor() processor {
	if s.options.Keep == nil {
		return s
	}
	return keeping{s}
}

// keeping is a Sensor that gives its frames to Options.Keep.
type keeping struct{ *Sensor }

// Process is Sensor.Process. What a frame changes is known when it is kept.
func (s keeping) Process(f *capture.Frame) {
	s.step = decodingFrame
	p := s.sessions.Packet
	r, parts := s.decoder.Trace(f, p)
	as := keptAsOf(r, p, parts)
	var at standing
	switch r {
	case decode.Segment:
		s.step = followingFlows
		countCut(&s.sessions.Stats.Unseen, p)
		s.table.Push(p)
		at.now, at.claimed = s.table.Now(), s.table.Claimed()
		at.standing, at.begun = s.table.Standing(p)
	case decode.Datagram:
		learnt := s.datagram(p)
		switch as {
		case asSegment:
			at.now, at.claimed = s.keepTime()
			at.standing = s.datagrams.Standing(p)
		case asAnswer:
			if !learnt {
				as = asDropped
			}
		}
	default:
		s.processOther(r, f)
	}
	s.step = keepingFrames
	as.give(s.options.Keep, f, p, parts, at)
	s.step = betweenFrames
}

// keepTime is the time at which a datagram is kept: that of the table of connections, whose
// flows must not be forgotten before it has given them up, unless there are none.
func (s *Sensor) keepTime() (now, claimed int64) {
	if now := s.table.Now(); now != 0 {
		return now, s.table.Claimed()
	}
	return s.datagrams.Now(), s.datagrams.Now()
}

// keptFrame is the frame of an item that is given to Options.Keep.
type keptFrame struct {
	frame capture.Frame
	item  int32
	as    keptAs
	// Its parts are batch.parts[first:last].
	first, last int32
}

// keptAs is the method of keep.Keeper that a frame is for.
type keptAs uint8

const (
	notKept keptAs = iota
	asSegment
	asBare
	asAnswer
	asFragment
	asAccused // a fragment that names the connection of its anomalies
	asDropped // only its parts matter
)

// keptAsOf returns what a frame is kept as, if nothing contradicts it.
func keptAsOf(r decode.Result, p *decode.Packet, parts []uint32) keptAs {
	switch {
	case r == decode.Segment && flow.Bare(p):
		return asBare
	case r == decode.Segment, r == decode.Datagram && lookAt(p) != session.Foreign:
		return asSegment
	case r == decode.Datagram && isDNS(p):
		return asAnswer
	case r == decode.Datagram && len(parts) > 0:
		return asDropped
	case r == decode.Datagram:
		return notKept
	case p.Anomalies != 0:
		return asAccused
	case len(parts) > 0:
		return asFragment
	}
	return notKept
}

// standing is what flow.Table.Standing returns, at a time by the table's clock.
type standing struct {
	now, claimed int64
	standing     flow.Standing
	begun        bool
}

// give gives a frame to a Keeper. at is for segments.
func (as keptAs) give(k *keep.Keeper, f *capture.Frame, p *decode.Packet, parts []uint32, at standing) {
	switch as {
	case asSegment:
		k.At(at.now, at.claimed)
		k.Segment(f, p, parts, at.standing, at.begun)
	case asBare:
		k.Bare(f, p, parts)
	case asAnswer:
		k.Answer(f, p, parts)
	case asFragment:
		k.Fragment(f, parts)
	case asAccused:
		k.Accused(f, p, parts)
	case asDropped:
		k.Drop(parts)
	}
}

// processor is Sensor.processor.
func (w *Workers) processor() processor {
	if w.options.Keep == nil {
		return w
	}
	w.segments = keptItem
	return keepingWorkers{w}
}

// keepingWorkers are Workers whose batches have the frames, too.
type keepingWorkers struct{ *Workers }

// Process is Workers.Process.
func (w keepingWorkers) Process(f *capture.Frame) {
	w.decoding = true
	w.decode(f)
	w.decoding = false
	if w.filling.full(f.Time) {
		w.dispatch()
	}
}

// handleFault is Workers.handleFault.
func (w keepingWorkers) handleFault(f *Fault) bool {
	handled, b := w.Workers.handleFault(f), w.filling
	if n := len(b.frames); n > 0 && int(b.frames[n-1].item) >= len(b.items) {
		b.frames = b.frames[:n-1] // its item was not added
	}
	return handled
}

// decode puts a frame into the batch. Every frame that may be kept has an item of its own.
func (w keepingWorkers) decode(f *capture.Frame) {
	b, it := w.filling, w.filling.next()
	r, parts := w.decoder.Trace(f, &it.packet)
	as := keptAsOf(r, &it.packet, parts)
	if as != notKept {
		w.attach(f, as, parts)
	}
	if w.take(f, it, r) || as == notKept {
		return
	}
	if as == asAnswer { // it is not believed
		b.frames[len(b.frames)-1].as = asDropped
	}
	it.kind, it.sweep = frameItem, false
	b.add()
}

// attach gives the next item of the batch its frame. It copies the bytes, unless the
// source lends them.
func (w keepingWorkers) attach(f *capture.Frame, as keptAs, parts []uint32) {
	b := w.filling
	k := keptFrame{frame: *f, item: int32(len(b.items)), as: as, first: int32(len(b.parts))}
	if !w.lent {
		k.frame.Data = b.copyPayload(f.Data)
	}
	b.parts = append(b.parts, parts...)
	k.last = int32(len(b.parts))
	b.frames = append(b.frames, k)
}

// keep gives Options.Keep the frames of a batch before an item, in their order.
func (w *Workers) keep(b *batch, before int32) {
	for b.framesKept < len(b.frames) && b.frames[b.framesKept].item < before {
		f := &b.frames[b.framesKept]
		b.framesKept++
		it := &b.items[f.item]
		f.as.give(w.options.Keep, &f.frame, &it.packet, b.parts[f.first:f.last], it.at)
	}
}
