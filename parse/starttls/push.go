package starttls

import "tlsfloor/parse"

// Push takes the first unconsumed bytes of one direction; data begins with the
// first byte that no earlier Step has consumed.
//
// fromServer says that they come from the side that did not open the
// connection. Where that is a guess, because the start was not captured, Push
// corrects it by content. While Status is Undecided or Framed and Consumed is
// more than 0, the caller pushes what is left, if anything, at once.
func (p *Preamble) Push(fromServer bool, data []byte) Step {
	done := 0
	for {
		s := p.step(fromServer, data[done:])
		done += s.Consumed
		if s.Consumed == 0 || s.Status != Undecided || done == len(data) {
			s.Consumed = done
			return s
		}
	}
}

func (p *Preamble) side(fromServer bool) side {
	if fromServer != p.swapped {
		return server
	}
	return client
}

// step takes at most one message.
func (p *Preamble) step(fromServer bool, data []byte) Step {
	s := p.side(fromServer)
	d := &p.dirs[s]
	switch {
	case d.status == TLS, d.status == Foreign, len(data) == 0:
		return Step{Status: d.status}
	case d.left() <= 0:
		return p.foreign(s)
	case d.skip > 0:
		return d.pass(data)
	case d.midline:
		return d.passLine(data)
	case d.literal:
		return p.afterLiteral(s, data)
	}
	if r, decided := p.upgrade(s, data); decided {
		return r
	}
	text := d.within
	r := p.message(s, data)
	d = &p.dirs[p.side(fromServer)] // the message may have swapped the sides
	d.account(r, text && d.within)
	return r
}

// left is how many bytes of the direction may still be looked at.
func (d *direction) left() int {
	switch {
	case d.status == Framed:
		return maxFramed - int(d.consumed)
	case d.messages >= maxMessages:
		return 0
	}
	return maxBytes - int(d.consumed)
}

// account books what a message took. Where it goes on with a text, it is none of
// its own: however a text is cut, it counts once.
func (d *direction) account(r Step, goesOn bool) {
	if r.Consumed == 0 {
		return
	}
	d.consumed += uint32(r.Consumed)
	if !goesOn {
		d.messages++
	}
	d.scanned, d.quote = 0, 0
}

// pass consumes what needs no look.
func (d *direction) pass(data []byte) Step {
	n := min(int(d.skip), len(data), d.left())
	d.skip -= uint32(n)
	d.consumed += uint32(n)
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
	case none:
		return p.begin(s, data)
	case opaque:
		return p.opaque(s, data)
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
	case tds:
		return p.tds(s, data)
	case rdp:
		return p.rdp(s, data)
	case openvpn:
		return p.openvpn(s, data)
	case httpConnect:
		return p.http(s, data)
	case socks4:
		return p.socks4(s, data)
	case socks5:
		return p.socks5(s, data)
	}
	return p.foreign(s)
}

func (p *Preamble) speaking(s side) protocol {
	if p.tunnel != none && !p.dirs[s].tunnelled {
		return p.tunnel
	}
	return p.inner
}

// took says that a message of n bytes was read.
func (d *direction) took(n int) Step {
	d.begun = true
	return Step{Consumed: n, Status: d.status}
}

// tookSome is took for a message that may not be here whole yet.
func (d *direction) tookSome(n int, data []byte) Step {
	here := min(n, len(data), d.left())
	d.skip, d.deliver = uint32(n-here), false
	return d.took(here)
}

// wait asks for n bytes.
func (d *direction) wait(n int) Step { return Step{Need: n, Status: d.status} }

// foreign ends the look at the connection. A direction that has TLS keeps it:
// a server may answer a hello in the protocol that the client left.
func (p *Preamble) foreign(s side) Step {
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
