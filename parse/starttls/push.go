package starttls

import (
	"math"

	"tlsfloor/parse"
	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/binary"
	"tlsfloor/parse/upgrade/text"
)

// Push takes the first unconsumed bytes of one direction; data begins with the
// first byte that no earlier Step has consumed.
//
// fromServer says that they come from the side that did not open the
// connection. Where that is a guess, because the start was not captured, Push
// corrects it by content. While Status is Undecided or Framed and Consumed is
// more than 0, the caller pushes what is left, if anything, at once.
func (p *Preamble) Push(fromServer bool, data []byte) Step {
	edge, done := min(int(p.dirs[p.side(fromServer)].edge), len(data)), 0
	for {
		s := p.step(fromServer, data[done:], edge-done)
		done += s.Consumed
		if s.Consumed == 0 || s.Status != Undecided || done == len(data) {
			s.Consumed = done
			return p.pause(fromServer, s, len(data), edge)
		}
	}
}

// pause ends a push of size bytes, and notes where the next segment begins. A hello
// may begin there, so the caller has to push every segment as it comes.
func (p *Preamble) pause(fromServer bool, r Step, size, edge int) Step {
	s := p.side(fromServer)
	d := &p.dirs[s]
	left := size - r.Consumed
	if d.pending {
		left = edge - r.Consumed
	}
	d.edge, d.pending = uint16(min(left, math.MaxUint16)), false
	if !d.Begun || p.open(s) {
		r.Need = 0
	}
	return r
}

func (p *Preamble) side(fromServer bool) side {
	if fromServer != p.swapped {
		return server
	}
	return client
}

// step takes at most one message. A segment begins at edge, if that is in data.
func (p *Preamble) step(fromServer bool, data []byte, edge int) Step {
	s := p.side(fromServer)
	d := &p.dirs[s]
	switch {
	case d.status == TLS, d.status == Foreign, len(data) == 0:
		return Step{Status: d.status}
	case p.left(s) <= 0:
		p.giveUp(s)
		return p.end(s)
	case d.skip > 0:
		return d.pass(data, p.left(s), p.toProxy(s))
	case d.unknown:
		return p.search(s, data, edge)
	case d.Midline:
		return d.passLine(data, p.left(s))
	}
	if r, decided := p.helloInMessage(s, data, edge); decided {
		return r
	}
	if d.literal {
		return p.afterLiteral(s, data)
	}
	if r, decided := p.tlsBegins(s, data); decided {
		return r
	}
	within := d.Within
	r := p.message(s, data)
	s = p.side(fromServer) // the message may have swapped the sides
	d = &p.dirs[s]
	switch {
	case d.unknown:
		return p.search(s, data, edge)
	case r.Consumed == 0 && r.Status == Undecided && p.proven(s) && !p.protocol(s).Known():
		return p.searchShort(s, data, edge)
	}
	d.account(r, within && d.Within)
	return r
}

// left is how many bytes of the direction may still be read.
func (p *Preamble) left(s side) int {
	d := &p.dirs[s]
	most := upgrade.MaxBytes
	switch {
	case d.status == Framed:
		most = maxFramed
	case d.unknown && s == client && !p.proven(s):
		most = maxPrefix
	case d.unknown:
	case p.toProxy(s) && d.skip > 0:
		return maxPassed - int(d.passed) // an HTTP body that is too long is not begun
	case p.protocol(s) == upgrade.HTTPConnect:
		return p.exchanges.maxHeads() - int(d.consumed) - int(d.short)
	}
	return most + int(d.base) - int(d.consumed) - int(d.short)
}

// pass consumes bytes of a message whose rest is not read; left is the bound.
func (d *direction) pass(data []byte, left int, toProxy bool) Step {
	n := min(int(d.skip), len(data), left)
	d.skip -= uint32(n)
	if toProxy {
		d.passed += uint32(n)
	} else {
		d.consumed += uint32(n)
	}
	r := Step{Consumed: n, Status: d.status}
	if d.deliver {
		r.Inner = data[:n:n]
	}
	return r
}

