package session

import (
	"slices"

	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// finish makes the session's finding, if a hello was seen, counts what could not
// be seen, and lets the session go.
func (c *Session) finish(cause flow.Cause) {
	s := c.sessions
	heard := c.client.seen || c.server.seen
	if heard && !c.vouched() {
		s.Unvouched.Count(c.from(c.teller).Addr())
		c.release()
		return
	}
	if heard && !c.once() {
		s.Stats.Copies++
		c.release()
		return
	}
	o := c.outcome(cause)
	c.countUnseen(cause)
	switch {
	case !heard:
	case c.outOfScope(), s.FlaggedOnly && c.client.reach != policy.Unnamed && c.goodEnough():
		s.Count(c.summed(o))
	default:
		s.Judge(c, c.observe(o))
	}
	c.release()
}

// outcome says how the handshake ended, when the connection ended by cause.
func (c *Session) outcome(cause flow.Cause) classify.Outcome {
	end := handshake.Unknown
	switch cause {
	case flow.Closed:
		end = handshake.Closed
	case flow.Reset:
		end = handshake.Reset
	case flow.Idle:
		end = handshake.Idle
	}
	return outcomes[c.tls.Outcome(end)]
}

// outcomes are the outcomes of an event.
var outcomes = [...]classify.Outcome{
	handshake.Truncated:   classify.Truncated,
	handshake.Established: classify.Established,
	handshake.Refused:     classify.Refused,
	handshake.ResetEarly:  classify.Reset,
	handshake.ClosedEarly: classify.Closed,
	handshake.Unanswered:  classify.Unanswered,
}

// summed is the finding of a handshake that will only be counted, with nothing
// but what counting needs: most findings of a healthy network are such.
func (c *Session) summed(outcome classify.Outcome) *classify.Finding {
	f := &c.sessions.countOnly.finding
	f.Outcome = outcome
	f.Hello, f.Answer = c.describeClientHello(), nil
	if c.server.seen {
		f.Answer = c.sketchServerHello()
	}
	f.Verdict = c.sessions.Policy.Verdict(&f.Observation)
	f.InScope = c.client.reach == policy.Inside || c.elsewhere
	return f
}

// observe makes a finding of what the session knows, in the draft.
func (c *Session) observe(outcome classify.Outcome) *classify.Finding {
	f := c.sessions.Draft
	*f = classify.Finding{Observation: classify.Observation{Anomalies: f.Anomalies[:0], Names: f.Names[:0]}}
	o, client := &f.Observation, c.forth()
	if d, ok := c.clientDir(); ok {
		client = d
	}
	o.Time, o.Source, o.Outcome = c.helloTime, c.source, outcome
	o.Sender, o.Outside = c.sender(), c.client.outside
	o.Client, o.Server = c.from(client), c.from(client.Other())
	o.StartTLS = c.tls.Protocol()
	o.Alert = c.alert(client)
	if c.shown != nil {
		o.Certificate, o.Misnamed = c.shown.certificate, c.shown.misnamed
	}
	o.SNI = c.client.name.String()
	o.Hello = c.describeClientHello()
	o.Answer = c.describeServerHello()
	c.observeNames(f)
	o.Anomalies = c.appendAnomalies(o.Anomalies)
	return f
}

// alert is the alert of the handshake; nil: none.
func (c *Session) alert(client flow.Dir) *classify.Alert {
	from, a, ok := c.tls.Alert()
	if !ok {
		return nil
	}
	side := classify.ServerSide
	if flow.Dir(from) == client {
		side = classify.ClientSide
	}
	return &classify.Alert{From: side, Level: uint8(a.Level), Code: uint8(a.Description)}
}

// describeClientHello is what an event says of the ClientHello, or what judging
// needs of one whose details were not taken; nil: none was seen.
func (c *Session) describeClientHello() *classify.ClientHello {
	switch {
	case c.details.client != nil:
		return &c.details.client.hello
	case !c.client.seen:
		return nil
	}
	o, h := &c.client, &c.sessions.countOnly.hello
	*h = classify.ClientHello{
		RecordVersion: o.record, LegacyVersion: o.legacy, Versions: o.versions(),
		SSLv2Format: o.sslv2, ECH: o.ech, EarlyData: o.early, Cut: o.cut,
	}
	return h
}

// describeServerHello is the same of the ServerHello.
func (c *Session) describeServerHello() *classify.ServerHello {
	switch {
	case c.details.server != nil:
		return c.details.server.variant(c.tls.Retried(), c.details.resumed(c.client.ticket))
	case !c.server.seen:
		return nil
	}
	return c.sketchServerHello()
}

func (c *Session) sketchServerHello() *classify.ServerHello {
	a, h := &c.server, &c.sessions.countOnly.answer
	*h = classify.ServerHello{Version: a.version, Cipher: a.cipher, Sentinel: a.sentinel, HelloRetryRequest: c.tls.Retried()}
	return h
}

// observeNames lists what the connection calls its destination, in falling order
// of trust. What the destination was called elsewhere comes behind.
func (c *Session) observeNames(f *classify.Finding) {
	addName(f, f.SNI, classify.NameSNI)
	if host, ok := c.tls.Target(); ok {
		addName(f, host, classify.NameConnect)
	}
	if x := c.shown; x != nil && (x.misnamed || c.sessions.Certificates || !c.named()) { // else it says the same
		addName(f, x.name, classify.NameCertificate)
	}
}

func addName(f *classify.Finding, host string, source classify.NameSource) {
	if host != "" {
		f.Names = append(f.Names, classify.Name{Host: host, Source: source})
	}
}

func (c *Session) appendAnomalies(dst []string) []string {
	dst = c.tls.AppendAnomalies(c.odd.appendNames(dst))
	odd := parse.Oddities(0)
	if c.client.seen {
		odd |= c.client.oddities
	}
	if c.server.seen {
		odd |= c.server.oddities
	}
	return odd.AppendNames(dst)
}

// Complete adds to the session's finding what only a reader needs. Hellos that are in
// the memory of Sessions, because their details were not taken, are copied.
func (c *Session) Complete(f *classify.Finding) {
	c.describePlaces(f)
	f.Proxied.Client, f.Proxied.Server = c.tls.Proxied()
	if c.details.client != nil {
		f.Software = c.details.client.software
	} else if c.client.seen {
		h := *f.Hello
		h.Versions = slices.Clone(h.Versions)
		f.Hello = &h
	}
	if c.server.seen && c.details.server == nil {
		a := *f.Answer
		f.Answer = &a
	}
}

// once reports whether the connection is to be reported, and not as another
// view of one that was, or will be.
func (c *Session) once() bool {
	reported, copies := c.sessions.Table.Same(c.Said())
	for _, other := range copies {
		o, is := other.(*Session)
		switch {
		case !is:
		case reported:
			o.ownPlaces()
			o.places.add(c.place())
			o.client.outside = o.client.outside || c.client.outside && c.said.Client == o.said.Client
		default:
			c.ownPlaces()
			c.places.add(o.place())
			c.client.outside = c.client.outside || o.client.outside && c.said.Client == o.said.Client
		}
	}
	return !reported
}

// Said implements flow.Consumer. What is not believed is nobody else's words.
func (c *Session) Said() flow.Digest {
	if !c.vouched() {
		return flow.Digest{}
	}
	said := c.said
	if client, known := c.tls.Client(); known && said.Server == 0 {
		if alert, ok := c.tls.AlertIn(client.Other()); ok {
			said.Server = 1 | uint32(alert.Level)<<8 | uint32(alert.Description)<<16
		}
	}
	return said
}

// vouched reports whether the end that told of the connection is believed: it is the
// client.
func (c *Session) vouched() bool {
	client, known := c.clientDir()
	return !c.told || known && c.teller == client
}

// OpenTime is when the connection's first segment with data came, in nanoseconds since
// the Unix epoch.
func (c *Session) OpenTime() int64 { return c.openTime }
