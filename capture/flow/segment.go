package flow

import "tlsfloor/capture/decode"

// segment handles the flags and the bytes of a segment of e, which is entry i and not
// settled.
func (t *Table) segment(e *entry, i int32, d Dir, network uint32, p *decode.Packet) {
	if (p.Flags&decode.SYN != 0 || e.class == closing || e.class == ending) && t.replaces(i, d, p) {
		i = t.replace(i, network)
		e = &t.entries[i]
	}
	if p.Anomalies != 0 {
		t.odd(i, p.Anomalies)
	}
	if !e.marked(acked, d) {
		t.hear(i, d, p)
	}
	if p.Flags&decode.SYN != 0 {
		t.syn(i, d, p)
	}
	if len(p.Payload) > 0 && e.flags&decided == 0 && !t.deliver(e, i, d, p) {
		return
	}
	if p.Flags&(decode.FIN|decode.RST) != 0 {
		t.end(i, d, p)
	}
}

// replaces reports whether a SYN, or a segment of a connection that is over,
// begins another connection between the same addresses and ports.
func (t *Table) replaces(i int32, d Dir, p *decode.Packet) bool {
	e := &t.entries[i]
	if e.class == embryonic {
		return false
	}
	if p.Flags&decode.SYN == 0 {
		// The capture lost its SYN, or the ports are used again before the timeout.
		return len(p.Payload) > 0 && e.has(finSeen, d) && distance(p.Seq, t.numbers[i].fin[d.Index()]) > 0
	}
	if p.Flags&decode.ACK != 0 && e.has(synSeen, d.Other()) {
		return false // it answers a SYN that was seen; some servers repeat it with another number
	}
	if e.has(synSeen, d) {
		return p.Seq+1 != t.numbers[i].first[d.Index()]
	}
	return !t.precedes(i, d, p)
}

// precedes reports whether a SYN belongs before what was seen of entry i: several
// receive queues, or two interfaces whose clocks differ, put it after its answer, or
// after data.
func (t *Table) precedes(i int32, d Dir, p *decode.Packet) bool {
	e, n, o := &t.entries[i], &t.numbers[i], d.Other()
	return e.marked(heard, d) && within(n.first[d.Index()], p.Seq+1, window) ||
		e.marked(acked, o) && within(n.ack[o.Index()], p.Seq+1, window)
}

// replace ends entry i and enters its key anew.
func (t *Table) replace(i int32, network uint32) int32 {
	k, by := t.entries[i].key, t.entries[i].guarantor()
	t.remove(i, Replaced)
	return t.insert(&k, k.hash(&t.seed), network, by, true)
}

// syn notes the number with which a direction begins, and which end opened.
func (t *Table) syn(i int32, d Dir, p *decode.Packet) {
	e, n, o := &t.entries[i], &t.numbers[i], d.Other()
	if e.marked(confirmed, d) && p.Seq+1 != n.first[d.Index()] {
		return // another answer to the same SYN; the other end accepted the first
	}
	e.set(synSeen, d)
	n.first[d.Index()] = p.Seq + 1
	if e.marked(acked, o) && within(n.ack[o.Index()], n.first[d.Index()], maxOpening) {
		e.mark(confirmed, d)
	}
	if p.Flags&decode.ACK == 0 {
		e.flags &^= openerIs << o
		e.set(openerIs, d)
	} else if e.flags&(openerIs|openerIs<<1) == 0 {
		e.set(openerIs, o)
	}
	if e.stream == none {
		if e.class == closing && e.flags&decided == 0 {
			// The RST refused an old SYN-ACK, or another host's: the connection is
			// opened all the same.
			e.flags &^= rstSeen | finSeen | finSeen<<1
			t.requeue(i, embryonic)
		}
		return
	}
	if h := &t.streams[e.stream].half[d.Index()]; !h.is(pinned) && h.empty() {
		h.sync(p.Seq + 1)
	}
}

// deliver gives the segment's bytes to the stream of e, which is entry i, and
// reports whether the entry is still there.
func (t *Table) deliver(e *entry, i int32, d Dir, p *decode.Packet) bool {
	t.asked = i
	if e.stream == none && !t.follow(i, d, p) {
		t.asked = none
		return true
	}
	s := t.streams[e.stream]
	if o := d.Other(); !s.half[d.Index()].is(synced) && e.marked(acked, o) && !near(p.Seq, t.numbers[i].ack[o.Index()]) {
		s.consumer.Dropped(d, true)
		t.asked = none
		return true // junk: far from what the other end acknowledged
	}
	interest := s.segment(p, d)
	t.asked = none
	if interest == Settled {
		t.settle(i)
		return true
	}
	t.account(s)
	return e.class != unused
}

// account counts what s holds now, and makes room when all streams hold too much.
func (t *Table) account(s *Stream) {
	size := s.size()
	t.stats.Bytes += size - int(s.counted)
	s.counted = int32(size)
	if t.stats.Bytes > t.maxBytes {
		t.evictBytes()
	}
}

// follow asks the handler for a consumer, and reports whether there is one.
func (t *Table) follow(i int32, d Dir, p *decode.Packet) bool {
	e := &t.entries[i]
	o := e.opener()
	o.Forgotten = !o.Known && t.past.knows(&e.key)
	c := t.handler.Open(p, d, o)
	if c == nil {
		e.flags |= decided
		if e.class != closing {
			t.requeue(i, settled)
		}
		return false
	}
	t.stats.Followed++
	s := c.stream()
	e.stream = t.place(s)
	s.consumer = c
	t.sync(i, s)
	if e.class == closing {
		t.requeue(i, ending)
	} else {
		t.requeue(i, followed)
	}
	return true
}

// sync tells a new stream of entry i where its directions begin, as far as that is known.
func (t *Table) sync(i int32, s *Stream) {
	e, n := &t.entries[i], &t.numbers[i]
	for d := range Dir(2) {
		h, o := &s.half[d.Index()], d.Other()
		switch {
		case e.has(synSeen, d):
			h.sync(n.first[d.Index()])
		case e.has(synSeen, o) && e.marked(acked, o):
			h.sync(n.ack[o.Index()]) // the SYN was lost, but its answer tells
		}
		if e.marked(confirmed, d) {
			h.flags |= acknowledged
		}
	}
}

// settle releases the stream of entry i, and keeps the entry, so that later packets of
// the connection are recognised.
func (t *Table) settle(i int32) {
	t.release(i)
	t.entries[i].flags |= decided
	if t.entries[i].class == ending {
		t.close(i)
	} else {
		t.requeue(i, settled)
	}
}

// end notes a FIN or RST. The connection is not over at once: earlier segments may
// still come.
func (t *Table) end(i int32, d Dir, p *decode.Packet) {
	e := &t.entries[i]
	switch {
	case p.Flags&decode.RST == 0:
		e.set(finSeen, d)
		t.numbers[i].fin[d.Index()] = p.Seq + uint32(len(p.Payload)) + 1
	case !e.has(finSeen, d):
		e.flags |= rstSeen // after a FIN it only answers what came too late
	}
	over := p.Flags&decode.RST != 0 || e.has(finSeen, fromLow) && e.has(finSeen, fromHigh)
	switch {
	case !over || e.class == closing || e.class == ending:
	case t.entries[i].stream == none:
		t.close(i)
	default:
		t.requeue(i, ending)
	}
}

// close keeps an entry that needs no more bytes for a short time, for late segments.
func (t *Table) close(i int32) {
	t.requeue(i, closing)
	if r, ok := t.oldest(closing); ok && t.queues[closing].length > maxClosing {
		t.remove(r.entry, Closed)
	}
}
