package handshake

import "tlsfloor/parse"

// Heard records that bytes of direction d were seen. record is the version of the record
// that carries the next ClientHello; 0: none.
func (m *Machine) Heard(d Dir, record parse.Version) {
	m.at(d).sent = true
	if !m.clientHello.seen {
		m.clientHello.record = record
	}
}

// PushMessage reads a whole handshake message, or the beginning of one that is too long,
// of a transport that puts messages together itself. With Found, Resume has to be called
// next.
func (m *Machine) PushMessage(d Dir, one *parse.Message, msg *Message) Status {
	m.at(d).sent = true
	if m.message(d, one, msg) {
		return Found
	}
	return m.Resume(d, msg)
}

// Resume does what is left to do after a message was found in direction d. With Found, it
// has to be called again.
func (m *Machine) Resume(d Dir, msg *Message) Status {
	if m.unfinished != 0 {
		if s := m.resume(d, msg); s == Found || s == Settled {
			return s
		}
	}
	if m.settled() {
		return Settled
	}
	return Listen
}

// PushCut reads the beginning of a message of direction d whose rest will not come, and
// reports whether msg is set.
func (m *Machine) PushCut(d Dir, one *parse.Message, msg *Message) bool {
	return m.readBeginning(d, one.Type, one.Body, msg)
}

// Wanted are the types of messages that have to be put together when they come in pieces.
func (m *Machine) Wanted() parse.TypeSet { return m.wanted() }
