package handshake

import "unsafe"

// spare is the hellos that were not taken because of their direction, while the end
// that accepted the connection is taken for the client. Should each end turn out to
// have said both, the end that opened the connection is the client, and these count:
// the capture may have the server's packets first, or behind a hole. They are read
// when they count.
type spare struct{ clientHello, serverHello []byte }

func (x *spare) size() int {
	return int(unsafe.Sizeof(*x)) + cap(x.clientHello) + cap(x.serverHello)
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

// misled reports whether the end that accepted the connection is taken for the
// client.
func (m *Machine) misled() bool {
	return m.opening.Known && m.clientHello.seen && m.fromServer(m.client.dir())
}

func (m *Machine) spares() *spare {
	if m.spare == nil {
		m.spare = m.pool.spares.Take()
	}
	return m.spare
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

// endSpare gives the spares back.
func (m *Machine) endSpare() {
	x := m.spare
	if x == nil {
		return
	}
	m.spare = nil
	m.pool.collector.Give(x.clientHello)
	m.pool.collector.Give(x.serverHello)
	*x = spare{}
	m.pool.spares.Give(x)
}
