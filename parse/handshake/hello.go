package handshake

import "tlsfloor/parse"

// readClientHello takes the first ClientHello; a second one answers a
// HelloRetryRequest or renegotiates.
func (m *Machine) readClientHello(d Dir, body []byte, msg *Message) bool {
	o := &m.clientHello
	if o.seen && (!o.cut || o.long) && roleIn(d) == m.client {
		return false
	}
	msg.Retracted = 0
	if msg.Client.Parse(body) != nil && !msg.Client.Plausible() {
		return msg.found(Malformed, d) == Found
	}
	if m.client != unknownRole && roleIn(d) != m.client && !m.swapRoles(d, msg) {
		m.anomalies.add(clientHelloFromServer)
		m.keepSpareClientHello(d, body)
		return false
	}
	completes := o.cut // in another copy of its packets, or behind a HelloRetryRequest
	o.cut = false
	m.foundClientHello(d, len(body), msg)
	msg.Completes = completes
	if m.at(d).split {
		m.anomalies.add(helloSplitRecords)
	}
	if m.spare != nil && m.spare.serverHello != nil && m.fromServer(d.Other()) {
		m.unfinished |= spareDue
	}
	return true
}

// foundClientHello makes msg the ClientHello of size bytes that is in it.
func (m *Machine) foundClientHello(d Dir, size int, msg *Message) Status {
	m.client, m.clientHello.seen = roleIn(d), true
	msg.Record, msg.Size = m.clientHello.record, size
	return msg.found(ClientHello, d)
}

