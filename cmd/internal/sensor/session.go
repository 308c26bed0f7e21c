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
	phase    phase
	talking  bool // another protocol speaks, and may upgrade or carry TLS in its packets
	upgraded bool // TLS must begin here: the other protocol said so, or the capture lost what was before
	sent     bool // it sent something

	stream   parse.RecordStream
	split    bool // the handshake message under way is spread over records
	messages parse.Messages
	inner    []byte // TLS bytes unwrapped from another protocol's packets, not consumed yet

	protected bool // it went on to protected records
	blind     bool // what came after is not known: bytes were lost, or are no TLS
	alerted   bool // alert is valid
	alert     parse.Alert
}

// role is an index of a direction, once the roles are known.
type role int8

const unknownRole role = -1

// session follows one connection: flow.Consumer.
type session struct {
	sensor      *Sensor
	side        [2]side
	ends        [2]netip.AddrPort // by direction: who sends in it
	opener      flow.Opener
	first       flow.Dir // the direction that was heard first
	client      role     // the direction of the ClientHello, or the opposite of the ServerHello's
	helloTime   int64    // of the first hello; 0: none
	openTime    int64
	offer       offer
	answer      answer
	facts       *facts // see facts; nil: none was taken
	retried     bool   // a HelloRetryRequest was seen
	oddities    oddities
	preamble    starttls.Preamble
	certified   string                // the name in the server's certificate
	certificate *classify.Certificate // nil unless asked for

	source  string
	network network
}

// network is what wraps the connection's packets.
type network struct {
	layers [decode.MaxLayers]decode.Layer
	count  uint8
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
	c.network = network{p.Layers, p.NumLayers}
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

// maxKeptBuffer is the largest hello buffer that stays with a pooled session.
const maxKeptBuffer = 4 << 10

// release makes the session ready for another connection.
func (c *session) release() {
	s := c.sensor
	hello, reply, versions := c.offer.bytes[:0], c.answer.bytes[:0], c.offer.versions
	if cap(hello) > maxKeptBuffer {
		hello = nil
	}
	if c.facts != nil {
		*c.facts = facts{}
		s.freeFacts = append(s.freeFacts, c.facts)
	}
	*c = session{sensor: s, client: unknownRole}
	c.offer.bytes, c.answer.bytes, c.offer.versions = hello, reply, versions
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
	trial := c.preamble
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
	for d := range c.side {
		_, have, _, _ := c.side[d].messages.Partial()
		n += have + cap(c.side[d].inner)
	}
	return n
}

// End implements flow.Consumer.
func (c *session) End(cause flow.Cause) {
	c.incomplete(&c.side[0])
	c.incomplete(&c.side[1])
	c.finish(c.outcome(cause))
}
