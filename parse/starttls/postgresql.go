package starttls

import "encoding/binary"

// Request codes in place of a protocol version
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
const (
	postgresqlSSL = 80877103
	postgresqlGSS = 80877104

	postgresqlRequest = 8 // bytes: length, code
)

// postgresql reads the two sides of the encryption requests
// (https://www.postgresql.org/docs/current/protocol-flow.html, SSL session
// encryption): eight bytes, answered with one letter.
func (p *Preamble) postgresql(s side, data []byte) Step {
	if s == server {
		return p.postgresqlReply(data)
	}
	d := &p.dirs[client]
	if len(data) < postgresqlRequest {
		return d.wait(postgresqlRequest)
	}
	code := binary.BigEndian.Uint32(data[4:])
	switch {
	case postgresqlInClear(data):
		return p.end(client)
	case binary.BigEndian.Uint32(data) != postgresqlRequest || code != postgresqlSSL && code != postgresqlGSS:
		return p.foreign(client)
	}
	p.asked = code == postgresqlSSL
	return d.took(postgresqlRequest)
}

// postgresqlInClear recognises a StartupMessage: version 3 of the protocol.
func postgresqlInClear(data []byte) bool {
	return len(data) >= postgresqlRequest && be16(data[4:]) == 3
}

// postgresqlReply reads 'S' for TLS or 'N' for neither TLS nor GSSAPI. Letters
// that open other messages, 'G' for GSSAPI among them, end the look.
func (p *Preamble) postgresqlReply(data []byte) Step {
	d := &p.dirs[server]
	switch data[0] {
	case 'S':
		d.ready = true
	case 'N':
		p.asked, d.ready = p.asked && p.dirs[client].status == TLS, false
	default:
		return p.foreign(server)
	}
	return d.took(1)
}

// postgresqlReplies recognises a server's answers by the ServerHello after
// them.
func postgresqlReplies(data []byte) bool {
	if data[0] == 'N' {
		data = data[1:]
	}
	return data[0] == 'S' && data[1] == recordHandshake && data[2] == 3
}
