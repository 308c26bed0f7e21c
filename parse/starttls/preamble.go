package starttls

import "net/netip"

// Bounds of the look at each direction.
const (
	// maxBytes is how many bytes may come before TLS. Long EHLO and CAPABILITY
	// answers are below 4 KiB; a search of an LDAP root DSE is below 16 KiB.
	maxBytes = 32 << 10
	// messageCharge is what a message counts at least, in bytes: one of a byte
	// costs as much as a line does.
	messageCharge = 32
	// maxFramed is how many bytes of a Framed direction are looked at. A
	// handshake with a long certificate chain is below 64 KiB.
	maxFramed = 256 << 10
	// maxPassed is how many bytes of a direction may be passed over by their
	// length, in what is said to a proxy: the pages that a browser loads from it
	// before it asks for a tunnel, and tokens of GSSAPI.
	maxPassed = 16 << 20
	// maxProxyHeaders is how many PROXY headers may come one behind the other:
	// each load balancer in a chain puts its own in front.
	maxProxyHeaders = 4
)

// Status is what a direction of a connection is known to be.
type Status uint8

// The statuses.
const (
	// Undecided: TLS may still come. Go on feeding this direction.
	Undecided Status = iota
	// TLS: the next unconsumed byte of this direction begins a TLS record or an
	// SSLv2 hello; after Framed, it goes on with the stream that Inner began.
	// A Step may consume what is in front of it at the same time. Feed this
	// direction no more.
	TLS
	// Framed: the protocol carries TLS inside its own packets (TDS, OpenVPN).
	// Go on feeding; Step.Inner holds the TLS bytes.
	Framed
	// Foreign: this direction will not become TLS, or, after Framed, carries no
	// more of it. Feed it no more.
	Foreign
)

// Step is what Push made of some bytes.
type Step struct {
	// Consumed is how many bytes of data are done with.
	Consumed int
	// Need is how many unconsumed bytes the direction must have before Push can
	// do more; 0: one more than it has now.
	Need int
	// Inner holds the next TLS bytes of a Framed direction, a view into data.
	Inner []byte
	// Status is the direction's status after this step.
	Status Status
}

// Preamble follows both directions of one connection. The zero value is ready,
// and a copy is independent. It allocates nothing until a proxy is asked for a
// destination or a PROXY header gives addresses.
type Preamble struct {
	extra  *extra
	dirs   [2]direction
	tunnel protocol // what a proxy was asked in: httpConnect, socks4 or socks5
	inner  protocol // what is spoken after that
	lines  lineSet  // what inner may be, when it is lineProtocol
	hmac   uint8    // OpenVPN: size of the HMAC in control packets

	exchanges exchanges // of HTTP

	settled bool // who is the client is known by content
	swapped bool
	asked   bool  // the client has asked for TLS, and was not refused
	granted bool  // the server has granted it
	gaveUp  bool  // see GaveUp
	proxied uint8 // PROXY protocol headers that were there
}

// side is one end of a connection.
type side uint8

const (
	client side = iota
	server
)

// direction is what is kept of the bytes that one side sends.
type direction struct {
	consumed uint32 // bytes done with
	base     uint32 // bytes of these that the present bound does not count
	passed   uint32 // bytes passed over by their length, in what is said to a proxy
	skip     uint32 // bytes to come of a message that needs no look
	count    uint32 // HTTP: length of the body; OpenVPN: the message id expected; SOCKS4: port
	short    uint32 // bytes that messages shorter than messageCharge count beyond their own
	scanned  uint16 // bytes of the current line or tag already searched for its end
	edge     uint16 // bytes already there when the next push comes: a segment begins behind them
	code     uint16 // status of the reply that is being read
	stage    uint8  // how far the protocol is, in its own terms
	quote    byte   // XMPP: the quotation mark that is open in the current tag
	method   uint8  // SOCKS5: of authentication
	place    place  // of the next byte, where unknown is set
	status   Status

	exchanged bool // HTTP: a message began
	body      body // HTTP: how the current message goes on

	begun     bool // a message of the current protocol was read
	tunnelled bool // the proxy's part of this direction is over
	within    bool // XMPP: text came last; only the end of a tag is a boundary
	midline   bool // what follows is the rest of a line too long to keep
	literal   bool // IMAP: what follows is the rest of a line after a literal
	list      bool // a dot-terminated reply goes on
	ready     bool // the last reply was a positive one, after which TLS may come
	replied   bool // a whole reply was read
	deliver   bool // what is skipped is TLS
	carried   bool // TLS was found inside the protocol's packets
	unknown   bool // what is sent is of no protocol that is known here
	pending   bool // what may be a hello begins at edge, and is too short to tell
}

