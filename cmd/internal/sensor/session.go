package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// phase is how far the TLS of a direction has come.
type phase uint8

const (
	opening phase = iota // nothing was recognised yet
	records              // TLS records in clear
	over                 // nothing more is wanted

	talking // of state only: another protocol's turn
)

// side is one direction of a connection.
type side struct {
	stream    parse.RecordStream
	phase     phase
	talking   bool // another protocol speaks, and may upgrade or carry TLS in its packets
	upgraded  bool // TLS must begin here: the other protocol said so, or the capture lost what was before
	sent      bool // it sent something
	split     bool // the handshake message under way is spread over records
	protected bool // it went on to protected records
	blind     bool // what came after is not known: bytes were lost, or are no TLS
	alerted   bool // alert is valid
	alert     parse.Alert
}

// role says in which direction somebody sends, once that is known.
type role uint8

const unknownRole role = 0

func roleIn(d flow.Dir) role { return role(d) + 1 }

// dir is the direction of a role that is known.
func (r role) dir() flow.Dir { return flow.Dir(r - 1) }

// endpoint is an end of a connection, as a packet says it.
type endpoint struct {
	addr decode.Addr
	port uint16
}

func (e *endpoint) addrPort(v6 bool) netip.AddrPort {
	return netip.AddrPortFrom(e.addr.Netip(v6), e.port)
}

// session follows one connection: flow.Consumer. With thousands of handshakes
// under way, each segment waits for it to come from memory: seven cache lines,
// of which the first two are all that most segments need (see TestSessionLayout).
type session struct {
	flow.Stream
	sensor *Sensor
	heard

	// Written by Open:
	layers   *[]decode.Layer // around the connection's packets; nil: none, as for most
	openTime int64
	source   string
	ends     [2]endpoint // by direction: who sends in it
	opener   flow.Opener
	first    flow.Dir // the direction that was heard first
	v6       bool
}

// heard is what a session has heard. Its zero value is of one that has heard
// nothing.
type heard struct {
	side     [2]side
	held     int32   // see Held
	client   role    // of the ClientHello, or opposite to the ServerHello
	retried  bool    // a HelloRetryRequest was seen
	midway   [2]bool // messages has some of a message, or passes over one
	oddities oddities

	messages [2]parse.Messages // for those that come in pieces
	answer   answer
	offer    offer

	helloTime   int64    // of the first hello; 0: none
	facts       *facts   // see facts; nil: none was taken
	prelude     *prelude // nil: nothing came before TLS
	certified   string   // the name in the server's certificate
	certificate *classify.Certificate
}

// Open implements flow.Handler.
func (s *Sensor) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	if s.options.Names != nil && resolves(p) {
		if s.shard {
			return nil // Workers follows it, for the names of all shards
		}
		return &resolver{message: s.message, ends: endsOf(p, d)}
	}
	c := s.session()
	c.opener, c.first, c.v6 = o, d, p.V6
	c.openTime, c.source = p.Time, p.Source
	c.ends[d] = endpoint{p.Src, p.SrcPort}
	c.ends[d.Other()] = endpoint{p.Dst, p.DstPort}
	c.keepLayers(p.Layers[:p.NumLayers])
	c.oddities.addDecoded(p.Anomalies)
	c.recount()
	return c
}

// keepLayers makes layers the session's, in the memory that it has for them.
func (c *session) keepLayers(layers []decode.Layer) {
	if c.layers == nil {
		if len(layers) == 0 {
			return
		}
		c.layers = new([]decode.Layer)
	}
	*c.layers = append((*c.layers)[:0], layers...)
}

// from is who sends in direction d.
func (c *session) from(d flow.Dir) netip.AddrPort { return c.ends[d].addrPort(c.v6) }

// endsOf says who sends in which direction, by a packet that went in d.
func endsOf(p *decode.Packet, d flow.Dir) (ends [2]netip.AddrPort) {
	ends[d] = netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort)
	ends[d.Other()] = netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort)
	return ends
}

// session returns a fresh session, with the buffers of a used one if there is
// one.
func (s *Sensor) session() *session {
	n := len(s.free)
	if n == 0 {
		return &session{sensor: s}
	}
	c := s.free[n-1]
	s.free = s.free[:n-1]
	return c
}

// release makes the session ready for another connection.
func (c *session) release() {
	s := c.sensor
	c.dropBytes()
	c.endPrelude()
	c.messages[0].Drop(&s.collector)
	c.messages[1].Drop(&s.collector)
	if c.facts != nil {
		*c.facts = facts{}
		s.freeFacts = append(s.freeFacts, c.facts)
	}
	c.heard = heard{}
	c.keepLayers(nil)
	s.free = append(s.free, c)
}

