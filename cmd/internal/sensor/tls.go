package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
)

// tls takes bytes that are, or may be, TLS.
func (c *session) tls(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	switch c.at(d).phase {
	case opening:
		return c.recognise(d, data)
	case records:
		return c.readRecords(d, data)
	}
	return len(data), 0, flow.Ignore
}

// recognise looks at the first bytes of a direction.
func (c *session) recognise(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	best := parse.LooksLikeClientHello(data)
	if best != parse.Yes {
		best = max(best, parse.LooksLikeServerHello(data), parse.LooksLikeAlert(data))
	}
	if best == parse.Yes || asksForHello(data) {
		c.at(d).phase = records
		c.tellPrelude(d)
		return 0, 0, flow.Listen
	}
	v2 := parse.LooksLikeSSLv2ClientHello(data)
	if v2 == parse.Yes {
		return c.readSSLv2Client(d, data)
	}
	v2s := parse.LooksLikeSSLv2ServerHello(data)
	if v2s == parse.Yes {
		return c.readSSLv2Server(d, data)
	}
	other := c.otherRecords(d, data)
	if other == parse.Yes {
		c.side[d].phase = records
		return 0, 0, flow.Listen
	}
	if max(best, v2, v2s, other) == parse.Maybe {
		return 0, len(data) + 1, flow.Listen
	}
	return 0, 0, c.notTLS(d)
}

// resumes reports whether data can be TLS behind bytes of the direction that the
// capture lost. In what another protocol says, it is content. A ClientHello comes
// first in its direction: behind a hole in that of who accepted the connection it
// is content, too, say of a file that an HTTP server sends, and so is a
// ServerHello from who opened it.
func (c *session) resumes(d flow.Dir, data []byte) bool {
	if c.prelude != nil && !c.prelude.MayBegin(c.fromServer(d)) {
		return false
	}
	if c.client != unknownRole || !c.opener.Known {
		return true
	}
	if c.fromServer(d) {
		return parse.LooksLikeClientHello(data) != parse.Yes
	}
	return parse.LooksLikeServerHello(data) != parse.Yes
}

// otherRecords reports whether a direction begins with records of TLS that are
// no hello: once the other direction has said hello they need no more than to be
// records, else a hello has to come behind them.
func (c *session) otherRecords(d flow.Dir, data []byte) parse.Match {
	if c.offer.seen && roleIn(d) != c.client {
		return parse.LooksLikeOther(data)
	}
	return parse.LooksLikeLateHello(data)
}

// asksForHello reports whether data begins with a HelloRequest (RFC 5246,
// 7.4.1.1), which a server may send before it has heard anything.
func asksForHello(data []byte) bool {
	const request = 9 // the record's header, and a message without a body
	return len(data) >= request && data[0] == byte(parse.Handshake) && data[1] == 3 &&
		string(data[3:request]) == "\x00\x04\x00\x00\x00\x00"
}

// notTLS looks for another protocol in a direction whose first bytes are not
// TLS, unless it is clear already that they had to be. What comes before the
// answer to a hello is looked at, too: a greeting may arrive behind the hello.
func (c *session) notTLS(d flow.Dir) flow.Interest {
	s, other := &c.side[d], &c.side[d.Other()]
	if s.upgraded {
		return c.deaf(d)
	}
	s.talking, s.blind = true, true
	if other.phase != opening && (other.phase == records || other.protected) {
		c.before().Found(c.fromServer(d.Other()))
	}
	return flow.Listen
}

// readRecords walks the records. It does not wait for a record to be complete:
// a ServerHello at the front of a long one counts even if the rest is lost.
func (c *session) readRecords(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	var part parse.Part
	s := c.at(d)
	for rest := data; ; {
		if s.changed != unchanged && !c.tells(d, rest) {
			return len(data) - len(rest), 0, flow.Listen
		}
		ok, err := s.stream.Next(&rest, &part)
		switch {
		case err != nil:
			return len(data) - len(rest), 0, c.deaf(d)
		case !ok:
			return len(data), 0, flow.Listen
		}
		if i := c.part(d, &part); i != flow.Listen || c.settled() {
			return len(data) - len(rest), 0, i
		}
	}
}

