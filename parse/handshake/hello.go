package handshake

import "tlsfloor/parse"

// readClientHello reads the first ClientHello, and reports whether msg is set. It
// ignores a second one, which answers a HelloRetryRequest or renegotiates.
func (m *Machine) readClientHello(d Dir, body []byte, msg *Message) bool {
	o := &m.clientHello
	if o.seen && (!o.cut || o.long) && roleIn(d) == m.client {
		return false
	}
	msg.Retracted = 0
	if msg.Client.ParseOf(m.Transport, body) != nil && !msg.Client.Plausible() {
		msg.set(Malformed, d)
		return true
	}
	if m.client != unknownRole && roleIn(d) != m.client && !m.swapRoles(d, msg) {
		m.anomalies.add(clientHelloFromServer)
		m.setAsideClientHello(d, body)
		return false
	}
	completes := o.cut // another copy of the packets, or the hello after a HelloRetryRequest
	o.cut = false
	m.acceptClientHello(d, len(body), msg)
	msg.Completes = completes
	if m.split[d.index()] {
		m.anomalies.add(helloSplitRecords)
	}
	if m.setAside != nil && m.setAside.serverHello != nil && m.fromServer(d.Other()) {
		m.unfinished |= setAsideDue
	}
	return true
}

// acceptClientHello makes the ClientHello in msg, of size bytes, the connection's, and
// completes msg.
func (m *Machine) acceptClientHello(d Dir, size int, msg *Message) {
	m.client, m.clientHello.seen = roleIn(d), true
	msg.Record, msg.Size = m.clientHello.record, size
	msg.set(ClientHello, d)
}

// readServerHello reads the first ServerHello, and the one that follows a
// HelloRetryRequest, and reports whether msg is set. draft: the message is a
// HelloRetryRequest in the format of a draft of TLS 1.3.
func (m *Machine) readServerHello(d Dir, body []byte, draft bool, msg *Message) bool {
	a := &m.serverHello
	fromClient := m.client != unknownRole && roleIn(d) == m.client
	msg.Retracted = 0
	switch {
	case m.clientHello.seen && fromClient:
		if m.setAsideServerHello(d, body, draft) {
			return m.setAside.clientHello != nil && m.useSetAsideClientHello(d.Other(), msg)
		}
		m.anomalies.add(serverHelloFromClient)
		return false
	case a.seen && fromClient:
		m.anomalies.add(serverHelloFromClient)
		if !m.fromServer(d) {
			return false
		}
		m.dropServerHello(msg)
	case a.seen && !a.retry && (!a.cut || a.long):
		return false
	}
	if err := parseServerHello(&msg.Server, body, draft); err != nil && (draft || !msg.Server.Plausible()) {
		msg.set(Malformed, d)
		return true
	}
	m.acceptServerHello(d, len(body), msg)
	a.cut = false
	return true
}

func parseServerHello(h *parse.ServerHello, body []byte, draft bool) error {
	if draft {
		return h.ParseHelloRetryRequest(body)
	}
	return h.Parse(body)
}

// acceptServerHello makes the ServerHello in msg, of size bytes, the connection's, and
// completes msg.
func (m *Machine) acceptServerHello(d Dir, size int, msg *Message) {
	m.needTrail().group = msg.Server.Group
	if m.client == unknownRole {
		m.client = roleIn(d.Other())
	}
	a, h := &m.serverHello, &msg.Server
	a.seen, a.version, a.retry = true, h.SelectedVersion, h.HelloRetryRequest
	m.retried = m.retried || a.retry
	msg.Size = size
	msg.set(ServerHello, d)
}

// readBeginning reads the beginning of a hello whose rest will not come, and reports
// whether msg is set.
func (m *Machine) readBeginning(d Dir, t parse.HandshakeType, body []byte, msg *Message) bool {
	first := t == parse.TypeClientHello && !m.clientHello.seen
	msg.Retracted = 0
	if m.readCutHello(d, t, body, msg) {
		return true
	}
	if first {
		msg.set(Incomplete, d)
	}
	return first
}

// readTooLong reads the beginning of a hello that is too long to be collected, and
// reports whether msg is set. A later hello does not replace it.
func (m *Machine) readTooLong(d Dir, one *parse.Message, msg *Message) bool {
	m.anomalies.add(oversizedMessage)
	msg.Retracted = 0
	if !m.readCutHello(d, one.Type, one.Body, msg) {
		msg.set(Malformed, d)
		return true
	}
	msg.Long = true
	if one.Type == parse.TypeClientHello {
		m.clientHello.long = true
	} else {
		m.serverHello.long = true
	}
	return true
}

