package session

import (
	"slices"

	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/cipher"
	"tlsfloor/parse/handshake"
)

// finish makes the session's finding, if a hello was seen, counts the connection as
// unseen if its handshake could not be read, and releases the session.
func (c *Session) finish(cause flow.Cause) {
	s := c.sessions
	helloSeen := c.client.seen || c.server.seen
	if helloSeen && c.cameAgain() {
		c.release()
		return
	}
	if helloSeen && !c.believed() {
		s.DisbelievedClients.Count(c.from(c.guarantor).Addr())
		c.release()
		return
	}
	if helloSeen && !c.isFirstReport() {
		s.Stats.Copies++
		c.release()
		return
	}
	if helloSeen && c.isOwn() {
		s.Stats.Own++
		c.release()
		return
	}
	o := c.outcome(cause)
	c.countUnseen(cause)
	switch {
	case !helloSeen:
	case c.outOfScope(), s.FlaggedOnly && c.client.reach != policy.Unnamed && c.meetsFloor():
		s.Count(c.countedFinding(o))
	default:
		s.Judge(c, c.observe(o))
	}
	c.release()
}

// isOwn reports whether it is a handshake of tlsfloor itself. Those are never below TLS
// 1.2, so that whoever tells about connections which are none cannot hide such a one.
func (c *Session) isOwn() bool {
	if c.sessions.Own == nil || !c.client.seen {
		return false
	}
	client, known := c.clientDir()
	if !known || c.describeClientHello().MaxVersion() < parse.TLSv12 || c.server.seen && c.server.version.Rank() < parse.TLSv12 {
		return false
	}
	return c.sessions.Own(c.from(client), c.from(client.Other()), c.helloTime)
}

// outcome is how the handshake ended, given why the connection ended.
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

// outcomes are the outcomes in an event.
var outcomes = [...]classify.Outcome{
	handshake.Truncated:   classify.Truncated,
	handshake.Established: classify.Established,
	handshake.Refused:     classify.Refused,
	handshake.ResetEarly:  classify.Reset,
	handshake.ClosedEarly: classify.Closed,
	handshake.Unanswered:  classify.Unanswered,
}

// countedFinding is the finding of a handshake that is only counted, with only the
// fields that counting needs. On a healthy network nearly all findings are such.
func (c *Session) countedFinding(outcome classify.Outcome) *classify.Finding {
	f := &c.sessions.scratch.finding
	f.Outcome, f.Protocol = outcome, c.tls.Transport
	f.Hello, f.Answer = c.describeClientHello(), nil
	if c.server.seen {
		f.Answer = c.briefServerHello()
	}
	f.Verdict = c.sessions.Policy.Verdict(&f.Observation)
	f.InScope = c.client.reach == policy.Inside || c.otherNameInScope
	return f
}

