package handshake

import (
	"net/netip"
	"unsafe"

	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// prelude is what came before TLS in a connection, or around it. Few have one.
type prelude struct {
	starttls.Preamble
	wrapped [2][]byte // by direction: TLS bytes from another protocol's packets
	read    [2]int    // by direction: how many of them were consumed
}

// maxWrapped bounds the TLS bytes of a direction that came in another protocol's
// packets and wait for others.
const maxWrapped = parse.MaxFragment

func (p *prelude) size() int {
	return int(unsafe.Sizeof(*p)) + cap(p.wrapped[0]) + cap(p.wrapped[1])
}

// wrap adds TLS bytes that came in another protocol's packet.
func (p *prelude) wrap(d Dir, inner []byte) {
	b := &p.wrapped[d.index()]
	*b = append((*b)[:copy(*b, p.unread(d))], inner...)
	p.read[d.index()] = 0
}

// unread are the wrapped bytes that are not consumed.
func (p *prelude) unread(d Dir) []byte { return p.wrapped[d.index()][p.read[d.index()]:] }

// before returns what came before TLS. It begins when it is first asked for.
func (m *Machine) before() *prelude {
	if m.prelude == nil {
		m.prelude = m.pool.preludes.Take()
	}
	return m.prelude
}

// endPrelude gives the prelude back, without what it holds.
func (m *Machine) endPrelude() {
	if m.prelude == nil {
		return
	}
	*m.prelude = prelude{}
	m.pool.preludes.Give(m.prelude)
	m.prelude = nil
}

// tellPrelude tells what came before TLS, if anything did, that TLS was found in
// direction d.
func (m *Machine) tellPrelude(d Dir) {
	if m.prelude != nil {
		m.prelude.Found(m.fromServer(d))
	}
}

// Protocol names what was spoken before TLS, as "starttls" in an event has it; empty:
// nothing, or not known.
func (m *Machine) Protocol() string {
	if m.prelude == nil {
		return ""
	}
	return m.prelude.Protocol()
}

// Target is the host that a proxy was asked for.
func (m *Machine) Target() (host string, ok bool) {
	if m.prelude == nil {
		return "", false
	}
	host, _, ok = m.prelude.Target()
	return host, ok
}

// Proxied is the pair of addresses that a PROXY protocol header gave; the zero
// AddrPort without one.
func (m *Machine) Proxied() (client, server netip.AddrPort) {
	if m.prelude != nil {
		client, server, _ = m.prelude.Proxied()
	}
	return client, server
}

// PlainHTTP reports whether HTTP is spoken, and nothing asked for TLS so far.
func (m *Machine) PlainHTTP() bool { return m.prelude != nil && m.prelude.PlainHTTP() }

// notTLS looks for another protocol in a direction whose first bytes are not
// TLS, unless it is clear already that they had to be. What comes before the
// answer to a hello is looked at, too: a greeting may arrive behind the hello.
func (m *Machine) notTLS(d Dir) Status {
	s, other := m.at(d), m.at(d.Other())
	if s.upgraded {
		return m.deaf(d)
	}
	s.talking, s.blind = true, true
	if other.phase != opening && (other.phase == records || other.protected) {
		m.before().Found(m.fromServer(d.Other()))
	}
	return Listen
}

// talk lets the protocol in front of TLS take its bytes.
func (m *Machine) talk(d Dir, data []byte, msg *Message) (consumed, need int, _ Status) {
	defer m.recount()
	s := m.at(d)
	step := m.before().Push(m.fromServer(d), data)
	switch step.Status {
	case starttls.TLS:
		s.talking, s.upgraded, s.blind = false, true, false
	case starttls.Framed:
		s.upgraded, s.blind = true, false
		m.prelude.wrap(d, step.Inner)
		return step.Consumed, step.Need, m.readWrapped(d, msg)
	case starttls.Foreign:
		if m.prelude.GaveUp() {
			m.anomalies.add(longPreamble)
		}
		if m.prelude.PlainHTTP() {
			return step.Consumed, 0, Settled // no more is worth a look
		}
		return step.Consumed, 0, m.deaf(d)
	}
	return step.Consumed, step.Need, Listen
}

// readWrapped reads the TLS bytes that came inside of another protocol's packets.
func (m *Machine) readWrapped(d Dir, msg *Message) Status {
	s := m.at(d)
	for data := m.prelude.unread(d); len(data) > 0; data = m.prelude.unread(d) {
		phase := s.phase
		n, _, status := m.tls(d, data, msg)
		m.prelude.read[d.index()] += n
		switch {
		case status == Found:
			m.unfinished |= wrappedDue
			return Found
		case status != Listen || m.settled():
			return status
		case n == 0 && s.phase == phase && len(data) > maxWrapped:
			s.talking = false
			m.deaf(d)
			return msg.found(Overflow, d)
		case n == 0 && s.phase == phase:
			return Listen
		}
	}
	return Listen
}

// speaks reports whether data, the first of its direction, begins an SSLv2
// hello, or with a whole message of a protocol that may upgrade.
func (m *Machine) speaks(d Dir, data []byte) bool {
	if parse.LooksLikeSSLv2ClientHello(data) == parse.Yes {
		return true
	}
	var trial starttls.Preamble
	if m.prelude != nil {
		trial = m.prelude.Preamble
	}
	step := trial.Push(m.fromServer(d), data)
	return step.Consumed > 0 && step.Status != starttls.Foreign && trial.Recognised()
}

// answers reports whether data, the first of its direction, has an answer to the
// hello of the other one in it, behind other bytes.
func (m *Machine) answers(d Dir, data []byte) bool {
	var trial starttls.Preamble
	trial.Found(m.fromServer(d.Other()))
	return trial.Push(m.fromServer(d), data).Status == starttls.TLS
}
