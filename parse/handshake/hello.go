package handshake

import "tlsfloor/parse"

// clientHello is what decides how the rest of a handshake is read, of the
// ClientHello that counts.
type clientHello struct {
	seen   bool
	cut    bool // only the beginning of the hello was captured, or collected
	long   bool // it was captured, and was too long
	record parse.Version
}

// serverHello is the same of the ServerHello that counts: the final one, or a
// HelloRetryRequest that nothing came after.
type serverHello struct {
	seen      bool
	retry     bool // it is a HelloRetryRequest
	cut       bool // as a clientHello's
	long      bool
	certified bool // a certificate was read behind it, or before any hello
	version   parse.Version
}

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
