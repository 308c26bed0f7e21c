package handshake

import (
	"net/netip"

	"tlsfloor/parse"
	"tlsfloor/parse/cache"
)

// Machine follows the TLS of one connection. Call Open first. With thousands of
// handshakes in progress, loading the Machine from memory is what each segment waits
// for, so the fields that most segments need come first, in one cache line.
type Machine struct {
	side       [2]side
	client     role // the direction of the end that sends the ClientHello
	opening    Opening
	retried    bool    // a HelloRetryRequest was seen
	midway     [2]bool // messages holds part of a message, or is skipping one
	unfinished unfinished
	// NoCertificate: the caller does not need the server's certificate. It may be
	// changed between calls.
	NoCertificate bool
	held          int32 // see Held
	// CallerHeld is how many bytes the caller holds for the connection. It is here
	// because Held, which includes them, is needed for each segment.
	CallerHeld int32

	messages [2]parse.Messages // collect messages that come in pieces
	split    [2]bool           // the current message is spread over several records
	// Transport is how the bytes of the handshake travel. It may be changed before the first.
	Transport   parse.Protocol
	clientHello clientHello
	serverHello serverHello
	anomalies   anomalies
	preamble    *preamble // nil: nothing came before TLS
	setAside    *setAside // nil: there is none
	trail       *trail    // nil: no message was seen
	pool        *Pool
}

// Pool is memory that the Machines of one goroutine reuse. The zero value is ready to
// use.
type Pool struct {
	collector parse.Collector
	preambles cache.Free[preamble]
	setAsides cache.Free[setAside]
	trails    cache.Free[trail]
}

// Opening is what is known of how a connection was opened.
type Opening struct {
	Known bool // the SYN or SYN-ACK was seen
	Dir   Dir  // of the end that opened the connection; if not Known, of the first bytes seen
}

// Open prepares m, a zero value, for a connection. Until Close, m uses memory of pool.
func (m *Machine) Open(o Opening, pool *Pool) { m.opening, m.pool = o, pool }

// Close returns m's memory to its Pool, and sets m to its zero value.
func (m *Machine) Close() {
	c := &m.pool.collector
	m.dropSetAside()
	m.dropPreamble()
	m.dropTrail()
	m.messages[0].Drop(c)
	m.messages[1].Drop(c)
	*m = Machine{}
}

// Held is CallerHeld and how many bytes of its Pool m uses. The latter are at most: in
// each direction, one hello or certificate in pieces (parse.MaxMessage,
// parse.MaxCertificateMessage), and one record that came in another protocol's packets;
// two hellos set aside; and a trail.
func (m *Machine) Held() int { return int(m.held) + int(m.CallerHeld) }

// recount updates held. It is called when that may have changed.
func (m *Machine) recount() {
	n := m.messages[0].Held() + m.messages[1].Held()
	if m.setAside != nil {
		n += m.setAside.size()
	}
	if m.preamble != nil {
		n += m.preamble.size()
	}
	if m.trail != nil {
		n += m.trail.size()
	}
	m.held = int32(n)
}

// settled reports whether nothing more can be learnt from the handshake.
func (m *Machine) settled() bool {
	a, b := &m.side[0], &m.side[1]
	if a.protected && b.protected {
		return true
	}
	if !a.alerted() && !b.alerted() { // most handshakes
		return false
	}
	server := m.server()
	return server != nil && server.alerted() && server.alert.Level == parse.AlertFatal
}

// Midway reports whether the bytes of direction d so far end inside a message or
// record.
func (m *Machine) Midway(d Dir) bool {
	s := m.at(d)
	return m.midway[d.index()] || s.phase == inRecords && (s.records.Midway() || s.cipherChange == changeUndecided)
}

// giveUp stops following a direction: it will carry no unencrypted TLS any more.
func (m *Machine) giveUp(d Dir) Status {
	m.at(d).phase, m.at(d).lostTrack = finished, true
	return Ignore
}

// protect records that the direction is encrypted from here on.
func (m *Machine) protect(d Dir) Status {
	s := m.at(d)
	s.phase, s.protected = finished, true
	if m.settled() {
		return Listen // Push itself checks settled
	}
	return Ignore
}

