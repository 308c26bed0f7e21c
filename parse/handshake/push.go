package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// Push reads bytes of direction d, beginning with the first that was not consumed
// before, and returns how many bytes it consumed. With Found, a message is in msg, and
// the caller has to call Push again for the same direction with the remaining bytes,
// even if there are none. With Listen, the next call needs at least need bytes
// (0: one more than now).
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
		was := side.reader()
		switch was {
		case inPreamble:
			n, need, s = m.readPreamble(d, data[consumed:], msg)
		case inRecords:
			n, s = m.readRecords(d, data[consumed:], msg)
			need = 0
		default:
			n, need, s = m.readTLS(d, data[consumed:], msg)
		}
		consumed += n
		switch {
		case s == Found:
			if m.settled() || side.phase == finished {
				m.unfinished |= ended
			}
			return consumed, 0, Found
		case s == Settled || s == Listen && m.settled():
			return consumed, 0, Settled
		case s == Ignore || consumed == len(data) || n == 0 && was == side.reader():
			return consumed, need, s
		}
	}
}

// resume does the work that the last call left unfinished.
func (m *Machine) resume(d Dir, msg *Message) Status {
	left := m.unfinished
	m.unfinished = left & certificateDue
	if left&messageReturned != 0 {
		m.release(d)
	}
	s := Listen
	if left&setAsideDue != 0 {
		s = m.useSetAsideServerHello(msg)
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

// readPreamble gives bytes to the protocol that comes before TLS.
func (m *Machine) readPreamble(d Dir, data []byte, msg *Message) (consumed, need int, _ Status) {
	defer m.recount()
	s := m.at(d)
	step := m.needPreamble().Push(m.fromServer(d), data)
	switch step.Status {
	case starttls.TLS:
		s.inPreamble, s.expectsTLS, s.lostTrack = false, true, false
	case starttls.Framed:
		s.expectsTLS, s.lostTrack = true, false
		m.preamble.wrap(d, step.Inner)
		return step.Consumed, step.Need, m.readWrapped(d, msg)
	case starttls.Foreign:
		if m.preamble.GaveUp() {
			m.anomalies.add(longPreamble)
		}
		if m.preamble.PlainHTTP() {
			return step.Consumed, 0, Settled // no TLS follows
		}
		return step.Consumed, 0, m.giveUp(d)
	}
	return step.Consumed, step.Need, Listen
}

// readWrapped reads the TLS bytes that came inside another protocol's packets.
func (m *Machine) readWrapped(d Dir, msg *Message) Status {
	s := m.at(d)
	for data := m.preamble.unread(d); len(data) > 0; data = m.preamble.unread(d) {
		phase := s.phase
		n, _, status := m.readTLS(d, data, msg)
		m.preamble.read[d.index()] += n
		switch {
		case status == Found:
			m.unfinished |= wrappedDue
			return Found
		case status != Listen || m.settled():
			return status
		case n == 0 && s.phase == phase && len(data) > maxWrapped:
			s.inPreamble = false
			m.giveUp(d)
			msg.Retracted = 0
			msg.set(Overflow, d)
			return Found
		case n == 0 && s.phase == phase:
			return Listen
		}
	}
	return Listen
}

// Beginning says what can be done with bytes whose predecessors are missing.
type Beginning uint8

// The beginnings.
const (
	Strange  Beginning = iota // nothing known begins here, and the other direction is not in TLS
	Begins                    // a handshake may be read from here on
	Unwanted                  // skip them
)

// Begins reports whether direction d, whose earlier bytes are missing, can be read
// from data on. In the middle of a connection, only bytes that cannot be anything else
// count as a beginning.
func (m *Machine) Begins(d Dir, data []byte) Beginning {
	side := m.at(d)
	if side.phase == finished || side.lostTrack && !m.mayBeTLSAfterLoss(d, data) {
		return Unwanted
	}
	if parse.LooksLikeClientHello(data) == parse.Yes || parse.LooksLikeServerHello(data) == parse.Yes {
		return Begins
	}
	if m.at(d.Other()).phase == inRecords {
		if parse.LooksLikeAlert(data) == parse.Yes || !side.expectsTLS && m.answersBehindPreamble(d, data) {
			return Begins
		}
		return Unwanted
	}
	if !side.expectsTLS && m.beginsKnownProtocol(d, data) {
		return Begins
	}
	return Strange
}

// mayBeTLSAfterLoss reports whether data can be TLS after bytes of the direction were
// lost. While another protocol is in use, data that looks like TLS is that protocol's
// content. A ClientHello comes first in its direction. So after lost bytes it is
// content, too, if the end that accepted the connection sends it, for example in a
// file from an HTTP server. The same holds for a ServerHello from the other end.
func (m *Machine) mayBeTLSAfterLoss(d Dir, data []byte) bool {
	if m.preamble != nil && !m.preamble.MayBegin(m.fromServer(d)) {
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

// beginsKnownProtocol reports whether data, the first bytes of direction d, begins
// with an SSLv2 ClientHello, or with a whole message of a protocol that may change to
// TLS.
func (m *Machine) beginsKnownProtocol(d Dir, data []byte) bool {
	if parse.LooksLikeSSLv2ClientHello(data) == parse.Yes {
		return true
	}
	var trial starttls.Preamble
	if m.preamble != nil {
		trial = m.preamble.Preamble
	}
	step := trial.Push(m.fromServer(d), data)
	return step.Consumed > 0 && step.Status != starttls.Foreign && trial.Recognised()
}

// answersBehindPreamble reports whether data, the first bytes of direction d, contains
// an answer to the other direction's hello after bytes of another protocol.
func (m *Machine) answersBehindPreamble(d Dir, data []byte) bool {
	var trial starttls.Preamble
	trial.Found(m.fromServer(d.Other()))
	return trial.Push(m.fromServer(d), data).Status == starttls.TLS
}

// Lost handles a gap in direction d: the next bytes are missing. With Found, msg holds
// the beginning of a hello whose rest is lost, and the caller has to call Lost again.
// With Listen, bytes after the gap are needed: check them with Begins. With Ignore,
// they are not.
func (m *Machine) Lost(d Dir, msg *Message) Status {
	s := m.at(d)
	if s.phase == finished {
		return Ignore
	}
	if m.Cut(d, msg) {
		return Found
	}
	m.messages[d.index()].Drop(&m.pool.collector)
	m.recount()
	*s = side{expectsTLS: true, sent: true, lostTrack: true, protected: s.encrypted(), alert: s.alert}
	m.split[d.index()] = false
	return Listen
}

// Cut puts into msg the beginning of a hello in direction d whose rest will not come,
// and reports whether there is one. Call it for each direction when the connection
// ends.
func (m *Machine) Cut(d Dir, msg *Message) bool {
	if !m.midway[d.index()] {
		return false
	}
	m.midway[d.index()] = false
	t, body, ok := m.messages[d.index()].Begun()
	return ok && m.readBeginning(d, t, body, msg)
}
