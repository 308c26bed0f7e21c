package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
)

// PushMessages takes bytes of handshake messages in clear, in order and without
// records: the fragments of a handshake record, or what a transport with a framing
// of its own carries. Of b the last left bytes are not looked at yet; with Found they
// are to be pushed again, as with Push.
func (m *Machine) PushMessages(d Dir, b []byte, msg *Message) (left int, s Status) {
	if m.unfinished&handedOut != 0 {
		m.unfinished &^= handedOut
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

// collect takes bytes that begin or go on with a message in pieces.
func (m *Machine) collect(d Dir, b []byte, msg *Message) (left int, s Status) {
	messages, collector := &m.messages[d.index()], &m.pool.collector
	collector.Wanted = m.wanted()
	var one parse.Message
	for s == Listen && messages.Next(&b, collector, &one) {
		if m.message(d, &one, msg) {
			s = Found
			m.unfinished |= handedOut
		}
		m.at(d).split = false
	}
	m.midway[d.index()] = !messages.Idle()
	m.recount()
	return len(b), s
}

// release lets go of the bytes of a message that was returned.
func (m *Machine) release(d Dir) {
	var none []byte
	var one parse.Message
	m.messages[d.index()].Next(&none, &m.pool.collector, &one)
	m.midway[d.index()] = !m.messages[d.index()].Idle()
	m.recount()
}

// partial reports whether a message of direction d is under way.
func (m *Machine) partial(d Dir) bool {
	if !m.midway[d.index()] {
		return false
	}
	_, _, _, ok := m.messages[d.index()].Partial()
	return ok
}

// wanted are the messages worth collecting.
func (m *Machine) wanted() parse.TypeSet {
	const hellos = 1<<parse.TypeClientHello | 1<<parse.TypeServerHello | 1<<parse.TypeHelloRetryRequest
	if m.NoCertificate {
		return hellos
	}
	return hellos | 1<<parse.TypeCertificate
}

// message takes a handshake message, and reports whether something is in msg.
func (m *Machine) message(d Dir, one *parse.Message, msg *Message) bool {
	switch {
	case one.Skipped:
		m.noteType(one.Type)
		if m.wanted().Has(one.Type) {
			m.anomalies.add(oversizedMessage)
		}
		return false
	case one.Cut:
		return m.takeTooLong(d, one, msg)
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
	}
	m.noteType(one.Type)
	return false
}

// noteType notes what is odd about a message that is not read.
func (m *Machine) noteType(t parse.HandshakeType) {
	switch {
	case t == parse.TypeHelloRequest:
		m.anomalies.add(helloRequest)
	case !t.Known():
		m.anomalies.add(unknownHandshakeType)
	}
}

// awaitsCertificate reports whether the direction may still bring the certificate
// that names the server.
func (m *Machine) awaitsCertificate(d Dir) bool {
	return roleIn(d) != m.client && !m.serverHello.certified && m.serverHello.version.Rank() < parse.TLSv13 && !m.NoCertificate
}

// readCertificates reads the server's own certificate, the first of the list. Those
// of clients are not read.
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
