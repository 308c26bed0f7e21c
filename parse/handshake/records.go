package handshake

import "tlsfloor/parse"

// readTLS reads bytes that are, or may be, TLS.
func (m *Machine) readTLS(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	switch m.at(d).phase {
	case unrecognised:
		return m.recognise(d, data, msg)
	case inRecords:
		consumed, s = m.readRecords(d, data, msg)
		return consumed, 0, s
	}
	return len(data), 0, Ignore
}

// recognise decides by the first bytes of a direction what it carries.
func (m *Machine) recognise(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	best := parse.LooksLikeClientHello(data)
	if best != parse.Yes {
		best = max(best, parse.LooksLikeServerHello(data), parse.LooksLikeAlert(data))
	}
	if best == parse.Yes || beginsHelloRequest(data) {
		m.at(d).phase = inRecords
		m.preambleEnds(d)
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
		m.at(d).phase = inRecords
		consumed, s = m.readRecords(d, data, msg)
		return consumed, 0, s
	}
	if max(best, v2, v2s, other) == parse.Maybe {
		return 0, len(data) + 1, Listen
	}
	return 0, 0, m.notTLS(d)
}

// beginsHelloRequest reports whether data begins with a HelloRequest (RFC 5246,
// 7.4.1.1), which a server may send before it has received anything.
func beginsHelloRequest(data []byte) bool {
	const request = 9 // the record's header, and a message without a body
	return len(data) >= request && data[0] == byte(parse.Handshake) && data[1] == 3 &&
		string(data[3:request]) == "\x00\x04\x00\x00\x00\x00"
}

// otherRecords reports whether a direction begins with TLS records that contain no
// hello. After a ClientHello from the other direction, they only need to be valid
// records; otherwise a hello has to follow them.
func (m *Machine) otherRecords(d Dir, data []byte) parse.Match {
	if m.clientHello.seen && roleIn(d) != m.client {
		return parse.LooksLikeOther(data)
	}
	return parse.LooksLikeLateHello(data)
}

// notTLS begins to look for another protocol in a direction whose first bytes are not
// TLS. If they had to be TLS, it gives the direction up. It also looks in the answer
// to a hello: a server's greeting may arrive after the client's hello.
func (m *Machine) notTLS(d Dir) Status {
	s, other := m.at(d), m.at(d.Other())
	if s.expectsTLS {
		return m.giveUp(d)
	}
	s.inPreamble, s.lostTrack = true, true
	if other.phase != unrecognised && (other.phase == inRecords || other.protected) {
		m.needPreamble().Found(m.fromServer(d.Other()))
	}
	return Listen
}

