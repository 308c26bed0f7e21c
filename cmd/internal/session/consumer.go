package session

import (
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// Open implements flow.Handler.
func (s *Sessions) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	c := s.open(p, d)
	c.openingSeen, c.followedBefore = o.Known, o.Forgotten
	opening := handshake.Opening{Known: o.Known, Dir: handshake.Dir(d)}
	if o.Known {
		opening.Dir = handshake.Dir(o.Dir)
	}
	c.tls.Open(opening, &s.pool)
	c.anomalies.addDecoded(o.Odd)
	c.checkOpening(p, d, o)
	c.recount()
	return c
}

// open returns a session for the connection of a packet in direction d.
func (s *Sessions) open(p *decode.Packet, d flow.Dir) *Session {
	c := s.session()
	c.openingSeen, c.followedBefore, c.firstDir, c.v6 = false, false, d, p.V6
	c.guarantor, c.hasGuarantor = guarantorOf(p, d)
	c.openTime, c.source = p.Time, p.Source
	c.ends[d] = endpoint{p.Src, p.SrcPort}
	c.ends[d.Other()] = endpoint{p.Dst, p.DstPort}
	return c
}

// session returns an empty session. It reuses the memory of a released one if there is
// one.
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
		c.recordUnknownStart(d, data)
	}
	return false
}

// Data implements flow.Consumer.
func (c *Session) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	if !c.tls.Sent(handshake.Dir(d.Other())) {
		c.checkAcks(d)
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
		c.handleMessage(msg)
	}
}

// handleMessage copies what is needed of a message that the Machine found.
func (c *Session) handleMessage(msg *handshake.Message) {
	c.retract(msg.Retracted)
	switch msg.Kind {
	case handshake.ClientHello:
		c.handleClientHello(msg)
	case handshake.ServerHello:
		c.handleServerHello(msg)
	case handshake.Certificate:
		c.handleCertificate(&msg.Leaf, msg.DER)
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
			c.handleMessage(msg)
		case handshake.Ignore:
			return flow.Ignore
		default:
			c.recordLoss(d, sent)
			return flow.Listen
		}
	}
}

// Midway implements flow.Consumer.
func (c *Session) Midway(d flow.Dir) bool { return c.tls.Midway(handshake.Dir(d)) }

// Odd implements flow.Consumer.
func (c *Session) Odd(a decode.Anomaly) { c.anomalies.addDecoded(a) }

// Conflict implements flow.Consumer.
func (c *Session) Conflict(flow.Dir) { c.anomalies |= tcpConflict }

// Dropped implements flow.Consumer. Bytes that are not kept may have been part of a
// hello, which is an anomaly. Bytes far from the expected ones are unlikely to be.
func (c *Session) Dropped(d flow.Dir, far bool) {
	if !far {
		c.anomalies |= tcpOverflow
	}
	c.gaps[d.Index()] |= lost
}

// End implements flow.Consumer and datagram.Consumer.
func (c *Session) End(cause flow.Cause) {
	if c.conversation != nil {
		cause = c.conversation.cut(c, cause)
	}
	for d := range c.gaps {
		if c.tls.Cut(handshake.Dir(d), &c.sessions.msg) {
			c.handleMessage(&c.sessions.msg)
		}
	}
	c.finish(cause)
}
