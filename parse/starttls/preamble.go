package starttls

import (
	"net/netip"

	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/text"
)

// Bounds of what is read of each direction.
const (
	// messageCharge is what a message counts at least, in bytes: one of a byte
	// costs as much time as a line does.
	messageCharge = 32
	// maxFramed is how many bytes of a Framed direction are read. A handshake with
	// a long certificate chain is below 64 KiB.
	maxFramed = 256 << 10
	// maxPassed is how many bytes of a direction may be passed over by their
	// length, in what is sent to a proxy: the pages that a browser loads through it
	// before it asks for a tunnel, and tokens of GSSAPI.
	maxPassed = 16 << 20
	// maxProxyHeaders is how many PROXY headers may come one after the other:
	// each load balancer in a chain puts its own in front.
	maxProxyHeaders = 4
)

// Status is what a direction of a connection is known to be.
type Status uint8

// The statuses.
const (
	// Undecided: TLS may still come. Go on pushing this direction.
	Undecided Status = iota
	// TLS: the next unconsumed byte of this direction begins a TLS record or an
	// SSLv2 hello; after Framed, it continues the stream that Inner began. The Step
	// with this status may consume the bytes in front of it. Do not push this
	// direction any more.
	TLS
	// Framed: the protocol carries TLS inside its own packets (TDS, OpenVPN).
	// Go on pushing; Step.Inner holds the TLS bytes.
	Framed
	// Foreign: this direction will not become TLS, or, after Framed, carries no
	// more of it. Do not push it any more.
	Foreign
)

// Step is the result of a Push.
type Step struct {
	// Consumed is how many bytes of data are no longer needed.
	Consumed int
	// Need is how many unconsumed bytes the direction must have before Push can
	// do more; 0: one more than it has now.
	Need int
	// Inner holds the next TLS bytes of a Framed direction, a view into data.
	Inner []byte
	// Status is the direction's status after this step.
	Status Status
}

// Preamble follows both directions of one connection up to where TLS begins. The
// zero value is ready, and a copy is independent. It allocates nothing until a proxy
// is asked for a destination or a PROXY header gives addresses.
type Preamble struct {
	extra  *extra
	dirs   [2]direction
	tunnel upgrade.Protocol // in which a proxy was asked: HTTPConnect, SOCKS4 or SOCKS5
	inner  upgrade.Protocol // of the connection itself, or inside the tunnel
	lines  text.Set         // what inner may be, when it is Lines; empty before the first line
	hmac   uint8            // OpenVPN: size of the HMAC in control packets

	exchanges exchanges // of HTTP

	settled bool  // content has shown which side is the client
	swapped bool  // see Swapped
	asked   bool  // the client has asked for TLS, and was not refused
	granted bool  // the server has granted it
	gaveUp  bool  // see GaveUp
	proxied uint8 // how many PROXY headers there were
}

type side = upgrade.Side

const client, server = upgrade.Client, upgrade.Server

// direction is what is kept of the bytes that one side sends.
type direction struct {
	upgrade.State
	consumed uint32 // bytes consumed
	base     uint32 // bytes of these that came before the present bound began to count
	passed   uint32 // bytes passed over by their length, in what is sent to a proxy
	skip     uint32 // bytes to come of a message of which the rest is not read
	short    uint32 // bytes that messages shorter than messageCharge count beyond their own
	edge     uint16 // bytes that were there at the last push: a segment begins behind them
	method   uint8  // SOCKS5: of authentication
	place    place  // of the next byte, where unknown is set
	status   Status

	exchanged bool // HTTP: a message began
	body      body // HTTP: how the current message goes on

	tunnelled bool // the proxy's part of this direction is over
	literal   bool // IMAP: what follows is the rest of a line after a literal
	deliver   bool // what is skipped is TLS
	unknown   bool // the bytes are of no known protocol
	pending   bool // what may be a hello begins at edge, and is too short to tell
}

// extra is what few connections have.
type extra struct {
	host           string
	port           uint16
	client, server netip.AddrPort
}

// Protocol names the protocol that comes before TLS, as "starttls" in an event
// has it. It is empty when there is none, or TLS was not found. The name is most
// precise when both directions have been pushed.
func (p *Preamble) Protocol() string {
	switch upgraded := p.asked || p.granted; {
	case !p.found(client) && !p.found(server):
		return ""
	case p.inner == upgrade.NATS, p.inner == upgrade.Checkmk:
		return p.inner.String()
	case p.found(client) && p.dirs[client].unknown:
		return upgrade.Opaque.String()
	case upgraded && p.inner == upgrade.Lines && p.lines != 0:
		return p.lines.First().String()
	case upgraded && p.inner != upgrade.None && p.inner != upgrade.Lines:
		return p.inner.String()
	case p.found(server) && p.dirs[server].unknown:
		return upgrade.Opaque.String()
	case p.found(client) && p.dirs[client].tunnelled, p.found(server) && p.dirs[server].tunnelled:
		return p.tunnel.String()
	case p.proxied > 0:
		return "proxy-protocol"
	}
	return ""
}

