package handshake

import "tlsfloor/parse"

// tls takes bytes that are, or may be, TLS.
func (m *Machine) tls(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	switch m.at(d).phase {
	case opening:
		return m.recognise(d, data, msg)
	case records:
		consumed, s = m.readRecords(d, data, msg)
		return consumed, 0, s
	}
	return len(data), 0, Ignore
}

// recognise looks at the first bytes of a direction.
func (m *Machine) recognise(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	best := parse.LooksLikeClientHello(data)
	if best != parse.Yes {
		best = max(best, parse.LooksLikeServerHello(data), parse.LooksLikeAlert(data))
	}
	if best == parse.Yes || asksForHello(data) {
		m.at(d).phase = records
		m.tellPrelude(d)
		consumed, s = m.readRecords(d, data, msg)
		return consumed, 0, s
	}
	v2 := parse.LooksLikeSSLv2ClientHello(data)
	if v2 == parse.Yes {
		return m.readSSLv2Client(d, data, msg)
	}
	v2s := parse.LooksLikeSSLv2ServerHello(data)
	if v2s == parse.Yes {
		return m.readSSLv2Server(d, data, msg)
	}
	other := m.otherRecords(d, data)
	if other == parse.Yes {
		m.at(d).phase = records
		consumed, s = m.readRecords(d, data, msg)
		return consumed, 0, s
	}
	if max(best, v2, v2s, other) == parse.Maybe {
		return 0, len(data) + 1, Listen
	}
	return 0, 0, m.notTLS(d)
}

// asksForHello reports whether data begins with a HelloRequest (RFC 5246,
// 7.4.1.1), which a server may send before it has heard anything.
func asksForHello(data []byte) bool {
	const request = 9 // the record's header, and a message without a body
	return len(data) >= request && data[0] == byte(parse.Handshake) && data[1] == 3 &&
		string(data[3:request]) == "\x00\x04\x00\x00\x00\x00"
}

// otherRecords reports whether a direction begins with records of TLS that are
// no hello: once the other direction has said hello they need no more than to be
// records, else a hello has to come behind them.
func (m *Machine) otherRecords(d Dir, data []byte) parse.Match {
	if m.clientHello.seen && roleIn(d) != m.client {
		return parse.LooksLikeOther(data)
	}
	return parse.LooksLikeLateHello(data)
}

// notTLS looks for another protocol in a direction whose first bytes are not
// TLS, unless it is clear already that they had to be. What comes before the
// answer to a hello is looked at, too: a greeting may arrive behind the hello.
func (m *Machine) notTLS(d Dir) Status {
	s, other := m.at(d), m.at(d.Other())
	if s.upgraded {
		return m.deaf(d)
	}
	s.talking, s.blind = true, true
	if other.phase != opening && (other.phase == records || other.protected) {
		m.before().Found(m.fromServer(d.Other()))
	}
	return Listen
}

// readRecords walks the records. It does not wait for a record to be complete:
// a ServerHello at the front of a long one counts even if the rest is lost.
func (m *Machine) readRecords(d Dir, data []byte, msg *Message) (consumed int, _ Status) {
	var part parse.Part
	s := m.at(d)
	for rest := data; ; {
		if s.changed != unchanged && !m.tells(d, rest) {
			return len(data) - len(rest), Listen
		}
		ok, err := s.records.Next(&rest, &part)
		switch {
		case err != nil:
			return len(data) - len(rest), m.deaf(d)
		case !ok:
			return len(data), Listen
		}
		left, status := m.record(d, &part, msg)
		if status != Listen || m.settled() {
			s.records.Unread(&part, left)
			return len(data) - len(rest) - left, status
		}
	}
}

// record takes part of a record. Of its fragment the last left bytes are not looked
// at yet.
func (m *Machine) record(d Dir, p *parse.Part, msg *Message) (left int, s Status) {
	if p.Oversized() {
		m.anomalies.add(oversizedRecord)
		return 0, m.deaf(d)
	}
	if p.Length == 0 {
		m.anomalies.add(emptyRecord) // of any type: what is protected is never empty (RFC 8446, 5.2)
		return 0, Listen
	}
	if m.at(d).changed != unchanged && m.takesEffect(d, p) {
		return 0, m.protect(d)
	}
	switch p.Type {
	case parse.ApplicationData:
		return 0, m.protect(d)
	case parse.ChangeCipherSpec:
		return 0, m.changeCipherSpec(d)
	case parse.AlertRecord:
		return 0, m.alertRecord(d, p)
	case parse.Handshake:
		if p.First {
			m.beginHandshakeRecord(d, p)
		}
		return m.PushMessages(d, p.Fragment, msg)
	case parse.Heartbeat:
		m.anomalies.add(heartbeatRecord)
	default:
		m.anomalies.add(unknownRecordType)
	}
	return 0, Listen
}

func (m *Machine) beginHandshakeRecord(d Dir, p *parse.Part) {
	if m.partial(d) {
		m.at(d).split = true
	} else if !m.clientHello.seen {
		m.clientHello.record = p.Version
	}
}

// changeCipherSpec ends what is in clear. Around a HelloRetryRequest it is there
// for middleboxes, and another hello follows (RFC 8446, D.4). Before the ServerHello,
// or before the certificate that is to name the server, the next record shows
// whether it took effect: an attacker may have put it there (CVE-2014-0224).
func (m *Machine) changeCipherSpec(d Dir) Status {
	switch {
	case m.retried:
		return Listen
	case m.serverHello.seen && !m.awaitsCertificate(d):
		return m.protect(d)
	}
	m.at(d).changed = changed
	return Listen
}

// tells reports whether enough of the record behind a ChangeCipherSpec is here, at
// the beginning of data, to say whether it is protected. Until then none of it is
// taken: its first byte alone may look like either.
func (m *Machine) tells(d Dir, data []byte) bool {
	const header = 5
	s := m.at(d)
	s.changed = changed
	if s.records.Midway() || len(data) == 0 {
		return true
	}
	r, size, err := parse.ReadRecord(data)
	switch {
	case err != parse.ErrShort:
	case len(data) < header:
		s.changed = undecided
	case r.Type == parse.Handshake:
		p := parse.Part{Length: size - header, Fragment: r.Fragment}
		if p.Clear() == parse.Maybe {
			s.changed = undecided
		}
	}
	return s.changed != undecided
}

// takesEffect reports whether the first record behind a ChangeCipherSpec is
// protected. A record that tells neither way leaves that open.
func (m *Machine) takesEffect(d Dir, p *parse.Part) bool {
	switch p.Type {
	case parse.ApplicationData:
		return true
	case parse.Handshake:
		if p.Clear() == parse.No {
			return true
		}
	case parse.AlertRecord:
		if p.Length > maxClearAlerts {
			return true
		}
	default:
		return false
	}
	m.at(d).changed = unchanged
	if p.Type != parse.Handshake || !m.clientHello.seen || parse.HandshakeType(p.Fragment[0]) != parse.TypeClientHello {
		// A second ClientHello answers a HelloRetryRequest that the capture holds
		// later; before it, clients send one (RFC 8446, D.4).
		m.anomalies.add(earlyChangeCipherSpec)
	}
	return false
}

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
