package session

import (
	"tlsfloor/capture/flow"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
	"tlsfloor/parse/handshake"
)

// retract forgets hellos that no longer count.
func (c *Session) retract(hellos handshake.Hellos) {
	if hellos == 0 {
		return
	}
	if hellos.Has(handshake.TheClientHello) {
		c.dropName()
		c.client = clientSummary{}
	}
	if hellos.Has(handshake.TheServerHello) {
		c.server, c.helloDigest.Server = serverSummary{}, 0
		c.details.server, c.details.serverSessionID = nil, 0
		c.otherNameInScope = false
		c.dropServerCertificate()
	}
}

// handleClientHello copies what is needed of a ClientHello.
func (c *Session) handleClientHello(msg *handshake.Message) {
	s, h, o := c.sessions, &msg.Client, &c.client
	s.Stats.countClientHello(msg)
	c.dropName()
	*o = clientSummary{
		seen: true, cut: msg.Cut, long: msg.Long, record: msg.Record, legacy: h.LegacyVersion, oddities: h.Oddities,
		sslv2: h.SSLv2Format, ech: h.EncryptedClientHello, earlyData: h.EarlyData, outside: !c.Tunnelled(flow.Dir(msg.Dir)),
		showsVersions: !msg.Cut || h.HasSupportedVersions || h.LegacyVersion.Rank() < parse.TLSv12,
		hasServerName: len(h.ServerName) > 0,
	}
	c.helloDigest.Client = s.digestClient(h, msg.Size)
	c.recordTime()
	c.details.client, c.otherNameInScope = nil, false
	if o.hasServerName && s.FlaggedOnly {
		o.reach = s.Policy.Reach(string(h.ServerName)) // does not allocate up to 32 bytes
		if host, ok := c.tls.Target(); ok && o.reach == policy.Outside {
			c.otherNameInScope = s.Policy.Reach(host) == policy.Inside
		}
	}
	if o.hasServerName {
		c.setName(h.ServerName, !c.outOfScope())
	}
	if !c.outOfScope() || h.MaxVersion().Rank() < s.Policy.Floor() || !o.setOffered(h) {
		c.keepClientDetails(h)
	}
	if !c.outOfScope() {
		c.Wait()
		c.sendNotice()
	}
	c.handleEarlyCertificate()
}

// countClientHello counts the ClientHello in msg.
func (st *Stats) countClientHello(msg *handshake.Message) {
	switch {
	case msg.Completes: // its beginning was counted before
		st.Incomplete--
		return
	case msg.Long:
		st.Malformed++
	case msg.Cut:
		st.Incomplete++
	}
	st.ClientHellos++
}

// keepClientDetails keeps the details of a ClientHello.
func (c *Session) keepClientDetails(h *parse.ClientHello) {
	d, s := &c.details, c.sessions
	if c.client.cut {
		d.client = newCutClient(h, c.client.record)
	} else {
		d.client = s.kinds.client(h, c.client.record)
	}
	c.client.ticket, d.clientSessionID = h.SessionTicket, s.sessionID(h.SessionID)
}

// handleServerHello copies what is needed of a ServerHello. Its details are not kept
// if it shows that the handshake will only be counted.
func (c *Session) handleServerHello(msg *handshake.Message) {
	s, h, d := c.sessions, &msg.Server, &c.details
	s.Stats.ServerHellos++
	if msg.Long {
		s.Stats.Malformed++
	}
	c.helloDigest.Server = s.digestServer(h, msg.Size)
	c.recordTime()
	c.server = serverSummary{
		seen: true, retry: h.HelloRetryRequest, cut: msg.Cut, long: msg.Long || c.server.long,
		version: h.SelectedVersion, sentinel: h.DowngradeSentinel, cipher: h.CipherSuite, oddities: h.Oddities,
	}
	switch {
	case s.FlaggedOnly && c.meetsFloor(), msg.SSLv2:
		d.server = nil
		return
	case msg.Cut:
		d.server = newCutServer(h)
	default:
		d.server = s.kinds.server(h)
	}
	d.serverSessionID = s.sessionID(h.SessionID)
}

// recordTime records the time of the first hello.
func (c *Session) recordTime() {
	if c.helloTime == 0 {
		c.helloTime = c.sessions.Packet.Time
	}
}