// Start implements flow.Consumer: only what cannot be anything else may begin
// in the middle of a connection.
func (c *session) Start(d flow.Dir, data []byte) bool {
	if c.side[d].phase == over {
		return false
	}
	if parse.LooksLikeClientHello(data) == parse.Yes || parse.LooksLikeServerHello(data) == parse.Yes {
		return true
	}
	if c.side[d.Other()].phase == records {
		return parse.LooksLikeAlert(data) == parse.Yes
	}
	return !c.side[d].upgraded && c.speaks(d, data)
}

// speaks reports whether data, the first of its direction, begins an SSLv2
// hello, or with a whole message of a protocol that may upgrade.
func (c *session) speaks(d flow.Dir, data []byte) bool {
	if parse.LooksLikeSSLv2ClientHello(data) == parse.Yes {
		return true
	}
	var trial starttls.Preamble
	if c.prelude != nil {
		trial = c.prelude.Preamble
	}
	step := trial.Push(c.fromServer(d), data)
	return step.Consumed > 0 && step.Status != starttls.Foreign && trial.Recognised()
}

// fromServer reports whether d is the direction away from who was connected
// to; who spoke first is taken for the client where the opening was not seen.
func (c *session) fromServer(d flow.Dir) bool {
	if c.opener.Known {
		return d != c.opener.Dir
	}
	return d != c.first
}

// Data implements flow.Consumer.
func (c *session) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	c.side[d].sent = true
	for {
		was := c.side[d].state()
		n, more, i := c.step(d, data[consumed:])
		consumed += n
		switch {
		case i == flow.Settled || i == flow.Listen && c.settled():
			c.finish(c.outcome(flow.Exhausted))
			return consumed, 0, flow.Settled
		case i == flow.Ignore || consumed == len(data) || n == 0 && was == c.side[d].state():
			return consumed, more, i
		}
	}
}

// state is what of a side decides who takes its next bytes.
func (s *side) state() phase {
	if s.talking {
		return talking
	}
	return s.phase
}

// settled reports whether the handshake can have nothing more to say.
func (c *session) settled() bool {
	a, b := &c.side[0], &c.side[1]
	if a.protected && b.protected {
		return true
	}
	server := c.server()
	return server != nil && server.alerted && server.alert.Level == parse.AlertFatal
}

// server is the server's side, nil while it is not known which it is.
func (c *session) server() *side {
	if c.client == unknownRole {
		return nil
	}
	return &c.side[c.client.dir().Other()]
}

// step lets who is in charge of the direction take what it can.
func (c *session) step(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	if c.side[d].talking {
		return c.talk(d, data)
	}
	return c.tls(d, data)
}

// Lost implements flow.Consumer.
func (c *session) Lost(d flow.Dir) flow.Interest {
	s := &c.side[d]
	c.incomplete(d)
	if s.phase == over {
		return flow.Ignore
	}
	c.messages[d].Drop(&c.sensor.collector)
	c.midway[d] = false
	c.recount()
	*s = side{upgraded: true, sent: true, blind: true, protected: s.protected, alerted: s.alerted, alert: s.alert}
	return flow.Listen
}

// incomplete counts a ClientHello of which the rest will not come.
func (c *session) incomplete(d flow.Dir) {
	if t, ok := c.partial(d); ok && t == parse.TypeClientHello && !c.offer.seen {
		c.sensor.stats.Incomplete++
	}
}

// Conflict implements flow.Consumer.
func (c *session) Conflict(flow.Dir) { c.oddities.add(tcpConflict) }

// sessionSize is what a session costs beside its facts and buffers, in bytes.
const (
	sessionSize = int(unsafe.Sizeof(session{}))
	factsSize   = int(unsafe.Sizeof(facts{}))
)

// Held implements flow.Consumer. It is asked for after each segment, and lies
// where the segment has been.
func (c *session) Held() int { return int(c.held) }

// recount counts what the session holds, when that may have changed.
func (c *session) recount() {
	n := sessionSize + cap(c.offer.bytes) + cap(c.answer.bytes)
	if c.facts != nil {
		n += c.facts.size()
	}
	if c.prelude != nil {
		n += c.prelude.size()
	}
	for d := range c.messages {
		_, have, _, _ := c.messages[d].Partial()
		n += have
	}
	c.held = int32(n)
}

// End implements flow.Consumer.
func (c *session) End(cause flow.Cause) {
	c.incomplete(0)
	c.incomplete(1)
	c.finish(c.outcome(cause))
}