// at is the side that sends in direction d.
func (m *Machine) at(d Dir) *side { return &m.side[d.index()] }

// Client is the direction in which the client sends: the end that sent the
// ClientHello or received the ServerHello. ok is false before any hello.
func (m *Machine) Client() (d Dir, ok bool) {
	if m.client == unknownRole {
		return 0, false
	}
	return m.client.dir(), true
}

// server is the server's side; nil while the roles are not known.
func (m *Machine) server() *side {
	if m.client == unknownRole {
		return nil
	}
	return m.at(m.client.dir().Other())
}

// fromServer reports whether d is the direction in which the end that accepted the
// connection sends. If the opening was not seen, the end that sent first counts as the
// one that opened it.
func (m *Machine) fromServer(d Dir) bool { return d != m.opening.Dir }

// Sent reports whether bytes of direction d were pushed.
func (m *Machine) Sent(d Dir) bool { return m.at(d).sent }

// Protected reports whether direction d went on to protected records.
func (m *Machine) Protected(d Dir) bool { return m.at(d).protected }

// AlertIn is the first unencrypted alert in direction d, or a fatal one that followed
// a warning.
func (m *Machine) AlertIn(d Dir) (a parse.Alert, ok bool) { return m.at(d).alert, m.at(d).alerted() }

// GaveUp reports whether direction d is no longer followed because its bytes are not
// TLS, or are TLS that cannot be read.
func (m *Machine) GaveUp(d Dir) bool { return m.at(d).phase == finished && !m.at(d).protected }

// Retried reports whether a HelloRetryRequest was seen.
func (m *Machine) Retried() bool { return m.retried }

// LongPreamble reports whether the preamble was too long to be read to its end.
func (m *Machine) LongPreamble() bool { return m.anomalies&longPreamble != 0 }

// needSetAside returns m.setAside, which it creates if there is none.
func (m *Machine) needSetAside() *setAside {
	if m.setAside == nil {
		m.setAside = m.pool.setAsides.Take()
	}
	return m.setAside
}

// dropSetAside returns the memory of the hellos set aside to the Pool.
func (m *Machine) dropSetAside() {
	x := m.setAside
	if x == nil {
		return
	}
	m.setAside = nil
	m.pool.collector.Give(x.clientHello)
	m.pool.collector.Give(x.serverHello)
	*x = setAside{}
	m.pool.setAsides.Give(x)
}

// needPreamble returns m.preamble, which it creates if there is none.
func (m *Machine) needPreamble() *preamble {
	if m.preamble == nil {
		m.preamble = m.pool.preambles.Take()
	}
	return m.preamble
}

// dropPreamble returns the preamble's memory to the Pool.
func (m *Machine) dropPreamble() {
	if m.preamble == nil {
		return
	}
	*m.preamble = preamble{}
	m.pool.preambles.Give(m.preamble)
	m.preamble = nil
}

// preambleEnds records in the preamble, if there is one, that TLS was found in
// direction d.
func (m *Machine) preambleEnds(d Dir) {
	if m.preamble != nil {
		m.preamble.Found(m.fromServer(d))
	}
}

// Protocol is the name of the protocol before TLS, as in "starttls" of an event; empty
// if there was none, or it is not known.
func (m *Machine) Protocol() string {
	if m.preamble == nil {
		return ""
	}
	return m.preamble.Protocol()
}

// Target is the host that the client asked a proxy to connect to.
func (m *Machine) Target() (host string, ok bool) {
	if m.preamble == nil {
		return "", false
	}
	host, _, ok = m.preamble.Target()
	return host, ok
}

// Proxied is the pair of addresses in a PROXY protocol header; zero values if there
// was none.
func (m *Machine) Proxied() (client, server netip.AddrPort) {
	if m.preamble != nil {
		client, server, _ = m.preamble.Proxied()
	}
	return client, server
}

// PlainHTTP reports whether the connection carries HTTP, and nothing has asked for TLS
// so far.
func (m *Machine) PlainHTTP() bool { return m.preamble != nil && m.preamble.PlainHTTP() }
