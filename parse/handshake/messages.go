package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
)

// A transport with framing of its own gives the Machine what it has taken out of its
// packets by PushMessages, PushAlert and Protect, in place of Push. Push itself does so
// with what it takes out of records.

// PushMessages reads bytes of unencrypted handshake messages, in order and without
// record headers: the fragments of handshake records, or the payload of a transport
// with its own framing. The last left bytes of b were not read; with Found, the caller
// has to push them again, as with Push. With Listen, see Done.
func (m *Machine) PushMessages(d Dir, b []byte, msg *Message) (left int, s Status) {
	m.at(d).sent = true
	if m.unfinished&messageReturned != 0 {
		m.unfinished &^= messageReturned
		m.release(d)
	}
	var one parse.Message
	for !m.midway[d.index()] && one.Take(&b) {
		if m.message(d, &one, msg) {
			return len(b), Found
		}
	}
	if len(b) > 0 {
		return m.collect(d, b, msg)
	}
	return 0, Listen
}

// PushAlert reads an unencrypted alert in direction d.
func (m *Machine) PushAlert(d Dir, a parse.Alert) {
	m.at(d).sent = true
	m.note(d, 'l')
	m.at(d).add(a)
}

// Protect records that direction d went on to protected packets.
func (m *Machine) Protect(d Dir) {
	m.at(d).sent = true
	m.protect(d)
}

// Restart forgets the parts of messages that have come: both directions begin again.
func (m *Machine) Restart() {
	for d := range m.messages {
		m.messages[d].Drop(&m.pool.collector)
	}
	m.midway = [2]bool{}
	m.unfinished &^= messageReturned
	m.recount()
}

// Done reports whether no more bytes of the connection are needed.
func (m *Machine) Done() bool { return m.settled() }

// collect reads bytes that begin or continue a message that comes in pieces.
func (m *Machine) collect(d Dir, b []byte, msg *Message) (left int, s Status) {
	messages, collector := &m.messages[d.index()], &m.pool.collector
	collector.Wanted = m.wanted()
	var one parse.Message
	for s == Listen && messages.Next(&b, collector, &one) {
		if m.message(d, &one, msg) {
			s = Found
			m.unfinished |= messageReturned
		}
		m.split[d.index()] = false
	}
	m.midway[d.index()] = !messages.Idle()
	m.recount()
	return len(b), s
}

// release frees the bytes of a message that was returned.
func (m *Machine) release(d Dir) {
	var none []byte
	var one parse.Message
	m.messages[d.index()].Next(&none, &m.pool.collector, &one)
	m.midway[d.index()] = !m.messages[d.index()].Idle()
	m.recount()
}

// partial reports whether part of a message of direction d has been collected.
func (m *Machine) partial(d Dir) bool {
	if !m.midway[d.index()] {
		return false
	}
	_, _, _, ok := m.messages[d.index()].Partial()
	return ok
}

// wanted are the types of messages that are collected.
func (m *Machine) wanted() parse.TypeSet {
	const hellos = 1<<parse.TypeClientHello | 1<<parse.TypeServerHello | 1<<parse.TypeHelloRetryRequest | 1<<parse.TypeServerKeyExchange
	if m.NoCertificate {
		return hellos
	}
	return hellos | 1<<parse.TypeCertificate
}

// message reads a handshake message, and reports whether msg is set.
func (m *Machine) message(d Dir, one *parse.Message, msg *Message) bool {
	m.note(d, letterOf(one.Type))
	switch {
	case one.Skipped:
		m.addTypeAnomaly(one.Type)
		if m.wanted().Has(one.Type) {
			m.anomalies.add(oversizedMessage)
		}
		return false
	case one.Cut:
		return m.readTooLong(d, one, msg)
	}
	switch one.Type {
	case parse.TypeClientHello:
		return m.readClientHello(d, one.Body, msg)
	case parse.TypeServerHello:
		return m.readServerHello(d, one.Body, false, msg)
	case parse.TypeHelloRetryRequest:
		return m.readServerHello(d, one.Body, true, msg)
	case parse.TypeCertificate:
		return m.readCertificates(d, one.Body, msg)
	case parse.TypeServerKeyExchange:
		m.readKeyExchange(d, one.Body)
		return false
	}
	m.addTypeAnomaly(one.Type)
	return false
}

// addTypeAnomaly adds the anomaly, if any, of a message that is not read.
func (m *Machine) addTypeAnomaly(t parse.HandshakeType) {
	switch {
	case t == parse.TypeHelloRequest:
		m.anomalies.add(helloRequest)
	case !t.Known():
		m.anomalies.add(unknownHandshakeType)
	}
}

// expectsCertificate reports whether the server's certificate may still come in
// direction d.
func (m *Machine) expectsCertificate(d Dir) bool {
	return roleIn(d) != m.client && !m.serverHello.certified && m.serverHello.version.Rank() < parse.TLSv13 && !m.NoCertificate
}

// readCertificates reads the server's own certificate, the first in the list, and
// reports whether msg is set. Certificates of clients are ignored.
func (m *Machine) readCertificates(d Dir, body []byte, msg *Message) bool {
	if roleIn(d) == m.client || m.NoCertificate {
		return false
	}
	list, err := certificate.ParseList(body)
	if err != nil {
		m.anomalies.add(badCertificate)
		return false
	}
	der, ok := list.Next()
	return ok && m.readCertificate(d, der, msg)
}