// tlsBegins looks for the beginning of TLS at a message boundary.
func (p *Preamble) tlsBegins(s side, data []byte) (r Step, decided bool) {
	d := &p.dirs[s]
	if d.status == Framed || d.Within || d.Begun && !p.open(s) {
		return Step{}, false
	}
	switch tlsStart(data, p.open(s)) {
	case parse.No:
		return Step{}, false
	case parse.Maybe:
		return d.wait(0), true
	}
	d.status = TLS
	p.granted = p.granted || s == server && d.Ready
	return Step{Status: TLS}, true
}

// open reports whether TLS may begin after the first message of a direction.
//
// This is the rule against faked hellos: without the client's command, the
// server's answer to it, or TLS in the other direction, the bytes of a hello
// at the beginning of a line are text that somebody wrote.
func (p *Preamble) open(s side) bool {
	return p.asked || p.granted || p.dirs[s].Ready || p.proven(s)
}

// proven reports whether the other direction shows that this one has TLS.
func (p *Preamble) proven(s side) bool { return p.dirs[1-s].status == TLS }

const (
	recordHandshake = byte(parse.Handshake)
	recordAlert     = byte(parse.AlertRecord)
)

// tlsStart matches data, which is not empty, with what TLS may begin with in
// either direction: a hello, an SSLv2 hello or, where alerts is true, a plaintext
// alert in place of a hello.
func tlsStart(data []byte, alerts bool) parse.Match {
	switch {
	case data[0] == recordHandshake:
		return max(parse.LooksLikeClientHello(data), parse.LooksLikeServerHello(data))
	case data[0] == recordAlert && alerts:
		return parse.LooksLikeAlert(data)
	case data[0]&0x80 != 0:
		return max(parse.LooksLikeSSLv2ClientHello(data), parse.LooksLikeSSLv2ServerHello(data))
	}
	return parse.No
}

// message reads one message of the direction's protocol.
func (p *Preamble) message(s side, data []byte) Step {
	d := &p.dirs[s]
	if s == client && !d.Begun {
		if r, is := p.proxyHeader(data); is {
			return r
		}
	}
	switch p.protocol(s) {
	case upgrade.None, upgrade.Opaque, upgrade.NATS, upgrade.Checkmk:
		return p.begin(s, data)
	case upgrade.Lines:
		return p.line(s, data)
	case upgrade.HTTPConnect, upgrade.HTTPUpgrade:
		return p.http(s, data)
	case upgrade.SOCKS4:
		return p.socks4(s, data)
	case upgrade.SOCKS5:
		return p.socks5(s, data)
	}
	return p.apply(s, data, p.read(s, data))
}

// protocol is what a direction speaks now.
func (p *Preamble) protocol(s side) upgrade.Protocol {
	if p.toProxy(s) {
		return p.tunnel
	}
	return p.inner
}

// toProxy reports whether a direction is in the part that is for a proxy.
func (p *Preamble) toProxy(s side) bool { return p.tunnel != upgrade.None && !p.dirs[s].tunnelled }

// read reads one message of a protocol that has messages of its own.
func (p *Preamble) read(s side, data []byte) upgrade.Message {
	d := &p.dirs[s].State
	switch p.inner {
	case upgrade.LDAP:
		return binary.LDAP(d, s, data)
	case upgrade.XMPP:
		return text.XMPP(d, s, data)
	case upgrade.PostgreSQL:
		return binary.PostgreSQL(d, s, data)
	case upgrade.MySQL:
		return binary.MySQL(d, s, data)
	case upgrade.MySQLX:
		return binary.MySQLX(d, s, data)
	case upgrade.TDS:
		return binary.TDS(d, s, data)
	case upgrade.RDP:
		return binary.RDP(d, s, data)
	case upgrade.OpenVPN:
		return binary.OpenVPN(d, &p.hmac, s, data)
	case upgrade.AMQP:
		return binary.AMQP(s, data)
	case upgrade.NBD:
		return binary.NBD(d, s, data)
	case upgrade.VNC:
		return binary.VNC(d, s, data)
	case upgrade.Telnet:
		return binary.Telnet(d, s, data, p.proven(s))
	}
	return upgrade.Not()
}

