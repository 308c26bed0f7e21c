package sensor

import "tlsfloor/parse"

// facts are what of the hellos only a reader of the finding needs.
//
// Where all findings are delivered they are taken as each hello is parsed, with
// its bytes in the processor's cache: with thousands of handshakes under way,
// writing the bytes somewhere and reading them again at the end costs more. Where only
// flagged findings are delivered the bytes are kept, because few of them will
// be asked for.
type facts struct {
	client          *clientKind // nil: no ClientHello
	server          *serverKind // nil: no ServerHello but in SSLv2
	ticket          bool        // a session ticket, or the wish for one
	offered, echoed sessionID
}

// size is what the facts hold that nobody else does, in bytes.
func (f *facts) size() int {
	n := factsSize
	if f.client != nil {
		n += f.client.own
	}
	if f.server != nil {
		n += f.server.own
	}
	return n
}

// sessionID is at most 32 bytes (RFC 5246, 7.4.1.2).
type sessionID struct {
	length uint8
	bytes  [32]byte
}

func newSessionID(b []byte) (id sessionID) {
	id.length = uint8(copy(id.bytes[:], b))
	return id
}

// offer takes what the sensor's hello says, which came in a record of a version.
func (f *facts) offer(s *Sensor, record parse.Version) {
	h := &s.hello
	f.client = s.kinds.client(h, record)
	f.ticket, f.offered = h.SessionTicket, newSessionID(h.SessionID)
}

// answer takes what the sensor's answer says.
func (f *facts) answer(s *Sensor) {
	f.server, f.echoed = s.kinds.server(&s.answer), newSessionID(s.answer.SessionID)
}

// resumed says how the session was resumed. A server takes a ticket without a
// word, by echoing the session id that came with it (RFC 5077, 3.4).
func (f *facts) resumed() resumption {
	switch {
	case f.server.psk:
		return byPSK
	case f.client == nil || f.server.said.Version.Rank() >= parse.TLSv13:
		return byNothing
	case f.echoed.length == 0 || f.echoed != f.offered:
		return byNothing
	case f.ticket:
		return byTicket
	}
	return byID
}

// keepOffer keeps what the hello that was parsed from b has for a reader.
func (c *session) keepOffer(b []byte) {
	if c.sensor.options.FlaggedOnly {
		c.offer.bytes = c.sensor.collector.Keep(b)
		return
	}
	c.ownFacts().offer(c.sensor, c.offer.record)
}

// keepAnswer is the same for the sensor's answer, which may say that the bytes
// of neither will be asked for.
func (c *session) keepAnswer(b []byte) {
	switch {
	case !c.sensor.options.FlaggedOnly:
		c.ownFacts().answer(c.sensor)
	case c.counted():
		c.dropBytes()
	default:
		c.sensor.collector.Give(c.answer.bytes)
		c.answer.bytes = c.sensor.collector.Keep(b)
	}
}

// dropBytes gives back what was kept of the hellos.
func (c *session) dropBytes() {
	collector := &c.sensor.collector
	collector.Give(c.offer.bytes)
	collector.Give(c.answer.bytes)
	c.offer.bytes, c.answer.bytes = nil, nil
}

// known returns the facts, from the bytes of the hellos if those were kept.
func (c *session) known() *facts {
	s := c.sensor
	if !s.options.FlaggedOnly {
		return c.ownFacts()
	}
	f := &s.facts
	*f = facts{}
	if c.offer.seen {
		c.parseOffer()
		f.offer(s, c.offer.record)
	}
	if c.answer.seen && !c.answer.sslv2 {
		_ = s.parseAnswer(c.answer.bytes, c.answer.draft)
		f.answer(s)
	}
	return f
}

// parseOffer parses again what parsed before.
func (c *session) parseOffer() {
	h := &c.sensor.hello
	if c.offer.sslv2 {
		_, _ = h.ReadSSLv2(c.offer.bytes)
	} else {
		_ = h.Parse(c.offer.bytes)
	}
}

func (c *session) ownFacts() *facts {
	if c.facts == nil {
		c.facts = c.sensor.newFacts()
	}
	return c.facts
}

func (s *Sensor) newFacts() *facts {
	n := len(s.freeFacts)
	if n == 0 {
		return new(facts)
	}
	f := s.freeFacts[n-1]
	s.freeFacts = s.freeFacts[:n-1]
	return f
}
