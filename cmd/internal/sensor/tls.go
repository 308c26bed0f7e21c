package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
)

// tls takes bytes that are, or may be, TLS.
func (c *session) tls(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	switch c.side[d].phase {
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
		c.side[d].phase = records
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
	if max(best, v2, v2s) == parse.Maybe {
		return 0, len(data) + 1, flow.Listen
	}
	return 0, 0, c.notTLS(d)
}

// asksForHello reports whether data begins with a HelloRequest (RFC 5246,
// 7.4.1.1), which a server may send before it has heard anything.
func asksForHello(data []byte) bool {
	const request = 9 // the record's header, and a message without a body
	return len(data) >= request && data[0] == byte(parse.Handshake) && data[1] == 3 &&
		string(data[3:request]) == "\x00\x04\x00\x00\x00\x00"
}

// notTLS looks for another protocol in a direction whose first bytes are not
// TLS, unless it is clear already that they had to be.
func (c *session) notTLS(d flow.Dir) flow.Interest {
	s, other := &c.side[d], &c.side[d.Other()]
	if s.upgraded || other.phase == records && !other.upgraded {
		return c.deaf(d)
	}
	s.talking = true
	return flow.Listen
}

// readRecords walks the records. It does not wait for a record to be complete:
// a ServerHello at the front of a long one counts even if the rest is lost.
func (c *session) readRecords(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	var part parse.Part
	for rest := data; ; {
		ok, err := c.side[d].stream.Next(&rest, &part)
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
	}
	return flow.Listen
}

// changeCipherSpec ends what is in clear, but around a HelloRetryRequest, where
// it is there for middleboxes and another hello follows (RFC 8446, D.4).
func (c *session) changeCipherSpec(d flow.Dir) flow.Interest {
	if c.answer.retry {
		return flow.Listen
	}
	return c.protect(d)
}

// alarm takes an alert in clear. One that is not, is encrypted.
func (c *session) alarm(d flow.Dir, p *parse.Part) flow.Interest {
	alert, ok := parse.ParseAlert(p.Fragment)
	if !ok {
		return c.protect(d)
	}
	if s := &c.side[d]; !s.alerted {
		s.alert, s.alerted = alert, true
	}
	return flow.Listen
}

func (c *session) beginRecord(d flow.Dir, p *parse.Part) {
	s := &c.side[d]
	if p.Length == 0 {
		c.oddities.add(emptyRecord)
	}
	if _, ok := c.partial(d); ok {
		s.split = true
	} else if !c.offer.seen {
		c.offer.record = p.Version
	}
}

// protect notes that the direction is encrypted from here on.
func (c *session) protect(d flow.Dir) flow.Interest {
	s := &c.side[d]
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

// wanted are the messages worth collecting. The certificate is worth it where
// nothing else names the destination.
func (c *session) wanted() parse.TypeSet {
	const hellos = 1<<parse.TypeClientHello | 1<<parse.TypeServerHello | 1<<parse.TypeHelloRetryRequest
	if c.sensor.options.Certificates || !c.offer.named {
		return hellos | 1<<parse.TypeCertificate
	}
	return hellos
}

func (c *session) message(d flow.Dir, m *parse.Message) {
	switch {
	case m.Skipped:
		return
	case m.Type == parse.TypeClientHello:
		c.clientHello(d, m.Body)
	case m.Type == parse.TypeServerHello, m.Type == parse.TypeHelloRetryRequest:
		c.serverHello(d, m)
	case m.Type == parse.TypeCertificate:
		c.certificates(d, m.Body)
	default:
		return
	}
	c.recount()
}

// certificates names the server by its own certificate, the first of the list.
func (c *session) certificates(d flow.Dir, body []byte) {
	if roleIn(d) == c.client || !c.wanted().Has(parse.TypeCertificate) {
		return
	}
	list, err := parse.ParseCertificates(body)
	if err != nil {
		c.oddities.add(badCertificate)
		return
	}
	if der, ok := list.Next(); ok {
		c.leaf(der)
	}
}

func (c *session) leaf(der []byte) {
	leaf := &c.sensor.leaf
	if err := leaf.Parse(der); err != nil {
		c.oddities.add(badCertificate)
		return
	}
	c.certified = c.nameOf(leaf)
	if c.sensor.options.Certificates {
		c.certificate = describeCertificate(leaf, der)
	}
}
