package session

import (
	"tlsfloor/capture/flow"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
	"tlsfloor/parse/handshake"
)

// retract forgets hellos that do not count any more.
func (c *Session) retract(hellos handshake.Hellos) {
	if hellos == 0 {
		return
	}
	if hellos.Has(handshake.TheClientHello) {
		c.endName()
		c.client = clientSummary{}
	}
	if hellos.Has(handshake.TheServerHello) {
		c.server, c.said.Server = serverSummary{}, 0
		c.details.server, c.details.answered = nil, 0
		c.elsewhere = false
		c.endShown()
	}
}

// takeClientHello takes what a ClientHello says, once.
func (c *Session) takeClientHello(msg *handshake.Message) {
	s, h, o := c.sessions, &msg.Client, &c.client
	s.Stats.countClientHello(msg)
	c.endName()
	*o = clientSummary{
		seen: true, cut: msg.Cut, long: msg.Long, record: msg.Record, legacy: h.LegacyVersion, oddities: h.Oddities,
		sslv2: h.SSLv2Format, ech: h.EncryptedClientHello, early: h.EarlyData, outside: !c.Tunnelled(flow.Dir(msg.Dir)),
		shown:  !msg.Cut || h.HasSupportedVersions || h.LegacyVersion < parse.TLSv12,
		titled: len(h.ServerName) > 0,
	}
	c.said.Client = s.digestClient(h, msg.Size)
	c.noteTime()
	c.details.client, c.elsewhere = nil, false
	if o.titled && s.FlaggedOnly {
		o.reach = s.Policy.Reach(string(h.ServerName)) // does not allocate up to 32 bytes
		if host, ok := c.tls.Target(); ok && o.reach == policy.Outside {
			c.elsewhere = s.Policy.Reach(host) == policy.Inside
		}
	}
	if o.titled {
		c.setName(h.ServerName, !c.outOfScope())
	}
	if !c.outOfScope() || h.MaxVersion() < s.Policy.Floor() || !o.setOffered(h) {
		c.takeClientDetails(h)
	}
	if !c.outOfScope() {
		c.Wait()
		c.notice()
	}
	c.takeUnaskedCertificate()
}

// countClientHello counts the ClientHello in msg.
func (st *Stats) countClientHello(msg *handshake.Message) {
	switch {
	case msg.Completes: // its beginning was counted
		st.Incomplete--
		return
	case msg.Long:
		st.Malformed++
	case msg.Cut:
		st.Incomplete++
	}
	st.ClientHellos++
}

// takeClientDetails takes the details of a ClientHello.
func (c *Session) takeClientDetails(h *parse.ClientHello) {
	d, s := &c.details, c.sessions
	if c.client.cut {
		d.client = newCutClient(h, c.client.record)
	} else {
		d.client = s.kinds.client(h, c.client.record)
	}
	c.client.ticket, d.offered = h.SessionTicket, s.sessionID(h.SessionID)
}

// takeServerHello takes what a ServerHello says. Its details are not taken where it
// shows that the handshake will only be counted.
func (c *Session) takeServerHello(msg *handshake.Message) {
	s, h, d := c.sessions, &msg.Server, &c.details
	s.Stats.ServerHellos++
	if msg.Long {
		s.Stats.Malformed++
	}
	c.said.Server = s.digestServer(h, msg.Size)
	c.noteTime()
	c.server = serverSummary{
		seen: true, retry: h.HelloRetryRequest, cut: msg.Cut, long: msg.Long || c.server.long,
		version: h.SelectedVersion, sentinel: h.DowngradeSentinel, cipher: h.CipherSuite, oddities: h.Oddities,
	}
	switch {
	case s.FlaggedOnly && c.goodEnough(), msg.SSLv2:
		d.server = nil
		return
	case msg.Cut:
		d.server = newCutServer(h)
	default:
		d.server = s.kinds.server(h)
	}
	d.answered = s.sessionID(h.SessionID)
}

// noteTime notes the time of the first hello.
func (c *Session) noteTime() {
	if c.helloTime == 0 {
		c.helloTime = c.sessions.Packet.Time
	}
}