// readCutHello reads the beginning of a hello, and reports whether it is used and msg
// is set.
func (m *Machine) readCutHello(d Dir, t parse.HandshakeType, body []byte, msg *Message) bool {
	switch fromClient := roleIn(d) == m.client; {
	case t == parse.TypeClientHello && !fromClient && m.client != unknownRole:
		m.anomalies.add(clientHelloFromServer)
	case t == parse.TypeServerHello && fromClient:
		m.anomalies.add(serverHelloFromClient)
	case t == parse.TypeClientHello && !m.clientHello.seen && msg.Client.ParseCutOf(m.Transport, body):
		m.clientHello.cut = true
		m.acceptClientHello(d, len(body), msg)
		msg.Cut = true
		return true
	case t == parse.TypeServerHello && (!m.serverHello.seen || m.serverHello.retry) && msg.Server.ParseCut(body):
		m.acceptServerHello(d, len(body), msg)
		m.serverHello.cut = true
		msg.Cut = true
		return true
	}
	return false
}

// readCertificate parses the server's certificate, and reports whether msg is set.
func (m *Machine) readCertificate(d Dir, der []byte, msg *Message) bool {
	if err := msg.Leaf.Parse(der); err != nil {
		m.anomalies.add(badCertificate)
		return false
	}
	m.serverHello.certified = true
	msg.DER, msg.Retracted = der, 0
	msg.set(Certificate, d)
	return true
}

// swapRoles decides whether the end that sends a ClientHello in direction d, and was
// taken for the server, is the client after all, and reports whether it is. It is if
// it opened the connection and has not confirmed the roles with a ServerHello before,
// or if each end has sent both hellos. If the opening was not seen, it has to have
// sent first, and the other end no ClientHello. The hellos that were accepted for the
// wrong roles are dropped. Roles that are reversed from the start are kept: FTP's data
// connections are opened by the end that will be the TLS server.
func (m *Machine) swapRoles(d Dir, msg *Message) bool {
	seen := m.clientHello.seen
	switch {
	case m.fromServer(d):
		return false
	case seen && (m.setAside == nil || m.setAside.serverHello == nil) && (m.serverHello.seen || !m.opening.Known):
		return false
	case seen:
		m.dropClientHello(msg)
	default:
		m.anomalies.add(serverHelloFromClient)
		m.dropServerHello(msg)
	}
	m.client = unknownRole
	return true
}

// dropClientHello forgets the ClientHello of an end that is not the client, and the
// ServerHello that answered it.
func (m *Machine) dropClientHello(msg *Message) {
	m.anomalies.add(clientHelloFromServer)
	if m.serverHello.seen {
		m.anomalies.add(serverHelloFromClient)
	}
	msg.Retracted |= TheClientHello
	m.clientHello = clientHello{record: m.clientHello.record}
	m.dropServerHello(msg)
}

// dropServerHello forgets the ServerHello and the certificate after it.
func (m *Machine) dropServerHello(msg *Message) {
	msg.Retracted |= TheServerHello
	m.serverHello, m.retried = serverHello{}, false
	m.client = unknownRole
}

// useSetAsideClientHello replaces the ClientHello by the one set aside, and schedules
// the ServerHello set aside. d is the client's direction.
func (m *Machine) useSetAsideClientHello(d Dir, msg *Message) bool {
	m.dropClientHello(msg)
	_ = msg.Client.ParseOf(m.Transport, m.setAside.clientHello) // parsed before, so an error is known and tolerated
	m.acceptClientHello(d, len(m.setAside.clientHello), msg)
	m.unfinished |= setAsideDue
	return true
}

// useSetAsideServerHello reads the ServerHello that was set aside.
func (m *Machine) useSetAsideServerHello(msg *Message) Status {
	if m.setAside == nil || m.client == unknownRole {
		return Listen
	}
	found := m.readServerHello(m.client.dir().Other(), m.setAside.serverHello, false, msg)
	m.dropSetAside()
	m.recount()
	if found {
		return Found
	}
	return Listen
}

// setAsideClientHello sets aside a ClientHello from the end that opened the connection,
// if that end is taken for the server.
func (m *Machine) setAsideClientHello(d Dir, body []byte) {
	if m.rolesReversed() && !m.fromServer(d) && m.needSetAside().clientHello == nil {
		m.setAside.clientHello = m.pool.collector.Keep(body)
	}
	m.recount()
}

// setAsideServerHello sets aside a ServerHello from the end that accepted the
// connection, if that end is taken for the client. It reports whether it did.
func (m *Machine) setAsideServerHello(d Dir, body []byte, draft bool) bool {
	if draft || !m.rolesReversed() || !m.fromServer(d) || m.needSetAside().serverHello != nil {
		return false
	}
	m.setAside.serverHello = m.pool.collector.Keep(body)
	m.recount()
	return true
}

// rolesReversed reports whether the end that accepted the connection is taken for the
// client.
func (m *Machine) rolesReversed() bool {
	return m.opening.Known && m.clientHello.seen && m.fromServer(m.client.dir())
}