// part takes part of a record.
func (c *session) part(d flow.Dir, p *parse.Part) flow.Interest {
	if p.Oversized() {
		c.oddities.add(oversizedRecord)
		return c.deaf(d)
	}
	if p.Length == 0 {
		c.oddities.add(emptyRecord) // of any type: what is protected is never empty (RFC 8446, 5.2)
		return flow.Listen
	}
	if c.at(d).changed != unchanged && c.takesEffect(d, p) {
		return c.protect(d)
	}
	switch p.Type {
	case parse.ApplicationData:
		return c.protect(d)
	case parse.ChangeCipherSpec:
		return c.changeCipherSpec(d)
	case parse.AlertRecord:
		return c.alarm(d, p)
	case parse.Handshake:
		if p.First {
			c.beginRecord(d, p)
		}
		c.fragment(d, p.Fragment)
	case parse.Heartbeat:
		c.oddities.add(heartbeatRecord)
	default:
		c.oddities.add(unknownRecordType)
	}
	return flow.Listen
}

// changeCipherSpec ends what is in clear. Around a HelloRetryRequest it is there
// for middleboxes, and another hello follows (RFC 8446, D.4). Before the answer,
// or before the certificate that is to name the server, the next record shows
// whether it took effect: somebody may have put it there (CVE-2014-0224).
func (c *session) changeCipherSpec(d flow.Dir) flow.Interest {
	switch {
	case c.retried:
		return flow.Listen
	case c.answer.seen && !c.awaitsCertificate(d):
		return c.protect(d)
	}
	c.side[d].changed = changed
	return flow.Listen
}

// tells reports whether enough of the record behind a ChangeCipherSpec is here, at
// the beginning of data, to say whether it is protected. Until then none of it is
// taken: its first byte alone may look like either.
func (c *session) tells(d flow.Dir, data []byte) bool {
	const header = 5
	s := &c.side[d]
	s.changed = changed
	if s.stream.Midway() || len(data) == 0 {
		return true
	}
	r, size, err := parse.ReadRecord(data)
	switch {
	case err != parse.ErrShort:
	case len(data) < header:
		s.changed = undecided
	case r.Type == parse.Handshake:
		p := parse.Part{Length: size - header, Fragment: r.Fragment}
		if p.Clear() == parse.Maybe {
			s.changed = undecided
		}
	}
	return s.changed != undecided
}

// takesEffect reports whether the first record behind a ChangeCipherSpec is
// protected. A record that tells neither way leaves that open.
func (c *session) takesEffect(d flow.Dir, p *parse.Part) bool {
	switch p.Type {
	case parse.ApplicationData:
		return true
	case parse.Handshake:
		if p.Clear() == parse.No {
			return true
		}
	case parse.AlertRecord:
		if p.Length > maxClearAlerts {
			return true
		}
	default:
		return false
	}
	c.side[d].changed = unchanged
	if p.Type != parse.Handshake || !c.offer.seen || parse.HandshakeType(p.Fragment[0]) != parse.TypeClientHello {
		// A second ClientHello answers a HelloRetryRequest that the capture holds
		// later; before it, clients send one (RFC 8446, D.4).
		c.oddities.add(earlyChangeCipherSpec)
	}
	return false
}

const (
	// maxClearAlerts is the longest alert record that cannot be a protected one,
	// in bytes: two of alert, and a MAC of 16 at the least.
	maxClearAlerts = 16
	// brokenAlert stands for the rest of an alert record that makes no sense.
	brokenAlert = 0xff
)

