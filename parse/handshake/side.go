package handshake

import "tlsfloor/parse"

// phase is how far the TLS of a direction has come.
type phase uint8

const (
	opening phase = iota // nothing was recognised yet
	records              // TLS records in clear
	over                 // nothing more is wanted

	talking // of state only: another protocol's turn
)

// side is one direction of a connection.
type side struct {
	records   parse.RecordStream
	phase     phase
	talking   bool // another protocol speaks, and may upgrade or carry TLS in its packets
	upgraded  bool // TLS must begin here: the other protocol said so, or the capture lost what was before
	sent      bool // it sent something
	split     bool // the handshake message under way is spread over records
	protected bool // it went on to protected records
	changed   change
	half      uint8 // the level of an alert that is cut behind it, or brokenAlert; 0: none
	blind     bool  // what came after is not known: bytes were lost, or are no TLS
	alerted   bool  // alert is valid
	alert     parse.Alert
}

// change is what is known of a ChangeCipherSpec.
type change uint8

const (
	unchanged change = iota
	changed          // it came, and nothing yet that shows whether it counts
	undecided        // the same, and what is here of the next record is too short to show it
)

// state is what decides which protocol takes the side's next bytes.
func (s *side) state() phase {
	if s.talking {
		return talking
	}
	return s.phase
}

// encrypted reports whether the direction went on to protected records, as far
// as is known.
func (s *side) encrypted() bool { return s.protected || s.changed != unchanged }

// at is the side that sends in direction d.
func (m *Machine) at(d Dir) *side { return &m.side[d.index()] }

// role is the direction in which an end sends, once that is known.
type role uint8

const unknownRole role = 0

func roleIn(d Dir) role { return role(d) + 1 }

// dir is the direction of a role that is known.
func (r role) dir() Dir { return Dir(r - 1) }

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
