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

// side is one direction of a connection. It is one cache line: with thousands of
// handshakes under way, each segment waits for its side to come from memory.
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
	messages  parse.Messages
}

// role is an index of a direction, once the roles are known.
type role int8

const unknownRole role = -1

// session follows one connection: flow.Consumer. What each segment needs comes
// first.
type session struct {
	flow.Stream
	side   [2]side
	sensor *Sensor
	answer answer
	opener flow.Opener
	first  flow.Dir // the direction that was heard first
	client role     // the direction of the ClientHello, or the opposite of the ServerHello's

	retried   bool // a HelloRetryRequest was seen
	oddities  oddities
	offer     offer
	ends      [2]netip.AddrPort // by direction: who sends in it
	helloTime int64             // of the first hello; 0: none
	openTime  int64
	source    string
	layers    []decode.Layer // around the connection's packets

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
	c.opener, c.first = o, d
	c.openTime = p.Time
	c.ends = endsOf(p, d)
	c.source = p.Source
	c.layers = append(c.layers, p.Layers[:p.NumLayers]...)
	c.oddities.addDecoded(p.Anomalies)
	return c
}

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
		return &session{sensor: s, client: unknownRole}
	}
	c := s.free[n-1]
	s.free = s.free[:n-1]
	return c
}

// release makes the session ready for another connection.
func (c *session) release() {
	s, layers := c.sensor, c.layers[:0]
	c.dropBytes()
	c.endPrelude()
	for d := range c.side {
		c.side[d].messages.Drop(&s.collector)
	}
	if c.facts != nil {
		*c.facts = facts{}
		s.freeFacts = append(s.freeFacts, c.facts)
	}
	*c = session{Stream: c.Stream, sensor: s, client: unknownRole}
	c.layers = layers
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
	return &c.side[1-c.client]
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
	c.incomplete(s)
	if s.phase == over {
		return flow.Ignore
	}
	s.messages.Drop(&c.sensor.collector)
	*s = side{upgraded: true, sent: true, blind: true, protected: s.protected, alerted: s.alerted, alert: s.alert}
	return flow.Listen
}

// incomplete counts a ClientHello of which the rest will not come.
func (c *session) incomplete(s *side) {
	if t, _, _, ok := s.messages.Partial(); ok && t == parse.TypeClientHello && !c.offer.seen {
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

// Held implements flow.Consumer.
func (c *session) Held() int {
	n := sessionSize + cap(c.offer.bytes) + cap(c.answer.bytes)
	if c.facts != nil {
		n += factsSize
	}
	if c.prelude != nil {
		n += c.prelude.size()
	}
	for d := range c.side {
		_, have, _, _ := c.side[d].messages.Partial()
		n += have
	}
	return n
}

// End implements flow.Consumer.
func (c *session) End(cause flow.Cause) {
	c.incomplete(&c.side[0])
	c.incomplete(&c.side[1])
	c.finish(c.outcome(cause))
}
