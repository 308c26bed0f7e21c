package session

import (
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// Open implements flow.Handler.
func (s *Sessions) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	c := s.session()
	c.opened, c.followed, c.first, c.v6 = o.Known, o.Forgotten, d, p.V6
	c.teller, c.told = tellerOf(p, d)
	c.openTime, c.source = p.Time, p.Source
	c.ends[d] = endpoint{p.Src, p.SrcPort}
	c.ends[d.Other()] = endpoint{p.Dst, p.DstPort}
	opening := handshake.Opening{Known: o.Known, Dir: handshake.Dir(d)}
	if o.Known {
		opening.Dir = handshake.Dir(o.Dir)
	}
	c.tls.Open(opening, &s.pool)
	c.odd.addDecoded(o.Odd)
	c.noteOpening(p, d, o)
	c.recount()
	return c
}

// session returns a fresh session, in the memory of a used one if there is one.
func (s *Sessions) session() *Session {
	n := len(s.free)
	if n == 0 {
		return &Session{sessions: s}
	}
	c := s.free[n-1]
	s.free = s.free[:n-1]
	return c
}

// Greets implements flow.Handler.
func (s *Sessions) Greets(data []byte) bool { return parse.LooksLikeClientHello(data) == parse.Yes }

// Start implements flow.Consumer.
func (c *Session) Start(d flow.Dir, data []byte) bool {
	switch c.tls.Begins(handshake.Dir(d), data) {
	case handshake.Begins:
		return true
	case handshake.Strange:
		c.noteMidway(d, data)
	}
	return false
}

// Data implements flow.Consumer.
func (c *Session) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	if !c.tls.Sent(handshake.Dir(d.Other())) {
		c.noteAcked(d)
	}
	msg := &c.sessions.msg
	for {
		n, need, status := c.tls.Push(handshake.Dir(d), data[consumed:], msg)
		consumed += n
		switch status {
		case handshake.Listen:
			return consumed, need, flow.Listen
		case handshake.Ignore:
			return consumed, 0, flow.Ignore
		case handshake.Settled:
			c.finish(flow.Exhausted)
			return consumed, 0, flow.Settled
		}
		c.take(msg)
	}
}

// take takes a message of the handshake.
func (c *Session) take(msg *handshake.Message) {
	c.retract(msg.Retracted)
	switch msg.Kind {
	case handshake.ClientHello:
		c.takeClientHello(msg)
	case handshake.ServerHello:
		c.takeServerHello(msg)
	case handshake.Certificate:
		c.takeCertificate(&msg.Leaf, msg.DER)
	case handshake.Malformed:
		c.sessions.Stats.Malformed++
	case handshake.Incomplete:
		c.sessions.Stats.Incomplete++
	case handshake.Overflow:
		c.Dropped(flow.Dir(msg.Dir), false)
	}
	c.tls.NoCertificate = !c.wantsCertificate()
	c.recount()
}

// Lost implements flow.Consumer.
func (c *Session) Lost(d flow.Dir) flow.Interest {
	msg, sent := &c.sessions.msg, c.tls.Sent(handshake.Dir(d))
	for {
		switch c.tls.Lost(handshake.Dir(d), msg) {
		case handshake.Found:
			c.take(msg)
		case handshake.Ignore:
			return flow.Ignore
		default:
			c.noteLost(d, sent)
			return flow.Listen
		}
	}
}

// Midway implements flow.Consumer.
func (c *Session) Midway(d flow.Dir) bool { return c.tls.Midway(handshake.Dir(d)) }

// Odd implements flow.Consumer.
func (c *Session) Odd(a decode.Anomaly) { c.odd.addDecoded(a) }

// Conflict implements flow.Consumer.
func (c *Session) Conflict(flow.Dir) { c.odd |= tcpConflict }

// Dropped implements flow.Consumer. What is not kept may have been part of a
// hello; what is far from it is mostly junk.
func (c *Session) Dropped(d flow.Dir, far bool) {
	if !far {
		c.odd |= tcpOverflow
	}
	c.gaps[d.Index()] |= missing
}

// End implements flow.Consumer.
func (c *Session) End(cause flow.Cause) {
	for d := range c.gaps {
		if c.tls.Cut(handshake.Dir(d), &c.sessions.msg) {
			c.take(&c.sessions.msg)
		}
	}
	c.finish(cause)
}
