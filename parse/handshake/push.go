package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

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
			msg.Retracted = 0
			return msg.found(Overflow, d)
		case n == 0 && s.phase == phase:
			return Listen
		}
	}
	return Listen
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
