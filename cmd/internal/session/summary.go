package session

import (
	"unsafe"

	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// clientSummary is what judging and counting need of a ClientHello. It is kept for
// each, also if the details are not.
type clientSummary struct {
	seen          bool
	hasServerName bool // there is a server_name
	sslv2         bool
	ech           bool
	earlyData     bool
	cut           bool         // only the beginning of the hello was captured or collected
	long          bool         // all of it was captured, but it is too long to be collected
	ticket        bool         // the client sent a session ticket, or asks for one
	outside       bool         // all of the hello came outside of any tunnel
	showsVersions bool         // the versions offered are known: see classify.ClientHello.ShowsVersions
	reach         policy.Reach // of the name; Unnamed without Options.FlaggedOnly
	numOffered    int8         // of offered; noVersions: the hello has no supported_versions
	record        parse.Version
	legacy        parse.Version
	oddities      parse.Oddities
	name          *serverName // nil: none
	// offered is supported_versions without GREASE, if the details are not kept: its
	// first numOffered elements are valid.
	offered [4]parse.Version
}

const noVersions = -1

// serverName is the server_name of a ClientHello. A name that is out of scope is kept as
// bytes, in memory that is used again: it becomes a string only if a certificate
// contradicts it. So a network that asks for ever new names allocates nothing.
type serverName struct {
	text string
	raw  []byte
}

// String returns the name; empty for nil.
func (n *serverName) String() string {
	switch {
	case n == nil:
		return ""
	case len(n.raw) > 0:
		return string(n.raw)
	}
	return n.text
}

// setName keeps server_name, as a string or as bytes.
func (c *Session) setName(b []byte, asString bool) {
	n := c.sessions.freeNames.Take()
	if asString {
		n.text = c.sessions.strings.get(b)
	} else {
		n.raw = append(n.raw, b...)
	}
	c.client.name = n
}

// maxReusedName bounds the memory that is used again for another name, in bytes: host
// names are shorter.
const maxReusedName = 255

func (c *Session) dropName() {
	n := c.client.name
	if n == nil {
		return
	}
	c.client.name = nil
	if n.text, n.raw = "", n.raw[:0]; cap(n.raw) <= maxReusedName {
		c.sessions.freeNames.Give(n)
	}
}

// setOffered copies supported_versions to offered, and reports whether they fit.
func (o *clientSummary) setOffered(h *parse.ClientHello) bool {
	if o.numOffered = noVersions; !h.HasSupportedVersions {
		return true
	}
	versions := h.AppendVersions(o.offered[:0])
	o.numOffered = int8(min(len(versions), len(o.offered)))
	return len(versions) <= len(o.offered)
}

// versions are those that setOffered copied: a view; nil: the hello has no
// supported_versions.
func (o *clientSummary) versions() []parse.Version {
	if o.numOffered == noVersions {
		return nil
	}
	return o.offered[:o.numOffered]
}

// serverSummary is the same for the final ServerHello, or for a HelloRetryRequest
// without one after it.
type serverSummary struct {
	seen     bool
	retry    bool // it is a HelloRetryRequest
	cut      bool // only the beginning was captured or collected
	long     bool // all of it was captured, but it is too long to be collected
	version  parse.Version
	sentinel parse.Version
	cipher   uint16
	oddities parse.Oddities
}

// details are the parts of both hellos that only a reader of the event needs, not
// judging or counting. They are not kept if the handshake can only be counted.
type details struct {
	client *clientKind // nil: no ClientHello, or one that is only counted
	server *serverKind // nil: no ServerHello, one in SSLv2, or one that is only counted
	// Digests of the session ids (see Sessions.sessionID); 0: none.
	clientSessionID, serverSessionID uint32
}

// size is the memory of the details, in bytes.
func (d *details) size() (n int) {
	if d.client != nil {
		n += d.client.size
	}
	if d.server != nil {
		n += d.server.size
	}
	return n
}

// resumed is how the TLS session was resumed. A server accepts a ticket just by
// echoing the session id that came with it (RFC 5077, 3.4). ticket: the client sent a
// ticket, or asks for one.
func (d *details) resumed(ticket bool) resumption {
	switch {
	case d.server.psk:
		return byPSK
	case d.client == nil || d.server.hello.Version.Rank() >= parse.TLSv13:
		return notResumed
	case d.serverSessionID == 0 || d.serverSessionID != d.clientSessionID:
		return notResumed
	case ticket:
		return byTicket
	}
	return byID
}

// serverCertificate is what is needed of the server's certificate.
type serverCertificate struct {
	name        string                // the one of its names that nameOf chose
	misnamed    bool                  // none of its names covers the name that the client asked for
	certificate *classify.Certificate // nil: not wanted in the event
	// early is the encoded certificate, if it came before the ClientHello, because the
	// capture has the server's packets first. The ClientHello will show which name the
	// client asked for.
	early []byte
}

const serverCertificateSize = int(unsafe.Sizeof(serverCertificate{}))
