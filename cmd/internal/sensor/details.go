package sensor

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// details are the parts of both hellos that only a reader of the event needs;
// judging and counting do without. Nothing is taken of a handshake that can only
// be counted.
type details struct {
	client *clientKind // nil: no ClientHello, or one that is only counted, or kept
	server *serverKind // nil: no ServerHello, one in SSLv2, or one that is only counted
	// offered and answered stand for the session ids of the client and of the
	// server; 0: none.
	offered, answered uint32
}

// keptHello is the body of a ClientHello whose details are not taken yet. Where
// only flagged findings are delivered few will be asked for, and the bytes are
// kept until the answer has shown that. (Taking the details of all hellos in
// scope costs 4 % of a run.)
type keptHello struct {
	body []byte
	name bool // body is the name alone: see takeDull
}

// keepLimit is how much of the bytes that handshakes under way may hold is for
// kept hellos: one part in so many. A session that waits for an answer when there
// are more has its details taken at once, and keeps none of the hello's bytes: a
// post-quantum hello has 4.6 kB, and 200,000 sessions with one must not use up the
// memory.
const keepLimit = 16

// maxKeptHello and maxKeptName are the most bytes that are used again for another
// hello, and for another name: few hellos are longer than a post-quantum one.
const (
	maxKeptHello = 8 << 10
	maxKeptName  = 256
)

// size is the bytes that belong to these details alone.
func (d *details) size() (n int) {
	if d.client != nil {
		n += d.client.own
	}
	if d.server != nil {
		n += d.server.own
	}
	return n
}

// resumed says how the session was resumed. A server takes a ticket without a
// word, by echoing the session id that came with it (RFC 5077, 3.4). ticket says
// that the client sent one, or wants one.
func (d *details) resumed(ticket bool) resumption {
	switch {
	case d.server.psk:
		return byPSK
	case d.client == nil || d.server.said.Version.Rank() >= parse.TLSv13:
		return byNothing
	case d.answered == 0 || d.answered != d.offered:
		return byNothing
	case ticket:
		return byTicket
	}
	return byID
}

// takeDetails takes the details of the sensor's hello, which was parsed from
// body, or keeps body until they are needed.
func (c *session) takeDetails(body []byte) {
	s := c.sensor
	if s.options.FlaggedOnly && !c.offer.cut && !c.offer.sslv2 && s.kept+len(body) <= s.keepMost {
		k := s.freeKept.take()
		k.body = append(k.body[:0], body...)
		c.kept, s.kept = k, s.kept+cap(k.body)
		return
	}
	c.detailOffer()
}

// takeDull takes what may be asked for of a hello with a name that is out of scope,
// in case the server's certificate contradicts that: the hello where the client can
// do no better than below the floor, else the name alone, and an event that comes of
// it has no fingerprint. (With thousands of handshakes under way, keeping all hellos
// takes 7 % of a run: they do not fit into the processor's cache.)
func (c *session) takeDull(body []byte) {
	o, s := &c.offer, c.sensor
	if parse.MaxVersion(o.legacy, o.versions) >= s.options.Policy.Floor() {
		k := s.freeNames.take()
		k.body, k.name = append(k.body[:0], s.hello.ServerName...), true
		c.kept, s.kept = k, s.kept+cap(k.body)
		return
	}
	c.takeDetails(body)
	if c.kept == nil {
		o.sni = s.strings.of(s.hello.ServerName)
	}
}

// detailOffer takes the details of the sensor's hello.
func (c *session) detailOffer() {
	d, s, h := &c.details, c.sensor, &c.sensor.hello
	if c.offer.cut {
		d.client = newCutClient(h, c.offer.record)
	} else {
		d.client = s.kinds.client(h, c.offer.record)
	}
	c.offer.ticket, d.offered = h.SessionTicket, s.sessionID(h.SessionID)
}

// detailKept takes the details of a hello that was kept.
func (c *session) detailKept() {
	if c.kept == nil {
		return
	}
	if c.takeName(); !c.kept.name {
		c.detailOffer()
	}
	c.endKept()
}

// takeName takes the name in a hello that was kept, which is parsed for that.
func (c *session) takeName() {
	s, name := c.sensor, c.kept.body
	if !c.kept.name {
		_ = s.hello.Parse(c.kept.body) // it was parsed before: an error says the same again
		name = s.hello.ServerName
	}
	c.offer.sni = s.strings.of(name)
}

// endKept gives a kept hello back.
func (c *session) endKept() {
	k := c.kept
	if k == nil {
		return
	}
	s := c.sensor
	c.kept = nil
	s.kept -= cap(k.body)
	switch {
	case k.name && cap(k.body) <= maxKeptName:
		s.freeNames.give(k)
	case k.name || cap(k.body) > maxKeptHello:
	default:
		s.freeKept.give(k)
	}
}

// detailAnswer takes those of the sensor's answer, unless it shows that the
// handshake will only be counted.
func (c *session) detailAnswer() {
	d, s := &c.details, c.sensor
	switch {
	case s.options.FlaggedOnly && c.goodEnough():
		d.server = nil
		c.endKept()
		return
	case c.answer.cut:
		d.server = newCutServer(&s.answer)
	default:
		d.server = s.kinds.server(&s.answer)
	}
	d.answered = s.sessionID(s.answer.SessionID)
	if !c.dull() {
		c.detailKept()
	}
}

// sessionID stands for a session id; 0: it is empty.
func (s *Sensor) sessionID(id []byte) uint32 {
	if len(id) == 0 {
		return 0
	}
	return short(s.digest(uint64(len(id))^s.seed, id))
}

// share has o point to what is known of the kinds of the hellos.
func (d *details) share(o *classify.Observation, retried, ticket bool) {
	if d.client != nil {
		o.Hello = &d.client.hello
	}
	if d.server != nil {
		o.Answer = d.server.heard(retried, d.resumed(ticket))
	}
}
