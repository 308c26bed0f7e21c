package sensor

import (
	"unsafe"

	"tlsfloor/capture/flow"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// offer is what judging needs of a ClientHello, and its bytes where its facts
// were not taken: see facts.
type offer struct {
	seen     bool
	named    bool // there is a name, in sni or not
	sslv2    bool
	ech      bool
	early    bool
	reach    policy.Reach // of the name; Unnamed also where nobody asks
	record   parse.Version
	legacy   parse.Version
	oddities parse.Oddities
	usual    [4]parse.Version // where versions lie, unless they are more
	sni      string           // the name, where it was made a string: see session.sni
	versions []parse.Version  // nil: no such extension, or facts have them
	bytes    []byte           // the body, or the SSLv2 record; the collector's
}

// answer is the same of the final ServerHello, or of a HelloRetryRequest that
// nothing came after.
type answer struct {
	seen     bool
	retry    bool // it is a HelloRetryRequest
	draft    bool // as a message of its own, as the drafts of TLS 1.3 had it
	sslv2    bool // an SSLv2 SERVER-HELLO, of which bytes holds nothing
	version  parse.Version
	sentinel parse.Version
	cipher   uint16
	oddities parse.Oddities
	bytes    []byte // the collector's
}

// clientHello takes the first ClientHello; a second one answers a
// HelloRetryRequest or renegotiates.
func (c *session) clientHello(d flow.Dir, body []byte) {
	if c.offer.seen {
		return
	}
	h := &c.sensor.hello
	if h.Parse(body) != nil {
		c.sensor.stats.Malformed++
		return
	}
	c.takeOffer(d, body)
	if c.side[d].split {
		c.oddities.add(helloSplitRecords)
	}
}

// takeOffer keeps what the sensor's hello, parsed from b, says.
func (c *session) takeOffer(d flow.Dir, b []byte) {
	s, h, o := c.sensor, &c.sensor.hello, &c.offer
	s.stats.ClientHellos++
	c.client = roleIn(d)
	c.began()
	o.seen, o.legacy, o.oddities = true, h.LegacyVersion, h.Oddities
	o.sslv2, o.ech, o.early = h.SSLv2Format, h.EncryptedClientHello, h.EarlyData
	if s.options.FlaggedOnly && h.HasSupportedVersions {
		o.versions = h.AppendVersions(o.usual[:0])
	}
	if o.named = len(h.ServerName) > 0; o.named && s.options.FlaggedOnly {
		host := unsafe.String(&h.ServerName[0], len(h.ServerName)) // for the call only
		o.reach = s.options.Policy.Reach(host)
	}
	if s.options.FlaggedOnly && o.reach == policy.Outside {
		return
	}
	if !s.options.FlaggedOnly || o.reach == policy.Unnamed {
		o.sni = s.strings.of(h.ServerName)
	}
	c.keepOffer(b)
	if s.options.Notice != nil {
		s.options.Notice(c.from(d), c.from(d.Other()))
	}
}

// serverHello takes the first ServerHello, and the one that follows a
// HelloRetryRequest.
func (c *session) serverHello(d flow.Dir, m *parse.Message) {
	if c.answer.seen && !c.answer.retry {
		return
	}
	draft := m.Type == parse.TypeHelloRetryRequest
	if err := c.sensor.parseAnswer(m.Body, draft); err != nil {
		c.sensor.stats.Malformed++
		return
	}
	c.takeAnswer(d, &c.sensor.answer)
	c.answer.draft = draft
	c.keepAnswer(m.Body)
}

// sni is the name that the client gave; empty: none, or one of a handshake that
// will only be counted. A name in scope is made a string when the end has shown
// that somebody will ask for it.
func (c *session) sni() string {
	o := &c.offer
	if o.sni == "" && o.named && len(o.bytes) > 0 {
		c.parseOffer()
		o.sni = c.sensor.strings.of(c.sensor.hello.ServerName)
	}
	return o.sni
}

// counted reports whether, with flagged findings wanted only, the handshake will
// only be counted, whatever comes: the name is out of scope, or the version that
// the server selected is good enough.
func (c *session) counted() bool {
	return c.offer.reach == policy.Outside || !c.answer.retry && c.answer.version.Rank() >= c.sensor.options.Policy.Floor()
}

func (s *Sensor) parseAnswer(body []byte, draft bool) error {
	if draft {
		return s.answer.ParseHelloRetryRequest(body)
	}
	return s.answer.Parse(body)
}

func (c *session) takeAnswer(d flow.Dir, h *parse.ServerHello) {
	c.sensor.stats.ServerHellos++
	if c.client == unknownRole {
		c.client = roleIn(d.Other())
	}
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