// apply acts on a message that data begins with.
func (p *Preamble) apply(s side, data []byte, m upgrade.Message) Step {
	d := &p.dirs[s]
	p.note(m.Event)
	switch {
	case m.Event == 0 && m.Size == 0:
		return d.wait(m.Need)
	case m.Event.Has(upgrade.Begin):
		d.status = TLS
		return Step{Status: TLS}
	case m.Event.Has(upgrade.Reversed) && p.swap():
		return p.message(server, data)
	case m.Event.Has(upgrade.TooLong):
		p.giveUp(s)
		return p.foreign(s)
	case m.Event.Has(upgrade.Foreign):
		return p.foreign(s)
	case m.Event.Has(upgrade.End):
		return p.end(s)
	case m.Inner > 0:
		return d.carry(m.Inner, m.Size, data)
	}
	return d.tookSome(m.Size, data)
}

// note keeps what a message means for the connection. After a refusal, what
// follows is an ordinary dialogue again.
func (p *Preamble) note(e upgrade.Event) {
	switch {
	case e.Has(upgrade.Ask):
		p.asked = true
	case e.Has(upgrade.Grant):
		p.granted = true
	case e.Has(upgrade.Refuse) && p.dirs[client].status != TLS:
		p.asked = false
	}
}

// took consumes a message of n bytes.
func (d *direction) took(n int) Step {
	d.Begun = true
	return Step{Consumed: n, Status: d.status}
}

// tookSome is took for a message that may be longer than data.
func (d *direction) tookSome(n int, data []byte) Step {
	here := min(n, len(data))
	d.skip, d.deliver = uint32(n-here), false
	return d.took(here)
}

// carry consumes a message of size bytes that carries TLS from byte at on.
func (d *direction) carry(at, size int, data []byte) Step {
	here := min(size, len(data))
	d.status = Framed
	d.Begun, d.deliver, d.Carried = true, true, true
	d.skip = uint32(size - here)
	return Step{Consumed: here, Inner: data[at:here:here], Status: Framed}
}

// wait asks for n bytes.
func (d *direction) wait(n int) Step { return Step{Need: n, Status: d.status} }

// account counts what a message took. A text that goes on is one message, however
// it is cut.
func (d *direction) account(r Step, goesOn bool) {
	if r.Consumed == 0 {
		return
	}
	d.consumed += uint32(r.Consumed)
	if !goesOn && r.Consumed < messageCharge {
		d.short += uint32(messageCharge - r.Consumed)
	}
	d.Scanned, d.Quote = 0, 0
}

// leaveTunnel consumes a message of n bytes that ended the proxy's part of a
// direction: TLS or another protocol follows.
func (d *direction) leaveTunnel(n int) Step {
	d.tunnelled, d.Begun, d.Stage = true, false, 0
	d.base, d.short = d.consumed+uint32(n), 0
	return Step{Consumed: n}
}

// foreign handles a direction that does not go on as its protocol does. TLS may
// still come where the direction may be of an unknown protocol; else none comes.
func (p *Preamble) foreign(s side) Step {
	if p.mayBeUnknown(s) {
		return p.becomeUnknown(s)
	}
	return p.end(s)
}

// end ends both directions. One that has TLS keeps it: a server may answer a hello
// in the protocol that the client left.
func (p *Preamble) end(s side) Step {
	p.dirs[s].status = Foreign
	if other := &p.dirs[1-s]; other.status == Undecided {
		other.status = Foreign
	}
	return Step{Status: Foreign}
}
