package handshake

import (
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

// unfinished is what the last call has left for the next one: a set.
type unfinished uint8

const (
	ended          unfinished = 1 << iota // the direction, or all, with the Message that was returned
	handedOut                             // the Message is in the buffer of messages
	wrappedDue                            // TLS bytes from another protocol's packets
	spareDue                              // the ServerHello in spare
	certificateDue                        // that of an SSLv2 SERVER-HELLO
)

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

// Push takes bytes of direction d, beginning with the first that were not consumed
// before. It returns how many are done with; with Found a message is in msg, and
// Push is to be called again, for the same direction, with the bytes behind those
// that were consumed, also when none are left. With Listen it needs to see so many
// bytes before another call makes sense (0: one more).
func (m *Machine) Push(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	side := m.at(d)
	side.sent = true
	if m.unfinished != 0 {
		if s := m.resume(d, msg); s != Listen {
			return 0, 0, s
		}
	}
	if len(data) == 0 {
		return 0, 0, Listen
	}
	for {
		var n int
		was := side.state()
		switch was {
		case talking:
			n, need, s = m.talk(d, data[consumed:], msg)
		case records:
			n, s = m.readRecords(d, data[consumed:], msg)
			need = 0
		default:
			n, need, s = m.tls(d, data[consumed:], msg)
		}
		consumed += n
		switch {
		case s == Found:
			if m.settled() || side.phase == over {
				m.unfinished |= ended
			}
			return consumed, 0, Found
		case s == Settled || s == Listen && m.settled():
			return consumed, 0, Settled
		case s == Ignore || consumed == len(data) || n == 0 && was == side.state():
			return consumed, need, s
		}
	}
}

// resume does what the last call has left.
func (m *Machine) resume(d Dir, msg *Message) Status {
	left := m.unfinished
	m.unfinished = left & certificateDue
	if left&handedOut != 0 {
		m.release(d)
	}
	s := Listen
	if left&spareDue != 0 {
		s = m.takeSpareServerHello(msg)
	}
	if left&wrappedDue != 0 && s == Listen {
		s = m.readWrapped(d, msg)
	}
	switch {
	case s == Found:
		m.unfinished |= left & (wrappedDue | ended)
	case s == Listen && m.settled():
		return Settled
	case left&ended != 0 && s == Listen:
		return Ignore
	}
	return s
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

// Beginning is what the bytes behind a hole, or behind an unknown beginning, are.
type Beginning uint8

// The beginnings.
const (
	Strange  Beginning = iota // they begin nothing that is known, in a connection of which nothing is
	Begins                    // a handshake may be read from here on
	Unwanted                  // they are to be passed over
)

// Begins reports whether direction d, of which earlier bytes are not there, may be
// read from data on: only what cannot be anything else begins in the middle of a
// connection.
func (m *Machine) Begins(d Dir, data []byte) Beginning {
	side := m.at(d)
	if side.phase == over || side.blind && !m.resumes(d, data) {
		return Unwanted
	}
	if parse.LooksLikeClientHello(data) == parse.Yes || parse.LooksLikeServerHello(data) == parse.Yes {
		return Begins
	}
	if m.at(d.Other()).phase == records {
		if parse.LooksLikeAlert(data) == parse.Yes || !side.upgraded && m.answers(d, data) {
			return Begins
		}
		return Unwanted
	}
	if !side.upgraded && m.speaks(d, data) {
		return Begins
	}
	return Strange
}

// resumes reports whether data can be TLS behind bytes of the direction that the
// capture lost. In what another protocol says, it is content. A ClientHello comes
// first in its direction: behind a hole in the direction of the end that accepted
// the connection it is content, too, say of a file that an HTTP server sends, and so
// is a ServerHello from the end that opened it.
func (m *Machine) resumes(d Dir, data []byte) bool {
	if m.prelude != nil && !m.prelude.MayBegin(m.fromServer(d)) {
		return false
	}
	if m.client != unknownRole || !m.opening.Known {
		return true
	}
	if m.fromServer(d) {
		return parse.LooksLikeClientHello(data) != parse.Yes
	}
	return parse.LooksLikeServerHello(data) != parse.Yes
}

// Midway reports whether the bytes of d so far end inside of a message or record.
func (m *Machine) Midway(d Dir) bool {
	s := m.at(d)
	return m.midway[d.index()] || s.phase == records && (s.records.Midway() || s.changed == undecided)
}

// Lost is told that bytes of direction d are missing. With Found, msg has what came
// of a hello of which the rest is lost, and Lost is to be called again. With Listen
// bytes behind the missing ones are wanted: Begins is to be asked about them.
func (m *Machine) Lost(d Dir, msg *Message) Status {
	s := m.at(d)
	if s.phase == over {
		return Ignore
	}
	if m.Cut(d, msg) {
		return Found
	}
	m.messages[d.index()].Drop(&m.pool.collector)
	m.recount()
	*s = side{upgraded: true, sent: true, blind: true, protected: s.encrypted(), alerted: s.alerted, alert: s.alert}
	return Listen
}

// Cut returns in msg what came of a hello in direction d of which the rest will not
// come, and reports whether there is any. At the end it is to be called for each
// direction.
func (m *Machine) Cut(d Dir, msg *Message) bool {
	if !m.midway[d.index()] {
		return false
	}
	m.midway[d.index()] = false
	t, body, ok := m.messages[d.index()].Begun()
	return ok && m.takeBeginning(d, t, body, msg)
}