// takeUnaskedCertificate takes a certificate that came before the ClientHello.
func (c *Session) takeUnaskedCertificate() {
	if c.shown == nil || c.shown.unasked == nil {
		return
	}
	var leaf certificate.Certificate
	_ = leaf.Parse(c.shown.unasked) // it was parsed before: an error says the same again
	c.takeCertificate(&leaf, c.shown.unasked)
}

// takeCertificate takes what the server's certificate says.
func (c *Session) takeCertificate(leaf *certificate.Certificate, der []byte) {
	s := c.sessions
	if c.shown == nil {
		c.shown = s.freeShown.Take()
	}
	x := c.shown
	if !c.client.seen {
		s.certificates.Give(x.unasked)
		x.unasked = s.certificates.Keep(der)
	}
	x.name, x.misnamed = c.nameOf(leaf)
	if x.misnamed && c.outOfScope() && s.Policy.Reach(x.name) == policy.Inside {
		// The connection turns out to lead to a destination in scope, under a
		// name that is not.
		c.elsewhere = true
		c.Wait()
		c.notice()
	}
	if s.Certificates {
		x.certificate = describeCertificate(leaf, der, x.name)
	}
}

// nameOf chooses among the names of a certificate, all of them: what covers the
// name the client asked for, else the first in scope, else the first. A
// certificate for many services names the one that matters. misnamed says that
// none covers the name that was asked for.
func (c *Session) nameOf(leaf *certificate.Certificate) (name string, misnamed bool) {
	asked := c.asked()
	best, rank := "", notHost
	for list := leaf.Names(); ; {
		b, ok := list.Next()
		if !ok {
			return best, asked != ""
		}
		name := c.sessions.strings.of(b)
		r := c.sessions.rank(name, rank)
		if r > notHost && asked != "" && policy.Covers(name, asked) {
			return name, false
		}
		if r > rank {
			best, rank = name, r
		}
	}
}

// asked is the name that the client gave, to the server or to a proxy.
func (c *Session) asked() string {
	if name, _ := c.sessions.Policy.Named(c.client.name.String()); name != "" {
		return name
	}
	host, _ := c.tls.Target()
	host, _ = c.sessions.Policy.Named(host)
	return host
}

// rank ranks a name; above least, it does not matter how high a rank is.
func (s *Sessions) rank(name string, least rank) rank {
	switch _, exact := s.Policy.Named(name); {
	case !exact && policy.IsHostname(name):
		return local
	case !exact:
		return notHost
	case least < inside && s.Policy.Reach(name) == policy.Inside:
		return inside
	}
	return outside
}

// rank is how well a certificate's name names a destination.
type rank uint8

const (
	notHost rank = iota // "Load balancer 1", an address, or an attack
	local               // "localhost", one label
	outside             // a host's name, out of scope
	inside
)

// notice tells whoever looks for the process of a connection that one may be asked
// for.
func (c *Session) notice() {
	if s := c.sessions; s.Notice != nil && c.client.outside {
		d, _ := c.clientDir()
		s.Notice(c.from(d), c.from(d.Other()))
	}
}

// named reports whether there is a host's name in server_name: then no certificate
// is needed to name the destination.
func (c *Session) named() bool {
	o := &c.client
	if !o.titled || c.sessions.FlaggedOnly {
		return o.reach != policy.Unnamed
	}
	host, _ := c.sessions.Policy.Named(o.name.String())
	return host != ""
}

// outOfScope reports whether, with flagged findings wanted only, what the client
// called the destination is out of scope so far. The certificate of a server may
// still say that the client gave another name than its own: of a hello that can do
// no better than below the floor the details are taken all the same, and an event
// about another one has no fingerprint.
func (c *Session) outOfScope() bool {
	return c.sessions.FlaggedOnly && c.client.reach == policy.Outside && !c.elsewhere
}

// goodEnough reports whether the server has selected a version for which nothing
// is flagged.
func (c *Session) goodEnough() bool {
	return !c.server.retry && c.server.version.Rank() >= c.sessions.Policy.Floor()
}

// wantsCertificate reports whether the server's certificate is worth collecting:
// where nothing else names the destination, or where an event may be made in which
// it says that the destination is another one than the client named.
func (c *Session) wantsCertificate() bool {
	o := c.sessions
	return o.Certificates || !o.FlaggedOnly || c.client.reach == policy.Unnamed || !c.server.seen || !c.goodEnough()
}
