package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// offer is what judging needs of a ClientHello.
type offer struct {
	seen     bool
	titled   bool // there is a server_name, in sni or not
	sslv2    bool
	ech      bool
	early    bool
	cut      bool         // only the beginning of the hello was captured, or collected
	long     bool         // it was captured, and was too long
	ticket   bool         // a session ticket, or the wish for one; known when the details are
	outside  bool         // all of it came outside of any tunnel
	shown    bool         // it says what is offered: see classify.ClientHello.ShowsVersions
	reach    policy.Reach // of the name; Unnamed also where nobody asks
	record   parse.Version
	legacy   parse.Version
	oddities parse.Oddities
	usual    [4]parse.Version // where versions lie, unless they are more
	sni      string           // server_name; empty also where the handshake is only counted
	versions []parse.Version  // nil: no such extension, or the details have them
}

// answer is the same of the final ServerHello, or of a HelloRetryRequest that
// nothing came after.
type answer struct {
	seen     bool
	retry    bool // it is a HelloRetryRequest
	sslv2    bool // an SSLv2 SERVER-HELLO
	cut      bool // only the beginning of it was captured, or collected
	long     bool // it was captured, and was too long
	version  parse.Version
	sentinel parse.Version
	cipher   uint16
	oddities parse.Oddities
}

// clientHello takes the first ClientHello; a second one answers a
// HelloRetryRequest or renegotiates.
func (c *session) clientHello(d flow.Dir, body []byte) {
	if c.offer.seen && (!c.offer.cut || c.offer.long) && roleIn(d) == c.client {
		return
	}
	h := &c.sensor.hello
	if h.Parse(body) != nil && !h.Plausible() {
		c.sensor.stats.Malformed++
		return
	}
	if c.client != unknownRole && roleIn(d) != c.client && !c.swapRoles(d) {
		c.oddities.add(clientHelloFromServer)
		c.keepSpareHello(d, body)
		return
	}
	c.forgetCutOffer()
	c.takeOffer(d, body)
	if c.side[d].split {
		c.oddities.add(helloSplitRecords)
	}
	c.takeSpareAnswer(d.Other())
}

// takeOffer keeps what the sensor's hello, parsed from b, says.
func (c *session) takeOffer(d flow.Dir, b []byte) {
	s, h, o := c.sensor, &c.sensor.hello, &c.offer
	s.stats.ClientHellos++
	c.endKept()
	c.details.client, c.elsewhere = nil, false
	c.client = roleIn(d)
	c.said.Client = s.digestClient(h, len(b))
	c.began()
	o.seen, o.legacy, o.oddities = true, h.LegacyVersion, h.Oddities
	o.sslv2, o.ech, o.early = h.SSLv2Format, h.EncryptedClientHello, h.EarlyData
	o.outside = !c.Tunnelled(d)
	o.shown = !o.cut || h.HasSupportedVersions || h.LegacyVersion < parse.TLSv12
	if s.options.FlaggedOnly && h.HasSupportedVersions {
		o.versions = h.AppendVersions(o.usual[:0])
	}
	if o.titled = len(h.ServerName) > 0; o.titled && s.options.FlaggedOnly {
		o.reach = s.options.Policy.Reach(borrowed(h.ServerName))
		if host, ok := c.target(); ok && o.reach == policy.Outside {
			c.elsewhere = s.options.Policy.Reach(host) == policy.Inside
		}
	}
	if c.dull() {
		c.takeDull(b)
	} else {
		o.sni = s.strings.of(h.ServerName)
		c.takeDetails(b)
		c.Wait()
		c.notice()
	}
	if c.shown != nil && c.shown.unasked != nil {
		c.leaf(c.shown.unasked)
	}
}

// notice tells who looks for the process of a connection that one may be asked for.
func (c *session) notice() {
	if s := c.sensor; s.options.Notice != nil && c.offer.outside {
		d := c.client.dir()
		s.options.Notice(c.from(d), c.from(d.Other()))
	}
}

// dull reports whether, with flagged findings wanted only, what the client and
// the server called the destination is out of scope so far. The certificate of a
// server may still say that the client gave another name than its own.
func (c *session) dull() bool {
	return c.sensor.options.FlaggedOnly && c.offer.reach == policy.Outside && !c.elsewhere
}

// named reports whether there is a host's name in server_name: then nothing else
// has to be collected to name the destination.
func (c *session) named() bool {
	o := &c.offer
	if !o.titled || c.sensor.options.FlaggedOnly {
		return o.reach != policy.Unnamed
	}
	host, _ := c.sensor.options.Policy.Named(o.sni)
	return host != ""
}

// serverHello takes the first ServerHello, and the one that follows a
// HelloRetryRequest.
func (c *session) serverHello(d flow.Dir, m *parse.Message) {
	switch {
	case c.offer.seen && roleIn(d) == c.client:
		if !c.keepSpareAnswer(d, m) {
			c.oddities.add(serverHelloFromClient)
		}
		return
	case c.answer.seen && roleIn(d) == c.client && !c.fromServer(d):
		c.oddities.add(serverHelloFromClient)
		return
	case c.answer.seen && roleIn(d) == c.client:
		c.oddities.add(serverHelloFromClient)
		c.dropAnswer()
	case c.answer.seen && !c.answer.retry && (!c.answer.cut || c.answer.long):
		return
	}
	draft := m.Type == parse.TypeHelloRetryRequest
	if err := c.sensor.parseAnswer(m.Body, draft); err != nil && (draft || !c.sensor.answer.Plausible()) {
		c.sensor.stats.Malformed++
		return
	}
	c.takeAnswer(d, &c.sensor.answer, len(m.Body))
	c.answer.cut = false
	c.detailAnswer()
}

// goodEnough reports whether the server has selected a version for which nothing
// is flagged.
func (c *session) goodEnough() bool {
	return !c.answer.retry && c.answer.version.Rank() >= c.sensor.options.Policy.Floor()
}

func (s *Sensor) parseAnswer(body []byte, draft bool) error {
	if draft {
		return s.answer.ParseHelloRetryRequest(body)
	}
	return s.answer.Parse(body)
}

func (c *session) takeAnswer(d flow.Dir, h *parse.ServerHello, size int) {
	c.sensor.stats.ServerHellos++
	if c.client == unknownRole {
		c.client = roleIn(d.Other())
	}
	c.said.Server = c.sensor.digestServer(h, size)
	c.began()
	a := &c.answer
	a.seen, a.version, a.cipher, a.sentinel = true, h.SelectedVersion, h.CipherSuite, h.DowngradeSentinel
	a.oddities, a.retry = h.Oddities, h.HelloRetryRequest
	c.retried = c.retried || a.retry
}

// began notes the time of the first hello.
func (c *session) began() {
	if c.helloTime == 0 {
		c.helloTime = c.sensor.packet.Time
	}
}
