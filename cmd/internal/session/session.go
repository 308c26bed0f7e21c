package session

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// Session follows one connection for the sensor: it is the flow.Consumer that
// gives the bytes to a handshake.Machine and keeps what its messages say. With
// thousands of handshakes under way, each segment waits for it to come from memory:
// seven cache lines, of which the first two are all that most segments need (see
// TestSessionLayout).
type Session struct {
	flow.Stream
	sessions *Sessions
	state

	// Written by Open:
	openTime int64
	source   string
	ends     [2]endpoint // by direction: the end that sends in it
	opened   bool        // the opening was seen
	followed bool        // see flow.Opener.Forgotten
}

// endpoint is an end of a connection, as a packet has it.
type endpoint struct {
	addr decode.Addr
	port uint16
}

func (e *endpoint) addrPort(v6 bool) netip.AddrPort {
	return netip.AddrPortFrom(e.addr.Netip(v6), e.port)
}

// state is what a session knows of its connection. Open sets v6, first, told and
// teller. Its zero value is of a session that has heard nothing.
type state struct {
	tls       handshake.Machine
	held      int32  // see recount
	acked     uint32 // by the first segment with data of the only direction heard; 0: none
	gaps      [2]gap // by direction
	odd       packetAnomalies
	elsewhere bool // server_name is out of scope, and the name of the certificate, or a proxy's, is not
	v6        bool
	first     flow.Dir // the direction that was heard first
	told      bool     // teller is valid
	teller    flow.Dir // the end that tells of the connection in a tunnel of its own sends in it
	helloTime int64    // of the first hello; 0: none
	said      flow.Digest
	client    clientSummary
	server    serverSummary
	details   details
	places    *places // nil: no tags, one source
	shown     *shown  // nil: no certificate of the server's was read
}

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

// release makes the session ready for another connection.
func (c *Session) release() {
	c.tls.Close()
	c.endShown()
	c.endPlaces()
	c.state = state{}
	c.sessions.free = append(c.sessions.free, c)
}

// from is the end that sends in direction d.
func (c *Session) from(d flow.Dir) netip.AddrPort { return c.ends[d].addrPort(c.v6) }

// clientDir is the direction of the client; ok is false before any hello.
func (c *Session) clientDir() (d flow.Dir, ok bool) {
	client, ok := c.tls.Client()
	return flow.Dir(client), ok
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

// Midway implements flow.Consumer.
func (c *Session) Midway(d flow.Dir) bool { return c.tls.Midway(handshake.Dir(d)) }

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

// sessionSize is what a session costs beside its details and buffers, in bytes.
const sessionSize = int(unsafe.Sizeof(Session{}))

// Held implements flow.Consumer. It is asked for after each segment, and lies
// where the segment has been.
func (c *Session) Held() int { return int(c.held) + c.tls.Held() }

// recount counts what the session holds beside its Machine, when that may have
// changed.
func (c *Session) recount() {
	n := sessionSize + c.details.size()
	if c.shown != nil {
		n += shownSize + cap(c.shown.unasked)
	}
	if sni := len(c.client.sni); sni > maxInternedLength { // is not interned
		n += sni
	}
	c.held = int32(n)
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