// extra is what few connections have.
type extra struct {
	host           string
	port           uint16
	client, server netip.AddrPort
}

// Protocol names the protocol that comes before TLS, as "starttls" in an event
// has it; empty: none, or TLS was not found. It is at its most precise when
// both directions have been pushed.
func (p *Preamble) Protocol() string {
	switch upgraded := p.asked || p.granted; {
	case !p.found(client) && !p.found(server):
		return ""
	case p.inner == nats, p.inner == checkmk:
		return p.inner.String()
	case p.found(client) && p.dirs[client].unknown:
		return opaque.String()
	case upgraded && p.inner == lineProtocol && p.lines != 0:
		return p.lines.first().String()
	case upgraded && p.inner != none && p.inner != lineProtocol:
		return p.inner.String()
	case p.found(server) && p.dirs[server].unknown:
		return opaque.String()
	case p.found(client) && p.dirs[client].tunnelled, p.found(server) && p.dirs[server].tunnelled:
		return p.tunnel.String()
	case p.proxied > 0:
		return "proxy-protocol"
	}
	return ""
}

// found reports whether a side's TLS was found.
func (p *Preamble) found(s side) bool {
	status := p.dirs[s].status
	return status == TLS || p.dirs[s].carried
}

// Target is the destination that was asked of a proxy (HTTP CONNECT, SOCKS):
// a name as it was sent, or an IP address without brackets. It is at most 255
// bytes of printable ASCII.
func (p *Preamble) Target() (host string, port uint16, ok bool) {
	if p.extra == nil || p.extra.host == "" {
		return "", 0, false
	}
	return p.extra.host, p.extra.port, true
}

// Proxied is the pair of addresses that a PROXY protocol header gave.
func (p *Preamble) Proxied() (client, server netip.AddrPort, ok bool) {
	if p.extra == nil || !p.extra.client.IsValid() {
		return netip.AddrPort{}, netip.AddrPort{}, false
	}
	return p.extra.client, p.extra.server, true
}

// Recognised reports whether the bytes so far are those of a protocol that may
// upgrade, and not only not those of another one.
func (p *Preamble) Recognised() bool {
	switch {
	case p.proxied > 0, p.tunnel != none && p.tunnel != httpConnect:
		return true
	case p.tunnel == httpConnect && p.exchanges.proxied:
		return true
	case p.dirs[client].unknown, p.dirs[server].unknown:
		return false
	}
	switch p.inner {
	case none, opaque, nats, checkmk:
		return false
	case lineProtocol:
		return p.lines != 0
	}
	return true
}

// PlainHTTP reports whether HTTP is spoken, and neither a tunnel nor an upgrade
// was asked for so far.
func (p *Preamble) PlainHTTP() bool {
	return p.tunnel == httpConnect && !p.exchanges.proxied && !p.asked &&
		(p.dirs[client].exchanged || p.dirs[server].exchanged)
}

// GaveUp reports whether more was said than is looked at, where TLS could still
// have come: in a protocol that may upgrade, or in answer to TLS.
func (p *Preamble) GaveUp() bool { return p.gaveUp }

// tooMuch notes that more was said in a direction than is looked at.
func (p *Preamble) tooMuch(s side) {
	p.gaveUp = p.gaveUp || p.proven(s) || p.Recognised() || p.exchanges.wholeURL
}

// Found notes that the caller has found TLS in a direction that does not begin
// with another protocol. What the other side answers with is TLS then, too,
// whatever it sends first.
func (p *Preamble) Found(fromServer bool) {
	d := &p.dirs[p.side(fromServer)]
	if d.status != Framed {
		d.status = TLS
	}
	p.settled = true
}

// Swapped reports that the directions turned out to be the other way round
// than fromServer said.
func (p *Preamble) Swapped() bool { return p.swapped }

// more returns the extra fields to write to: new ones, because a copy of p may
// hold the old.
func (p *Preamble) more() *extra {
	e := new(extra)
	if p.extra != nil {
		*e = *p.extra
	}
	p.extra = e
	return e
}

// target keeps a destination. One that is too long or holds other than
// printable ASCII is no name, and is left out.
func (p *Preamble) target(host []byte, port uint16) {
	const maxHost = 255
	if len(host) == 0 || len(host) > maxHost {
		return
	}
	for _, c := range host {
		if c <= ' ' || c > '~' {
			return
		}
	}
	e := p.more()
	e.host, e.port = string(host), port
}