// handleEarlyCertificate reads the certificate again, if it came before the
// ClientHello: only now is it known which name the client asked for.
func (c *Session) handleEarlyCertificate() {
	if c.serverCertificate == nil || c.serverCertificate.early == nil {
		return
	}
	var leaf certificate.Certificate
	_ = leaf.Parse(c.serverCertificate.early) // parsed without error before
	c.handleCertificate(&leaf, c.serverCertificate.early)
}

// handleCertificate copies what is needed of the server's certificate.
func (c *Session) handleCertificate(leaf *certificate.Certificate, der []byte) {
	s := c.sessions
	if c.serverCertificate == nil {
		c.serverCertificate = s.freeCertificates.Take()
	}
	x := c.serverCertificate
	if !c.client.seen {
		s.certificateBytes.Give(x.early)
		x.early = s.certificateBytes.Keep(der)
	}
	x.name, x.misnamed = c.nameOf(leaf)
	if x.misnamed && c.outOfScope() && s.Policy.Reach(x.name) == policy.Inside {
		// The destination is in scope after all, although the name that the client
		// gave is not.
		c.otherNameInScope = true
		c.Wait()
		c.sendNotice()
	}
	if s.Certificates {
		x.certificate = describeCertificate(leaf, der, x.name)
	}
}

// nameOf chooses a name of a certificate: one that covers the name that the client
// asked for, else the first in scope, else the first. It looks at all names: a
// certificate for many services may have the name that matters anywhere. misnamed:
// none covers the name that the client asked for.
func (c *Session) nameOf(leaf *certificate.Certificate) (name string, misnamed bool) {
	asked := c.requestedName()
	best, rank := "", notHost
	for list := leaf.Names(); ; {
		b, ok := list.Next()
		if !ok {
			return best, asked != ""
		}
		name := c.sessions.strings.get(b)
		r := c.sessions.rank(name, rank)
		if r > notHost && asked != "" && policy.Covers(name, asked) {
			return name, false
		}
		if r > rank {
			best, rank = name, r
		}
	}
}

// requestedName is the host name that the client gave, to the server or to a proxy;
// empty: none.
func (c *Session) requestedName() string {
	if name, _ := c.sessions.Policy.Named(c.client.name.String()); name != "" {
		return name
	}
	host, _ := c.tls.Target()
	host, _ = c.sessions.Policy.Named(host)
	return host
}

// rank ranks a name. It looks up whether the name is in scope only if least is below
// inside: otherwise no name can rank above least.
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

// rank is how well a name in a certificate identifies the destination.
type rank uint8

const (
	notHost rank = iota // "Load balancer 1", an address, or an attack
	local               // one label, such as "localhost"
	outside             // a host name out of scope
	inside              // a host name in scope
)

// sendNotice calls Options.Notice, if the ClientHello came outside of any tunnel.
func (c *Session) sendNotice() {
	if s := c.sessions; s.Notice != nil && c.client.outside {
		d, _ := c.clientDir()
		s.Notice(c.from(d), c.from(d.Other()), c.conversation != nil)
	}
}

// hasHostName reports whether there is a host name in server_name. Then no certificate
// is needed to name the destination.
func (c *Session) hasHostName() bool {
	o := &c.client
	if !o.hasServerName || c.sessions.FlaggedOnly {
		return o.reach != policy.Unnamed
	}
	host, _ := c.sessions.Policy.Named(o.name.String())
	return host != ""
}

// outOfScope reports whether only flagged findings are wanted and the destination's
// names so far are out of scope. The server's certificate may still have a name in
// scope. So if the client offers no version at the floor, the details of its hello are
// kept all the same; an event about any other client then has no fingerprint.
func (c *Session) outOfScope() bool {
	return c.sessions.FlaggedOnly && c.client.reach == policy.Outside && !c.otherNameInScope
}

// meetsFloor reports whether the server has selected a version at the floor or above:
// such a handshake is not flagged.
func (c *Session) meetsFloor() bool {
	return !c.server.retry && c.server.version.Rank() >= c.sessions.Policy.Floor()
}

// wantsCertificate reports whether the server's certificate is to be collected:
// because nothing else names the destination, or because the handshake may become an
// event, which reports a certificate for another name than the client gave.
func (c *Session) wantsCertificate() bool {
	o := c.sessions
	return o.Certificates || !o.FlaggedOnly || c.client.reach == policy.Unnamed || !c.server.seen || !c.meetsFloor()
}
