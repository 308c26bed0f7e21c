package handshake

import (
	"math/bits"

	"tlsfloor/parse"
)

// End is how a connection ended.
type End uint8

// The ends.
const (
	Unknown End = iota // the capture ended, or the connection is not followed any more
	Closed             // FIN
	Reset              // RST
	Idle               // nothing came for a long time
)

// Outcome is how a handshake ended, as far as it was seen.
type Outcome uint8

// The outcomes.
const (
	Truncated   Outcome = iota // not known
	Established                // both ends went on to protected records
	Refused                    // an alert ended it
	ResetEarly                 // RST before it was complete
	ClosedEarly                // FIN before it was complete
	Unanswered                 // the server sent nothing
)

// Outcome tells how the handshake ended, when the connection ended so.
func (m *Machine) Outcome(e End) Outcome {
	server := m.server()
	alerted := server != nil && server.alerted
	switch {
	case m.fatal():
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

// established: both sides went on to protected records, or the one whose
// direction was captured did.
func (m *Machine) established() bool {
	a, b := &m.side[0], &m.side[1]
	if !a.encrypted() && !b.encrypted() {
		return false
	}
	return (a.encrypted() || a.blind || !a.sent) && (b.encrypted() || b.blind || !b.sent)
}

// fatal reports whether an alert ended the handshake. What a client says before
// it has heard anything answers a connection that was closed on it.
func (m *Machine) fatal() bool {
	server := m.server()
	for d := range m.side {
		s := &m.side[d]
		if s.alerted && s.alert.Level == parse.AlertFatal && (s == server || server == nil || server.sent) {
			return true
		}
	}
	return false
}

// Alert is the first alert in clear, or the fatal one behind a warning; the server's
// when both ends sent one. ok is false when there is none, or no hello says which
// end is which.
func (m *Machine) Alert() (from Dir, a parse.Alert, ok bool) {
	if m.client == unknownRole {
		return 0, parse.Alert{}, false
	}
	client := m.client.dir()
	for _, d := range [...]Dir{client.Other(), client} {
		if s := m.at(d); s.alerted {
			return d, s.alert, true
		}
	}
	return 0, parse.Alert{}, false
}

// AppendAnomalies appends to dst the names of what was odd about the connection's
// records and messages, each once, in a fixed order.
func (m *Machine) AppendAnomalies(dst []string) []string {
	all := m.anomalies
	if m.clientHello.cut || m.serverHello.cut {
		all.add(helloCut)
	}
	if m.spare != nil && m.spare.serverHello != nil {
		all.add(serverHelloFromClient)
	}
	for ; all != 0; all &= all - 1 {
		dst = append(dst, anomalyNames[bits.TrailingZeros32(uint32(all))])
	}
	return dst
}
