package starttls

import (
	"math"

	"tlsfloor/parse"
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

// pause ends a push of size bytes, and keeps where the next segment begins. That
// is a place where a hello may begin, so every segment has to be seen as it comes.
func (p *Preamble) pause(fromServer bool, r Step, size, edge int) Step {
	s := p.side(fromServer)
	d := &p.dirs[s]
	left := size - r.Consumed
	if d.pending {
		left = edge - r.Consumed
	}
	d.edge, d.pending = uint16(min(left, math.MaxUint16)), false
	if !d.begun || p.open(s) {
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
		p.tooMuch(s)
		return p.end(s)
	case d.skip > 0:
		return d.pass(data, p.left(s), p.toProxy(s))
	case d.unknown:
		return p.hunt(s, data, edge)
	case d.midline:
		return d.passLine(data, p.left(s))
	}
	if r, decided := p.cutIn(s, data, edge); decided {
		return r
	}
	if d.literal {
		return p.afterLiteral(s, data)
	}
	if r, decided := p.upgrade(s, data); decided {
		return r
	}
	text := d.within
	r := p.message(s, data)
	s = p.side(fromServer) // the message may have swapped the sides
	d = &p.dirs[s]
	switch {
	case d.unknown:
		return p.hunt(s, data, edge)
	case r.Consumed == 0 && r.Status == Undecided && p.proven(s) && !p.speaking(s).known():
		return p.peek(s, data, edge)
	}
	d.account(r, text && d.within)
	return r
}

// left is how many bytes of the direction may still be looked at.
func (p *Preamble) left(s side) int {
	d := &p.dirs[s]
	most := maxBytes
	switch {
	case d.status == Framed:
		most = maxFramed
	case d.unknown && s == client && !p.proven(s):
		most = maxPrefix
	case d.unknown:
	case p.toProxy(s) && d.skip > 0:
		return maxPassed - int(d.passed) // an HTTP body that is too long is not begun
	case p.speaking(s) == httpConnect:
		return p.exchanges.maxHeads() - int(d.consumed) - int(d.short)
	}
	return most + int(d.base) - int(d.consumed) - int(d.short)
}

// account books what a message took. Where it goes on with a text, it is none of
// its own: however a text is cut, it counts once.
func (d *direction) account(r Step, goesOn bool) {
	if r.Consumed == 0 {
		return
	}
	d.consumed += uint32(r.Consumed)
	if !goesOn && r.Consumed < messageCharge {
		d.short += uint32(messageCharge - r.Consumed)
	}
	d.scanned, d.quote = 0, 0
}

// pass consumes what needs no look, of which at most left bytes may come.
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

// upgrade looks for the beginning of TLS at a message boundary.
func (p *Preamble) upgrade(s side, data []byte) (r Step, decided bool) {
	d := &p.dirs[s]
	if d.status == Framed || d.within || d.begun && !p.open(s) {
		return Step{}, false
	}
	switch tlsStart(data, p.open(s)) {
	case parse.No:
		return Step{}, false
	case parse.Maybe:
		return d.wait(0), true
	}
	d.status = TLS
	p.granted = p.granted || s == server && d.ready
	return Step{Status: TLS}, true
}

// open reports whether TLS may begin in the middle of a dialogue.
//
// This is the rule against faked hellos: without the client's command, the
// server's answer to it, or TLS in the other direction, the bytes of a hello
// at the beginning of a line are just somebody's text.
func (p *Preamble) open(s side) bool {
	other := p.dirs[1-s].status
	return p.asked || p.granted || p.dirs[s].ready || other == TLS
}

// message reads one message of the protocol that is spoken.
func (p *Preamble) message(s side, data []byte) Step {
	d := &p.dirs[s]
	if s == client && !d.begun {
		if r, is := p.proxyHeader(data); is {
			return r
		}
	}
	switch p.speaking(s) {
	case none, opaque, nats, checkmk:
		return p.begin(s, data)
	case lineProtocol:
		return p.line(s, data)
	case ldap:
		return p.ldap(s, data)
	case xmpp:
		return p.xmpp(s, data)
	case postgresql:
		return p.postgresql(s, data)
	case mysql:
		return p.mysql(s, data)
	case mysqlx:
		return p.mysqlx(s, data)
	case tds:
		return p.tds(s, data)
	case rdp:
		return p.rdp(s, data)
	case openvpn:
		return p.openvpn(s, data)
	case amqp:
		return p.amqp(s, data)
	case nbd:
		return p.nbd(s, data)
	case vnc:
		return p.vnc(s, data)
	case telnet:
		return p.telnet(s, data)
	case httpConnect, httpUpgrade:
		return p.http(s, data)
	case socks4:
		return p.socks4(s, data)
	case socks5:
		return p.socks5(s, data)
	}
	return p.foreign(s)
}

func (p *Preamble) speaking(s side) protocol {
	if p.toProxy(s) {
		return p.tunnel
	}
	return p.inner
}

// toProxy reports whether a direction is in what is said to a proxy.
func (p *Preamble) toProxy(s side) bool { return p.tunnel != none && !p.dirs[s].tunnelled }

// took says that a message of n bytes was read.
func (d *direction) took(n int) Step {
	d.begun = true
	return Step{Consumed: n, Status: d.status}
}

// tookSome is took for a message that may not be here whole yet.
func (d *direction) tookSome(n int, data []byte) Step {
	here := min(n, len(data))
	d.skip, d.deliver = uint32(n-here), false
	return d.took(here)
}

// wait asks for n bytes.
func (d *direction) wait(n int) Step { return Step{Need: n, Status: d.status} }

// foreign gives a direction up as one of the protocol that it was taken for. The
// look ends, unless TLS may come in spite of that.
func (p *Preamble) foreign(s side) Step {
	if p.lenient(s) {
		return p.strange(s)
	}
	return p.end(s)
}

// end ends the look at the connection. A direction that has TLS keeps it: a
// server may answer a hello in the protocol that the client left.
func (p *Preamble) end(s side) Step {
	p.dirs[s].status = Foreign
	if other := &p.dirs[1-s]; other.status == Undecided {
		other.status = Foreign
	}
	return Step{Status: Foreign}
}

// leaveTunnel says that a message of n bytes ended the proxy's part of a
// direction: what follows is TLS, or another protocol.
func (d *direction) leaveTunnel(n int) Step {
	d.tunnelled, d.begun, d.stage = true, false, 0
	d.base, d.short = d.consumed+uint32(n), 0
	return Step{Consumed: n}
}

// carry says that a message of size bytes carries TLS from byte at on.
func (d *direction) carry(at, size int, data []byte) Step {
	here := min(size, len(data))
	d.status = Framed
	d.begun, d.deliver, d.carried = true, true, true
	d.skip = uint32(size - here)
	return Step{Consumed: here, Inner: data[at:here:here], Status: Framed}
}
