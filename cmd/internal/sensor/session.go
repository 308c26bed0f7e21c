package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
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
	changed   change
	half      uint8 // the level of an alert that is cut behind it, or brokenAlert; 0: none
	blind     bool  // what came after is not known: bytes were lost, or are no TLS
	alerted   bool  // alert is valid
	alert     parse.Alert
}

// change is what is known of a ChangeCipherSpec.
type change uint8

const (
	unchanged change = iota
	changed          // it came, and nothing yet that shows whether it counts
	undecided        // the same, and what is here of the next record is too short to show it
)

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
	openTime int64
	source   string
	ends     [2]endpoint // by direction: who sends in it
	opener   flow.Opener
	first    flow.Dir // the direction that was heard first
	v6       bool
	teller   role // of the end that tells of it in a tunnel of its own; unknownRole: none does
}

// heard is what a session has heard. Its zero value is of one that has heard
// nothing.
type heard struct {
	side    [2]side
	held    int32   // see Held
	acked   uint32  // by the first segment with data of the only direction heard; 0: none
	client  role    // of the ClientHello, or opposite to the ServerHello
	retried bool    // a HelloRetryRequest was seen
	midway  [2]bool // messages has some of a message, or passes over one

	messages [2]parse.Messages // for those that come in pieces
	answer   answer
	offer    offer

	oddities  oddities
	gaps      [2]gap // by direction
	helloTime int64  // of the first hello; 0: none
	said      flow.Digest
	places    *places // nil: no tags, one source
	details   details
	kept      *keptHello // nil: the details are taken, or not needed
	prelude   *prelude   // nil: nothing came before TLS
	spare     *spare     // nil: there is none
	shown     *shown     // nil: no certificate of the server's was read
	elsewhere bool       // server_name is out of scope, and the name of the certificate, or a proxy's, is not
}

// Open implements flow.Handler.
func (s *Sensor) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	if s.options.Names != nil && resolves(p) {
		if s.shard {
			return nil // Workers follows it, for the names of all shards
		}
		if !s.tunnels.ownQuestion(p) {
			return nil
		}
		return &resolver{message: s.message, ends: endsOf(p, d)}
	}
	c := s.session()
	c.opener, c.first, c.v6, c.teller = o, d, p.V6, tellerOf(p, d)
	c.openTime, c.source = p.Time, p.Source
	c.ends[d] = endpoint{p.Src, p.SrcPort}
	c.ends[d.Other()] = endpoint{p.Dst, p.DstPort}
	c.oddities.addDecoded(o.Odd)
	c.noteOpening(p, d)
	c.recount()
	return c
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
	c.endKept()
	c.endShown()
	c.endSpare()
	c.endPrelude()
	c.endPlaces()
	c.messages[0].Drop(&s.collector)
	c.messages[1].Drop(&s.collector)
	c.heard = heard{}
	s.free = append(s.free, c)
}

// Greets implements flow.Handler.
func (s *Sensor) Greets(data []byte) bool { return parse.LooksLikeClientHello(data) == parse.Yes }

// Start implements flow.Consumer: only what cannot be anything else may begin
// in the middle of a connection.
func (c *session) Start(d flow.Dir, data []byte) bool {
	if c.side[d].phase == over || c.side[d].blind && !c.resumes(d, data) {
		return false
	}
	if parse.LooksLikeClientHello(data) == parse.Yes || parse.LooksLikeServerHello(data) == parse.Yes {
		return true
	}
	if c.side[d.Other()].phase == records {
		return parse.LooksLikeAlert(data) == parse.Yes || !c.side[d].upgraded && c.answers(d, data)
	}
	if !c.side[d].upgraded && c.speaks(d, data) {
		return true
	}
	c.noteMidway(d, data)
	return false
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
	s := c.at(d)
	s.sent = true
	if !c.at(d.Other()).sent {
		c.noteAcked(d)
	}
	for {
		was := s.state()
		n, more, i := c.step(d, data[consumed:])
		consumed += n
		switch {
		case i == flow.Settled || i == flow.Listen && c.settled():
			c.finish(flow.Exhausted)
			return consumed, 0, flow.Settled
		case i == flow.Ignore || consumed == len(data) || n == 0 && was == s.state():
			return consumed, more, i
		}
	}
}

// at is the side that sends in direction d.
func (c *session) at(d flow.Dir) *side { return &c.side[d.Index()] }

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
	if !a.alerted && !b.alerted { // as in most
		return false
	}
	server := c.server()
	return server != nil && server.alerted && server.alert.Level == parse.AlertFatal
}

// server is the server's side, nil while it is not known which it is.
func (c *session) server() *side {
	if c.client == unknownRole {
		return nil
	}
	return c.at(c.client.dir().Other())
}

// step lets who is in charge of the direction take what it can.
func (c *session) step(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	if c.at(d).talking {
		return c.talk(d, data)
	}
	return c.tls(d, data)
}

// Midway implements flow.Consumer.
func (c *session) Midway(d flow.Dir) bool {
	s := &c.side[d]
	return c.midway[d] || s.phase == records && (s.stream.Midway() || s.changed == undecided)
}

// Lost implements flow.Consumer.
func (c *session) Lost(d flow.Dir) flow.Interest {
	s := &c.side[d]
	if s.phase == over {
		return flow.Ignore
	}
	c.noteLost(d)
	c.takeBeginning(d)
	c.messages[d].Drop(&c.sensor.collector)
	c.midway[d] = false
	c.recount()
	*s = side{upgraded: true, sent: true, blind: true, protected: s.encrypted(), alerted: s.alerted, alert: s.alert}
	return flow.Listen
}

// Odd implements flow.Consumer.
func (c *session) Odd(a decode.Anomaly) { c.oddities.addDecoded(a) }

// Conflict implements flow.Consumer.
func (c *session) Conflict(flow.Dir) { c.oddities.add(tcpConflict) }

// Dropped implements flow.Consumer. What is not kept may have been part of a
// hello; what is far from it is mostly junk.
func (c *session) Dropped(d flow.Dir, far bool) {
	if !far {
		c.oddities.add(tcpOverflow)
	}
	c.gaps[d.Index()] |= missing
}

// sessionSize is what a session costs beside its details and buffers, in bytes.
const (
	sessionSize = int(unsafe.Sizeof(session{}))
)

// Held implements flow.Consumer. It is asked for after each segment, and lies
// where the segment has been.
func (c *session) Held() int { return int(c.held) }

// recount counts what the session holds, when that may have changed.
func (c *session) recount() {
	n := sessionSize + c.details.size()
	if c.kept != nil {
		n += cap(c.kept.body)
	}
	if c.spare != nil {
		n += spareSize + cap(c.spare.hello) + cap(c.spare.answer)
	}
	if c.shown != nil {
		n += shownSize + cap(c.shown.unasked)
	}
	if sni := len(c.offer.sni); sni > maxLength { // is not interned
		n += sni
	}
	if c.prelude != nil {
		n += c.prelude.size()
	}
	c.held = int32(n + c.messages[0].Held() + c.messages[1].Held())
}

// End implements flow.Consumer.
func (c *session) End(cause flow.Cause) {
	c.takeBeginning(0)
	c.takeBeginning(1)
	c.finish(cause)
}
