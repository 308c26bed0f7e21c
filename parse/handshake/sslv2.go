package handshake

import "tlsfloor/parse"

// readSSLv2Client reads an SSLv2 CLIENT-HELLO. The messages after it have the format
// of the version that the server selects.
func (m *Machine) readSSLv2Client(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	size, err := msg.Client.ReadSSLv2(data)
	fromServer := m.client != unknownRole && roleIn(d) != m.client
	switch {
	case err == parse.ErrShort:
		return 0, size, Listen
	case err != nil:
		return 0, 0, m.giveUp(d)
	case fromServer:
		m.anomalies.add(clientHelloFromServer)
		return size, 0, Listen
	case m.clientHello.seen:
		return size, 0, Listen
	}
	m.preambleEnds(d)
	m.at(d).phase = inRecords
	m.clientHello.record = 0
	msg.Retracted = 0
	m.acceptClientHello(d, size, msg)
	return size, 0, Found
}

// readSSLv2Server reads an SSLv2 SERVER-HELLO, the server's only unencrypted message
// in SSLv2. It consumes it only when the certificate in it was returned, too.
func (m *Machine) readSSLv2Server(d Dir, data []byte, msg *Message) (consumed, need int, s Status) {
	var hello parse.SSLv2ServerHello
	size, err := hello.Read(data)
	due := m.unfinished&certificateDue != 0
	m.unfinished &^= certificateDue
	switch {
	case err == parse.ErrShort:
		return 0, size, Listen
	case err != nil:
		return 0, 0, m.giveUp(d)
	case !due && m.ignoresSSLv2Server(d):
		return size, 0, Listen
	case !due:
		msg.Server, msg.Retracted = parse.ServerHello{SelectedVersion: hello.Version}, 0
		m.acceptServerHello(d, size, msg)
		s = Found
		msg.SSLv2 = true
		if len(hello.Certificate) > 0 {
			m.unfinished |= certificateDue
			return 0, 0, s
		}
	case !m.NoCertificate && m.readCertificate(d, hello.Certificate, msg):
		s = Found
	default:
		s = Ignore
	}
	m.at(d).phase, m.at(d).protected = finished, true
	return size, 0, s
}

// ignoresSSLv2Server reports whether a SERVER-HELLO in direction d is ignored: the
// direction is the client's, or a ServerHello was seen. Until a hello shows the roles,
// the end that is known to have opened the connection counts as the client.
func (m *Machine) ignoresSSLv2Server(d Dir) bool {
	fromClient := roleIn(d) == m.client || m.client == unknownRole && m.opening.Known && !m.fromServer(d)
	if fromClient {
		m.anomalies.add(serverHelloFromClient)
	}
	return fromClient || m.serverHello.seen
}