// readRecords reads record after record. It does not wait for a record to be
// complete: a ServerHello at the beginning of a long one counts even if the rest is
// lost.
func (m *Machine) readRecords(d Dir, data []byte, msg *Message) (consumed int, _ Status) {
	var part parse.Part
	s := m.at(d)
	for rest := data; ; {
		if s.cipherChange != noChange && !m.changeDecidable(d, rest) {
			return len(data) - len(rest), Listen
		}
		ok, err := s.records.Next(&rest, &part)
		switch {
		case err != nil:
			return len(data) - len(rest), m.giveUp(d)
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

// record reads part of a record. The last left bytes of its fragment were not read.
func (m *Machine) record(d Dir, p *parse.Part, msg *Message) (left int, s Status) {
	if p.Oversized() {
		m.anomalies.add(oversizedRecord)
		return 0, m.giveUp(d)
	}
	if p.Length == 0 {
		m.anomalies.add(emptyRecord) // of any type: a protected record is never empty (RFC 8446, 5.2)
		return 0, Listen
	}
	if m.at(d).cipherChange != noChange && m.changeTakesEffect(d, p) {
		return 0, m.protect(d)
	}
	switch p.Type {
	case parse.ApplicationData:
		return 0, m.protect(d)
	case parse.ChangeCipherSpec:
		if p.First {
			m.note(d, 'i')
		}
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
		m.split[d.index()] = true
	} else if !m.clientHello.seen {
		m.clientHello.record = p.Version
	}
}

// changeCipherSpec ends the unencrypted part of a direction. After a
// HelloRetryRequest it is only there for middleboxes, and another hello follows
// (RFC 8446, D.4). Before the ServerHello, or before the server's certificate if that
// is expected, the next record shows whether it took effect: an attacker may have
// injected it (CVE-2014-0224).
func (m *Machine) changeCipherSpec(d Dir) Status {
	switch {
	case m.retried:
		return Listen
	case m.serverHello.seen && !m.expectsCertificate(d):
		return m.protect(d)
	}
	m.at(d).cipherChange = changeSeen
	return Listen
}

// changeDecidable reports whether data has enough of the record after a
// ChangeCipherSpec to decide whether that record is protected. Until then none of it
// is consumed: its first byte alone may look like either.
func (m *Machine) changeDecidable(d Dir, data []byte) bool {
	const header = 5
	s := m.at(d)
	s.cipherChange = changeSeen
	if s.records.Midway() || len(data) == 0 {
		return true
	}
	r, size, err := parse.ReadRecord(data)
	switch {
	case err != parse.ErrShort:
	case len(data) < header:
		s.cipherChange = changeUndecided
	case r.Type == parse.Handshake:
		p := parse.Part{Length: size - header, Fragment: r.Fragment}
		if p.Clear() == parse.Maybe {
			s.cipherChange = changeUndecided
		}
	}
	return s.cipherChange != changeUndecided
}

// changeTakesEffect reports whether p, the first record after a ChangeCipherSpec, is
// protected. After a record that shows neither, the next record decides.
func (m *Machine) changeTakesEffect(d Dir, p *parse.Part) bool {
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
	m.at(d).cipherChange = noChange
	if p.Type != parse.Handshake || !m.clientHello.seen || parse.HandshakeType(p.Fragment[0]) != parse.TypeClientHello {
		// A second ClientHello answers a HelloRetryRequest that comes later in the
		// capture. Clients send a ChangeCipherSpec before it (RFC 8446, D.4), so that is
		// no anomaly.
		m.anomalies.add(earlyChangeCipherSpec)
	}
	return false
}

const (
	// maxClearAlerts is the longest alert record that cannot be a protected one, in
	// bytes: that has 2 bytes of alert and a MAC of at least 16.
	maxClearAlerts = 16
	// brokenAlert marks the rest of an alert record that cannot be parsed.
	brokenAlert = 0xff
)

// alertRecord reads unencrypted alerts, which may be split anywhere (RFC 5246, 6.2.1)
// or share a record.
func (m *Machine) alertRecord(d Dir, p *parse.Part) Status {
	s := m.at(d)
	switch {
	case p.Length > maxClearAlerts && m.serverHello.seen:
		return m.protect(d)
	case p.Length > maxClearAlerts:
		s.partialAlert = brokenAlert
	case p.First && s.partialAlert != 0:
		m.anomalies.add(alertSplitRecords)
	case p.First && p.Length > 2:
		m.anomalies.add(severalAlerts)
	}
	m.needTrail().alerts[d.index()] = p.Version
	for _, b := range p.Fragment {
		s.alertByte(b)
		if s.partialAlert == 0 {
			m.note(d, 'l')
		}
	}
	if s.partialAlert == brokenAlert {
		m.anomalies.add(malformedAlert)
		if p.Last {
			s.partialAlert = 0
		}
	}
	return Listen
}

// alertByte reads a byte of an alert.
func (s *side) alertByte(b byte) {
	switch {
	case s.partialAlert == brokenAlert:
	case s.partialAlert == 0 && b != byte(parse.AlertWarning) && b != byte(parse.AlertFatal):
		s.partialAlert = brokenAlert
	case s.partialAlert == 0:
		s.partialAlert = b
	default:
		s.add(parse.Alert{Level: parse.AlertLevel(s.partialAlert), Description: parse.AlertDescription(b)})
		s.partialAlert = 0
	}
}