// alarm takes alerts in clear, which may be cut anywhere (RFC 5246, 6.2.1) or
// share a record.
func (c *session) alarm(d flow.Dir, p *parse.Part) flow.Interest {
	s := &c.side[d]
	switch {
	case p.Length > maxClearAlerts && c.answer.seen:
		return c.protect(d)
	case p.Length > maxClearAlerts:
		s.half = brokenAlert
	case p.First && s.half != 0:
		c.oddities.add(alertSplitRecords)
	case p.First && p.Length > 2:
		c.oddities.add(severalAlerts)
	}
	for _, b := range p.Fragment {
		s.alarm(b)
	}
	if s.half == brokenAlert {
		c.oddities.add(malformedAlert)
		if p.Last {
			s.half = 0
		}
	}
	return flow.Listen
}

// alarm takes a byte of an alert. Of several alerts the first is kept, or the
// first that is fatal.
func (s *side) alarm(b byte) {
	switch {
	case s.half == brokenAlert:
	case s.half == 0 && b != byte(parse.AlertWarning) && b != byte(parse.AlertFatal):
		s.half = brokenAlert
	case s.half == 0:
		s.half = b
	default:
		a := parse.Alert{Level: parse.AlertLevel(s.half), Description: parse.AlertDescription(b)}
		if s.half = 0; !s.alerted || a.Level > s.alert.Level {
			s.alert, s.alerted = a, true
		}
	}
}

func (c *session) beginRecord(d flow.Dir, p *parse.Part) {
	s := c.at(d)
	if _, ok := c.partial(d); ok {
		s.split = true
	} else if !c.offer.seen {
		c.offer.record = p.Version
	}
}

// protect notes that the direction is encrypted from here on.
func (c *session) protect(d flow.Dir) flow.Interest {
	s := c.at(d)
	s.phase, s.protected = over, true
	if c.settled() {
		return flow.Listen // Data sees it, and ends the session
	}
	return flow.Ignore
}

// fragment takes bytes of a handshake record's fragment.
func (c *session) fragment(d flow.Dir, b []byte) {
	var m parse.Message
	for !c.midway[d] && m.Take(&b) {
		c.message(d, &m)
	}
	if len(b) > 0 {
		c.collect(d, b)
	}
}

// collect takes bytes that begin or go on with a message in pieces.
func (c *session) collect(d flow.Dir, b []byte) {
	collector := &c.sensor.collector
	collector.Wanted = c.wanted()
	var m parse.Message
	for c.messages[d].Next(&b, collector, &m) {
		c.message(d, &m)
		c.side[d].split = false
	}
	c.midway[d] = !c.messages[d].Idle()
	c.recount()
}

// partial tells the type of the message under way in direction d, if one is.
func (c *session) partial(d flow.Dir) (t parse.HandshakeType, ok bool) {
	if c.midway[d] {
		t, _, _, ok = c.messages[d].Partial()
	}
	return t, ok
}

// wanted are the messages worth collecting.
func (c *session) wanted() parse.TypeSet {
	const hellos = 1<<parse.TypeClientHello | 1<<parse.TypeServerHello | 1<<parse.TypeHelloRetryRequest
	if c.wantsCertificate() {
		return hellos | 1<<parse.TypeCertificate
	}
	return hellos
}

func (c *session) message(d flow.Dir, m *parse.Message) {
	switch {
	case m.Skipped:
		c.noteType(m.Type)
		if c.wanted().Has(m.Type) {
			c.oddities.add(oversizedMessage)
		}
		return
	case m.Cut:
		c.takeTooLong(d, m)
	case m.Type == parse.TypeClientHello:
		c.clientHello(d, m.Body)
	case m.Type == parse.TypeServerHello, m.Type == parse.TypeHelloRetryRequest:
		c.serverHello(d, m)
	case m.Type == parse.TypeCertificate:
		c.certificates(d, m.Body)
	default:
		c.noteType(m.Type)
		return
	}
	c.recount()
}

// noteType notes what is odd about a message that nobody reads.
func (c *session) noteType(t parse.HandshakeType) {
	switch {
	case t == parse.TypeHelloRequest:
		c.oddities.add(helloRequest)
	case !t.Known():
		c.oddities.add(unknownHandshakeType)
	}
}
