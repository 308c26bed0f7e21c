package session

import (
	"tlsfloor/capture/flow"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// clientSummary is what judging needs of a ClientHello, where its details are not
// taken.
type clientSummary struct {
	seen     bool
	titled   bool // there is a server_name
	sslv2    bool
	ech      bool
	early    bool
	cut      bool         // only the beginning of the hello was captured, or collected
	long     bool         // it was captured, and was too long
	ticket   bool         // a session ticket, or the wish for one
	outside  bool         // all of it came outside of any tunnel
	shown    bool         // it says what is offered: see classify.ClientHello.ShowsVersions
	reach    policy.Reach // of the name; Unnamed also where findings are not FlaggedOnly
	record   parse.Version
	legacy   parse.Version
	oddities parse.Oddities
	sni      string // server_name
	// offered is supported_versions, without GREASE, where the details are not
	// taken: its first numOffered elements are valid.
	offered    [4]parse.Version
	numOffered int8 // noVersions: there is no such extension
}

const noVersions = -1

// setOffered keeps supported_versions, and reports whether they fit.
func (o *clientSummary) setOffered(h *parse.ClientHello) bool {
	if o.numOffered = noVersions; !h.HasSupportedVersions {
		return true
	}
	versions := h.AppendVersions(o.offered[:0])
	o.numOffered = int8(min(len(versions), len(o.offered)))
	return len(versions) <= len(o.offered)
}

// versions are those that setOffered has kept: a view; nil: no such extension.
func (o *clientSummary) versions() []parse.Version {
	if o.numOffered == noVersions {
		return nil
	}
	return o.offered[:o.numOffered]
}

// serverSummary is the same of the final ServerHello, or of a HelloRetryRequest that
// nothing came after.
type serverSummary struct {
	seen     bool
	retry    bool // it is a HelloRetryRequest
	cut      bool // only the beginning of it was captured, or collected
	long     bool // it was captured, and was too long
	version  parse.Version
	sentinel parse.Version
	cipher   uint16
	oddities parse.Oddities
}

// details are the parts of both hellos that only a reader of the event needs;
// judging and counting do without. They are not taken of a handshake that can only
// be counted.
type details struct {
	client *clientKind // nil: no ClientHello, or one that is only counted
	server *serverKind // nil: no ServerHello, one in SSLv2, or one that is only counted
	// offered and answered stand for the session ids of the client and of the
	// server; 0: none.
	offered, answered uint32
}

// retract forgets hellos that do not count any more.
func (c *Session) retract(hellos handshake.Hellos) {
	if hellos == 0 {
		return
	}
	if hellos.Has(handshake.TheClientHello) {
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
	*o = clientSummary{
		seen: true, cut: msg.Cut, long: msg.Long, record: msg.Record, legacy: h.LegacyVersion, oddities: h.Oddities,
		sslv2: h.SSLv2Format, ech: h.EncryptedClientHello, early: h.EarlyData, outside: !c.Tunnelled(flow.Dir(msg.Dir)),
		shown:  !msg.Cut || h.HasSupportedVersions || h.LegacyVersion < parse.TLSv12,
		titled: len(h.ServerName) > 0, sni: s.strings.of(h.ServerName),
	}
	c.said.Client = s.digestClient(h, msg.Size)
	c.noteTime()
	c.details.client, c.elsewhere = nil, false
	if o.titled && s.FlaggedOnly {
		o.reach = s.Policy.Reach(o.sni)
		if host, ok := c.tls.Target(); ok && o.reach == policy.Outside {
			c.elsewhere = s.Policy.Reach(host) == policy.Inside
		}
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

// outOfScope reports whether, with flagged findings wanted only, what the client
// called the destination is out of scope so far. The certificate of a server may
// still say that the client gave another name than its own: of a hello that can do
// no better than below the floor the details are taken all the same, and an event
// about another one has no fingerprint.
func (c *Session) outOfScope() bool {
	return c.sessions.FlaggedOnly && c.client.reach == policy.Outside && !c.elsewhere
}

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
	host, _ := c.sessions.Policy.Named(o.sni)
	return host != ""
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

// goodEnough reports whether the server has selected a version for which nothing
// is flagged.
func (c *Session) goodEnough() bool {
	return !c.server.retry && c.server.version.Rank() >= c.sessions.Policy.Floor()
}

// noteTime notes the time of the first hello.
func (c *Session) noteTime() {
	if c.helloTime == 0 {
		c.helloTime = c.sessions.Packet.Time
	}
}

// sessionID stands for a session id; 0: it is empty.
func (s *Sessions) sessionID(id []byte) uint32 {
	if len(id) == 0 {
		return 0
	}
	return short(s.digest(uint64(len(id))^s.seed, id))
}

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