// observe fills Sessions.Draft with the session's observation.
func (c *Session) observe(outcome classify.Outcome) *classify.Finding {
	f := c.sessions.Draft
	*f = classify.Finding{Observation: classify.Observation{Anomalies: f.Anomalies[:0], Names: f.Names[:0]}}
	o, client := &f.Observation, c.pathDir()
	if d, ok := c.clientDir(); ok {
		client = d
	}
	o.Time, o.Source, o.Outcome = c.helloTime, c.source, outcome
	o.Sender, o.Outside = c.sender(), c.client.outside
	o.Client, o.Server = c.from(client), c.from(client.Other())
	o.StartTLS, o.Protocol = c.tls.Protocol(), c.tls.Transport
	o.Group, o.History = c.group(), c.history()
	if c.conversation != nil {
		c.conversation.describe(o)
	}
	o.Alert = c.alert(client)
	if c.serverCertificate != nil {
		o.Certificate, o.Misnamed = c.serverCertificate.certificate, c.serverCertificate.misnamed
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
	return &classify.Alert{From: side, Level: uint8(a.Level), Code: uint8(a.Description), Record: c.tls.AlertVersion(from)}
}

// group is the group that the server selected; 0: none, or not known.
func (c *Session) group() parse.Group {
	a := &c.server
	if a.seen && (a.version.Rank() >= parse.TLSv13 || cipher.IsEphemeralCurve(a.cipher)) {
		return c.tls.Group()
	}
	return 0
}

// history is the order of the handshake's messages.
func (c *Session) history() string {
	letters := c.tls.AppendHistory(c.sessions.scratch.history[:0])
	c.sessions.scratch.history = letters
	return c.sessions.strings.get(letters)
}

// describeClientHello describes the ClientHello; nil: none was seen. If its details
// were not kept, the result has what judging needs, in memory that Sessions reuses.
func (c *Session) describeClientHello() *classify.ClientHello {
	switch {
	case c.details.client != nil:
		return &c.details.client.hello
	case !c.client.seen:
		return nil
	}
	o, h := &c.client, &c.sessions.scratch.hello
	*h = classify.ClientHello{
		RecordVersion: o.record, LegacyVersion: o.legacy, Versions: o.versions(),
		SSLv2Format: o.sslv2, ECH: o.ech, EarlyData: o.earlyData, Cut: o.cut,
	}
	return h
}

// describeServerHello is the same for the ServerHello.
func (c *Session) describeServerHello() *classify.ServerHello {
	switch {
	case c.details.server != nil:
		return c.details.server.variant(c.tls.Retried(), c.details.resumed(c.client.ticket))
	case !c.server.seen:
		return nil
	}
	return c.briefServerHello()
}

// briefServerHello describes the ServerHello with what judging needs, in memory that
// Sessions reuses.
func (c *Session) briefServerHello() *classify.ServerHello {
	a, h := &c.server, &c.sessions.scratch.answer
	*h = classify.ServerHello{Version: a.version, Cipher: a.cipher, Sentinel: a.sentinel, HelloRetryRequest: c.tls.Retried()}
	return h
}

// observeNames lists the names that the connection itself gives for its destination,
// the most trusted first. Names from elsewhere (DNS, address ranges) are appended
// later.
func (c *Session) observeNames(f *classify.Finding) {
	addName(f, f.SNI, classify.NameSNI)
	if host, ok := c.tls.Target(); ok {
		addName(f, host, classify.NameConnect)
	}
	if x := c.serverCertificate; x != nil && (x.misnamed || c.sessions.Certificates || !c.hasHostName()) { // otherwise it adds nothing
		addName(f, x.name, classify.NameCertificate)
	}
}

func addName(f *classify.Finding, host string, source classify.NameSource) {
	if host != "" {
		f.Names = append(f.Names, classify.Name{Host: host, Source: source})
	}
}

func (c *Session) appendAnomalies(dst []string) []string {
	dst = c.tls.AppendAnomalies(c.anomalies.appendNames(dst))
	odd := parse.Oddities(0)
	if c.client.seen {
		odd |= c.client.oddities
	}
	if c.server.seen {
		odd |= c.server.oddities
	}
	return odd.AppendNames(dst)
}

// Complete adds to the session's finding what only a reader of the event needs. After
// it, f no longer refers to memory that Sessions reuses: hellos whose details were not
// kept are copied.
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

// isFirstReport reports whether the connection is to be reported. It is not if it is a
// copy, seen at another place, of one that was or will be reported: then its place is
// added to that of copies that are still followed. Otherwise their places are added to
// its own.
func (c *Session) isFirstReport() bool {
	reported, copies := c.same()
	for _, o := range copies {
		if reported {
			o.needPlaces()
			o.places.add(c.place())
			o.client.outside = o.client.outside || c.client.outside && c.helloDigest.Client == o.helloDigest.Client
		} else {
			c.needPlaces()
			c.places.add(o.place())
			c.client.outside = c.client.outside || o.client.outside && c.helloDigest.Client == o.helloDigest.Client
		}
	}
	return !reported
}

// Said implements flow.Consumer. A connection that is not believed is no copy of any
// other, so its Digest is zero.
func (c *Session) Said() flow.Digest {
	if !c.believed() {
		return flow.Digest{}
	}
	digest := c.helloDigest
	if client, known := c.tls.Client(); known && digest.Server == 0 {
		if alert, ok := c.tls.AlertIn(client.Other()); ok {
			digest.Server = 1 | uint32(alert.Level)<<8 | uint32(alert.Description)<<16
		}
	}
	return digest
}

// believed reports whether the connection is believed: it has no guarantor, or the
// guarantor is the client.
func (c *Session) believed() bool {
	client, known := c.clientDir()
	return !c.hasGuarantor || known && c.guarantor == client
}

// OpenTime is the time of the connection's first segment with data, in nanoseconds
// since the Unix epoch.
func (c *Session) OpenTime() int64 { return c.openTime }