// found reports whether TLS was found in a direction.
func (p *Preamble) found(s side) bool {
	return p.dirs[s].status == TLS || p.dirs[s].Carried
}

// Target returns the destination that a proxy was asked for (HTTP CONNECT, SOCKS):
// a name as it was sent, or an IP address without brackets. It is at most 255
// bytes of printable ASCII.
func (p *Preamble) Target() (host string, port uint16, ok bool) {
	if p.extra == nil || p.extra.host == "" {
		return "", 0, false
	}
	return p.extra.host, p.extra.port, true
}

// Proxied returns the addresses in a PROXY protocol header.
func (p *Preamble) Proxied() (client, server netip.AddrPort, ok bool) {
	if p.extra == nil || !p.extra.client.IsValid() {
		return netip.AddrPort{}, netip.AddrPort{}, false
	}
	return p.extra.client, p.extra.server, true
}

// Recognised reports whether the bytes so far are of a known protocol that may
// upgrade to TLS. It is false where they are of none that is known.
func (p *Preamble) Recognised() bool {
	switch {
	case p.proxied > 0, p.tunnel != upgrade.None && p.tunnel != upgrade.HTTPConnect:
		return true
	case p.tunnel == upgrade.HTTPConnect && p.exchanges.proxied:
		return true
	case p.dirs[client].unknown, p.dirs[server].unknown:
		return false
	case p.inner == upgrade.Lines:
		return p.lines != 0
	}
	return p.inner.Known()
}

// PlainHTTP reports whether the connection is HTTP, and neither a tunnel nor an
// upgrade was asked for so far.
func (p *Preamble) PlainHTTP() bool {
	return p.tunnel == upgrade.HTTPConnect && !p.exchanges.proxied && !p.asked &&
		(p.dirs[client].exchanged || p.dirs[server].exchanged)
}

// GaveUp reports whether a direction was longer than its bound where TLS could
// still have come: in a protocol that may upgrade, or in answer to TLS.
func (p *Preamble) GaveUp() bool { return p.gaveUp }

// giveUp notes that a direction is longer than its bound.
func (p *Preamble) giveUp(s side) {
	p.gaveUp = p.gaveUp || p.proven(s) || p.Recognised() || p.exchanges.wholeURL
}

// Swapped reports whether the directions turned out to be the other way round than
// fromServer said.
func (p *Preamble) Swapped() bool { return p.swapped }

// Found notes that the caller has found TLS in a direction that does not begin
// with another protocol. The other direction has TLS then, too, whatever it begins
// with.
func (p *Preamble) Found(fromServer bool) {
	d := &p.dirs[p.side(fromServer)]
	if d.status != Framed {
		d.status = TLS
	}
	p.settled = true
}

// MayBegin reports whether TLS may begin in a direction behind bytes that the
// capture lost. The bytes before them decide: where those are of another protocol,
// and TLS was neither asked for nor granted, the bytes of a hello are part of a
// file or a mail.
func (p *Preamble) MayBegin(fromServer bool) bool {
	s := p.side(fromServer)
	switch d := &p.dirs[s]; {
	case d.status == TLS, d.status == Framed:
		return true
	case d.status == Foreign, p.PlainHTTP(), d.unknown && !p.proven(s):
		return false
	case p.open(s):
		return true
	case p.tunnel != upgrade.None && !d.tunnelled && s == client:
		return true // the rest of a request to a proxy was lost
	case s == client && p.dirs[server].Ready && !p.lines.Has(upgrade.SMTP):
		return true // the command was lost that the server agrees to; SMTP's greeting looks like such an answer
	default:
		return !d.Begun
	}
}

// setTarget keeps a destination. One that is too long, or holds other than
// printable ASCII, is no name and is ignored.
func (p *Preamble) setTarget(host []byte, port uint16) {
	const maxHost = 255
	if len(host) == 0 || len(host) > maxHost {
		return
	}
	for _, c := range host {
		if c <= ' ' || c > '~' {
			return
		}
	}
	e := p.newExtra()
	e.host, e.port = string(host), port
}

// newExtra replaces the extra fields by a copy that may be written to: a copy of p
// may refer to the old ones.
func (p *Preamble) newExtra() *extra {
	e := new(extra)
	if p.extra != nil {
		*e = *p.extra
	}
	p.extra = e
	return e
}
