package handshake

import (
	"net/netip"

	"tlsfloor/parse"
	"tlsfloor/parse/cache"
)

// Machine follows the TLS of one connection. Open makes it ready. With thousands of
// handshakes under way each segment waits for its Machine to come from memory, so
// the fields that most segments need come first.
type Machine struct {
	side       [2]side
	client     role // of the ClientHello's sender; the opposite of the ServerHello's
	opening    Opening
	retried    bool    // a HelloRetryRequest was seen
	midway     [2]bool // messages has some of a message, or passes over one
	unfinished unfinished
	// NoCertificate says that the caller does not need the server's certificate.
	// It may be changed between calls.
	NoCertificate bool
	held          int32 // see Held

	messages    [2]parse.Messages // for those that come in pieces
	clientHello clientHello
	serverHello serverHello
	anomalies   anomalies
	prelude     *prelude // nil: nothing came before TLS
	spare       *spare   // nil: there is none
	pool        *Pool
}

// Pool is memory that the Machines of one goroutine use again. The zero value is
// ready.
type Pool struct {
	collector parse.Collector
	preludes  cache.Free[prelude]
	spares    cache.Free[spare]
}

// Opening is what is known of how a connection was opened.
type Opening struct {
	Known bool // the opening was seen
	Dir   Dir  // from the end that opened it; not Known: the direction that was heard first
}

// Open makes m ready for a connection. Until Close it uses memory of pool.
func (m *Machine) Open(o Opening, pool *Pool) { m.opening, m.pool = o, pool }

// Close gives back the memory that m has of its Pool. Then m is as its zero value.
func (m *Machine) Close() {
	c := &m.pool.collector
	m.endSpare()
	m.endPrelude()
	m.messages[0].Drop(c)
	m.messages[1].Drop(c)
	*m = Machine{}
}

// Held is how many bytes m has of its Pool. That is at most a hello and a
// certificate in pieces in each direction (parse.MaxMessage,
// parse.MaxCertificateMessage), two hellos that may count later, and a record of
// each direction that came in another protocol's packets.
func (m *Machine) Held() int { return int(m.held) }

// recount counts what m holds, when that may have changed.
func (m *Machine) recount() {
	n := m.messages[0].Held() + m.messages[1].Held()
	if m.spare != nil {
		n += m.spare.size()
	}
	if m.prelude != nil {
		n += m.prelude.size()
	}
	m.held = int32(n)
}

// settled reports whether the handshake can have nothing more to say.
func (m *Machine) settled() bool {
	a, b := &m.side[0], &m.side[1]
	if a.protected && b.protected {
		return true
	}
	if !a.alerted && !b.alerted { // as in most
		return false
	}
	server := m.server()
	return server != nil && server.alerted && server.alert.Level == parse.AlertFatal
}

// Midway reports whether the bytes of d so far end inside of a message or record.
func (m *Machine) Midway(d Dir) bool {
	s := m.at(d)
	return m.midway[d.index()] || s.phase == records && (s.records.Midway() || s.changed == undecided)
}

// deaf gives a direction up: it will not, or no longer, speak TLS in clear.
func (m *Machine) deaf(d Dir) Status {
	m.at(d).phase, m.at(d).blind = over, true
	return Ignore
}

// protect notes that the direction is encrypted from here on.
func (m *Machine) protect(d Dir) Status {
	s := m.at(d)
	s.phase, s.protected = over, true
	if m.settled() {
		return Listen // Push sees it
	}
	return Ignore
}

// at is the side that sends in direction d.
func (m *Machine) at(d Dir) *side { return &m.side[d.index()] }

// Client is the direction of the client, the end that sent the ClientHello, or did
// not send the ServerHello; ok is false before any hello.
func (m *Machine) Client() (d Dir, ok bool) {
	if m.client == unknownRole {
		return 0, false
	}
	return m.client.dir(), true
}

// server is the server's side, nil while it is not known which it is.
func (m *Machine) server() *side {
	if m.client == unknownRole {
		return nil
	}
	return m.at(m.client.dir().Other())
}

// fromServer reports whether d is the direction away from the end that was
// connected to; the end that spoke first is taken for the client where the opening
// was not seen.
func (m *Machine) fromServer(d Dir) bool { return d != m.opening.Dir }

// Sent reports whether bytes of direction d were pushed.
func (m *Machine) Sent(d Dir) bool { return m.at(d).sent }

// Protected reports whether direction d went on to protected records.
func (m *Machine) Protected(d Dir) bool { return m.at(d).protected }

// AlertIn is the first alert in clear in direction d, or the fatal one behind a
// warning.
func (m *Machine) AlertIn(d Dir) (a parse.Alert, ok bool) { return m.at(d).alert, m.at(d).alerted }

// GaveUp reports whether direction d is not followed any more, because it speaks
// something else than TLS, or speaks TLS that cannot be read.
func (m *Machine) GaveUp(d Dir) bool { return m.at(d).phase == over && !m.at(d).protected }

// Retried reports whether a HelloRetryRequest was seen.
func (m *Machine) Retried() bool { return m.retried }

// LongPreamble reports whether more came before TLS than is looked at.
func (m *Machine) LongPreamble() bool { return m.anomalies&longPreamble != 0 }

func (m *Machine) spares() *spare {
	if m.spare == nil {
		m.spare = m.pool.spares.Take()
	}
	return m.spare
}

// endSpare gives the spares back.
func (m *Machine) endSpare() {
	x := m.spare
	if x == nil {
		return
	}
	m.spare = nil
	m.pool.collector.Give(x.clientHello)
	m.pool.collector.Give(x.serverHello)
	*x = spare{}
	m.pool.spares.Give(x)
}

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
