package handshake

import "tlsfloor/parse"

const (
	// maxClearAlerts is the longest alert record that cannot be a protected one,
	// in bytes: two of alert, and a MAC of 16 at the least.
	maxClearAlerts = 16
	// brokenAlert stands for the rest of an alert record that makes no sense.
	brokenAlert = 0xff
)

// alertRecord takes alerts in clear, which may be cut anywhere (RFC 5246, 6.2.1) or
// share a record.
func (m *Machine) alertRecord(d Dir, p *parse.Part) Status {
	s := m.at(d)
	switch {
	case p.Length > maxClearAlerts && m.serverHello.seen:
		return m.protect(d)
	case p.Length > maxClearAlerts:
		s.half = brokenAlert
	case p.First && s.half != 0:
		m.anomalies.add(alertSplitRecords)
	case p.First && p.Length > 2:
		m.anomalies.add(severalAlerts)
	}
	for _, b := range p.Fragment {
		s.alertByte(b)
	}
	if s.half == brokenAlert {
		m.anomalies.add(malformedAlert)
		if p.Last {
			s.half = 0
		}
	}
	return Listen
}

// alertByte takes a byte of an alert. Of several alerts the first is kept, or the
// first that is fatal.
func (s *side) alertByte(b byte) {
	switch {
	case s.half == brokenAlert:
	case s.half == 0 && b != byte(parse.AlertWarning) && b != byte(parse.AlertFatal):
		s.half = brokenAlert
	case s.half == 0:
		s.half = b
	default:
		a := parse.Alert{Level: parse.AlertLevel(s.half), Description: parse.AlertDescription(b)}
		if s.half = 0; !s.alerted || a.Level > s.alert.Level {
			s.alert, s.alerted = a, true
		}
	}
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