// readServerHello takes the first ServerHello, and the one that follows a
// HelloRetryRequest. draft says that it is a HelloRetryRequest as a draft of TLS
// 1.3 had it.
func (m *Machine) readServerHello(d Dir, body []byte, draft bool, msg *Message) bool {
	a := &m.serverHello
	fromClient := m.client != unknownRole && roleIn(d) == m.client
	msg.Retracted = 0
	switch {
	case m.clientHello.seen && fromClient:
		if m.keepSpareServerHello(d, body, draft) {
			return m.spare.clientHello != nil && m.takeSpareClientHello(d.Other(), msg)
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
		return msg.found(Malformed, d) == Found
	}
	m.foundServerHello(d, len(body), msg)
	a.cut = false
	return true
}

func parseServerHello(h *parse.ServerHello, body []byte, draft bool) error {
	if draft {
		return h.ParseHelloRetryRequest(body)
	}
	return h.Parse(body)
}

// foundServerHello makes msg the ServerHello of size bytes that is in it.
func (m *Machine) foundServerHello(d Dir, size int, msg *Message) Status {
	if m.client == unknownRole {
		m.client = roleIn(d.Other())
	}
	a, h := &m.serverHello, &msg.Server
	a.seen, a.version, a.retry = true, h.SelectedVersion, h.HelloRetryRequest
	m.retried = m.retried || a.retry
	msg.Size = size
	return msg.found(ServerHello, d)
}

// takeBeginning takes what came of a hello of which the rest will not come, and
// reports whether something is in msg.
func (m *Machine) takeBeginning(d Dir, t parse.HandshakeType, body []byte, msg *Message) bool {
	first := t == parse.TypeClientHello && !m.clientHello.seen
	msg.Retracted = 0
	if m.takeCut(d, t, body, msg) {
		return true
	}
	return first && msg.found(Incomplete, d) == Found
}

// takeTooLong takes the beginning of a hello that is longer than any is collected.
// A hello behind it does not replace it.
func (m *Machine) takeTooLong(d Dir, one *parse.Message, msg *Message) bool {
	m.anomalies.add(oversizedMessage)
	msg.Retracted = 0
	if !m.takeCut(d, one.Type, one.Body, msg) {
		return msg.found(Malformed, d) == Found
	}
	msg.Long = true
	if one.Type == parse.TypeClientHello {
		m.clientHello.long = true
	} else {
		m.serverHello.long = true
	}
	return true
}

// takeCut takes the beginning of a hello, and reports whether it counts.
func (m *Machine) takeCut(d Dir, t parse.HandshakeType, body []byte, msg *Message) bool {
	switch fromClient := roleIn(d) == m.client; {
	case t == parse.TypeClientHello && !fromClient && m.client != unknownRole:
		m.anomalies.add(clientHelloFromServer)
	case t == parse.TypeServerHello && fromClient:
		m.anomalies.add(serverHelloFromClient)
	case t == parse.TypeClientHello && !m.clientHello.seen && msg.Client.ParseCut(body):
		m.clientHello.cut = true
		m.foundClientHello(d, len(body), msg)
		msg.Cut = true
		return true
	case t == parse.TypeServerHello && (!m.serverHello.seen || m.serverHello.retry) && msg.Server.ParseCut(body):
		m.foundServerHello(d, len(body), msg)
		m.serverHello.cut = true
		msg.Cut = true
		return true
	}
	return false
}

func (m *Machine) readCertificate(d Dir, der []byte, msg *Message) bool {
	if err := msg.Leaf.Parse(der); err != nil {
		m.anomalies.add(badCertificate)
		return false
	}
	m.serverHello.certified = true
	msg.DER, msg.Retracted = der, 0
	return msg.found(Certificate, d) == Found
}

// swapRoles reports whether the end that was taken for the server, and sends a
// ClientHello in direction d, is the client after all: it opened the connection (or
// spoke first, where the opening was not seen), and no ServerHello from the other end
// says otherwise, unless both ends have sent both. What it said as a server, or the
// other end as a client, is dropped. A connection whose roles are reversed from the
// start keeps them: FTP's data connections are opened by the end that will be the TLS
// server.
func (m *Machine) swapRoles(d Dir, msg *Message) bool {
	seen := m.clientHello.seen
	switch {
	case m.fromServer(d):
		return false
	case seen && (m.spare == nil || m.spare.serverHello == nil) && (m.serverHello.seen || !m.opening.Known):
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

// dropClientHello forgets the ClientHello of an end that is no client, and what
// answered it.
func (m *Machine) dropClientHello(msg *Message) {
	m.anomalies.add(clientHelloFromServer)
	if m.serverHello.seen {
		m.anomalies.add(serverHelloFromClient)
	}
	msg.Retracted |= TheClientHello
	m.clientHello = clientHello{record: m.clientHello.record}
	m.dropServerHello(msg)
}

// dropServerHello forgets a ServerHello, and the certificate behind it.
func (m *Machine) dropServerHello(msg *Message) {
	msg.Retracted |= TheServerHello
	m.serverHello, m.retried = serverHello{}, false
	m.client = unknownRole
}

// takeSpareClientHello has the spare hellos count. d is the client's direction.
func (m *Machine) takeSpareClientHello(d Dir, msg *Message) bool {
	m.dropClientHello(msg)
	_ = msg.Client.Parse(m.spare.clientHello) // it was parsed before: an error says the same again
	m.foundClientHello(d, len(m.spare.clientHello), msg)
	m.unfinished |= spareDue
	return true
}

// takeSpareServerHello takes the ServerHello that was kept.
func (m *Machine) takeSpareServerHello(msg *Message) Status {
	if m.spare == nil || m.client == unknownRole {
		return Listen
	}
	found := m.readServerHello(m.client.dir().Other(), m.spare.serverHello, false, msg)
	m.endSpare()
	m.recount()
	if found {
		return Found
	}
	return Listen
}

// keepSpareClientHello keeps a ClientHello of the end that opened the connection, and
// is taken for the server.
func (m *Machine) keepSpareClientHello(d Dir, body []byte) {
	if m.misled() && !m.fromServer(d) && m.spares().clientHello == nil {
		m.spare.clientHello = m.pool.collector.Keep(body)
	}
	m.recount()
}

// keepSpareServerHello keeps a ServerHello of the end that accepted the connection,
// and is taken for the client, and reports whether it does.
func (m *Machine) keepSpareServerHello(d Dir, body []byte, draft bool) bool {
	if draft || !m.misled() || !m.fromServer(d) || m.spares().serverHello != nil {
		return false
	}
	m.spare.serverHello = m.pool.collector.Keep(body)
	m.recount()
	return true
}

// misled reports whether the end that accepted the connection is taken for the
// client.
func (m *Machine) misled() bool {
	return m.opening.Known && m.clientHello.seen && m.fromServer(m.client.dir())
}
