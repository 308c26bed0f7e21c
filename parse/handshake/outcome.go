package handshake

import (
	"math/bits"

	"tlsfloor/parse"
)

// End is how a connection ended.
type End uint8

// The ends.
const (
	Unknown End = iota // the capture ended, or the connection is no longer followed
	Closed             // FIN
	Reset              // RST
	Idle               // no packet for a long time
)

// Outcome is how a handshake ended, as far as it was seen.
type Outcome uint8

// The outcomes.
const (
	Truncated   Outcome = iota // not known
	Established                // both ends went on to protected records
	Refused                    // an alert ended the handshake
	ResetEarly                 // RST before the handshake was complete
	ClosedEarly                // FIN before the handshake was complete
	Unanswered                 // the server sent nothing
)

// Outcome is how the handshake ended, given how the connection ended.
func (m *Machine) Outcome(e End) Outcome {
	server := m.server()
	alerted := server != nil && server.alerted()
	switch {
	case m.endedByAlert():
		return Refused
	case m.established():
		return Established
	case alerted && (e == Closed || e == Reset):
		return Refused
	case e == Reset:
		return ResetEarly
	case e == Closed:
		return ClosedEarly
	case e == Idle && (server == nil || !server.sent):
		return Unanswered
	}
	return Truncated
}

// established reports whether both sides went on to protected records. If only one
// direction was captured, that side is enough.
func (m *Machine) established() bool {
	a, b := &m.side[0], &m.side[1]
	if !a.encrypted() && !b.encrypted() {
		return false
	}
	return (a.encrypted() || a.lostTrack || !a.sent) && (b.encrypted() || b.lostTrack || !b.sent)
}

// endedByAlert reports whether an alert ended the handshake. A client's alert before
// the server has sent anything does not count: the client reacts to a connection that
// was closed.
func (m *Machine) endedByAlert() bool {
	server := m.server()
	for d := range m.side {
		s := &m.side[d]
		if s.alerted() && s.alert.Level == parse.AlertFatal && (s == server || server == nil || server.sent) {
			return true
		}
	}
	return false
}

// Alert is the first unencrypted alert, or a fatal one that followed a warning; the
// server's if both ends sent one. ok is false if there was none, or if the roles are
// not known because no hello was seen.
func (m *Machine) Alert() (from Dir, a parse.Alert, ok bool) {
	if m.client == unknownRole {
		return 0, parse.Alert{}, false
	}
	client := m.client.dir()
	for _, d := range [...]Dir{client.Other(), client} {
		if s := m.at(d); s.alerted() {
			return d, s.alert, true
		}
	}
	return 0, parse.Alert{}, false
}

// AppendAnomalies appends to dst the names of the anomalies of the connection's records
// and messages, each once, in a fixed order.
func (m *Machine) AppendAnomalies(dst []string) []string {
	all := m.anomalies
	if m.clientHello.cut || m.serverHello.cut {
		all.add(helloCut)
	}
	if m.setAside != nil && m.setAside.serverHello != nil {
		all.add(serverHelloFromClient)
	}
	for ; all != 0; all &= all - 1 {
		dst = append(dst, anomalyNames[bits.TrailingZeros32(uint32(all))])
	}
	return dst
}
