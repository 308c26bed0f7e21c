package binary

import (
	"bytes"
	"encoding/binary"

	"tlsfloor/parse"
	"tlsfloor/parse/upgrade"
)

// Request codes of PostgreSQL, in place of a protocol version
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
const (
	postgresqlSSL = 80877103
	postgresqlGSS = 80877104

	postgresqlRequest = 8 // bytes: length, code
)

// PostgreSQL reads an encryption request of a client, eight bytes, or its answer,
// one letter (https://www.postgresql.org/docs/current/protocol-flow.html, SSL
// session encryption).
func PostgreSQL(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	if from == upgrade.Server {
		return postgresqlReply(d, data)
	}
	if len(data) < postgresqlRequest {
		return upgrade.Wait(postgresqlRequest)
	}
	code := binary.BigEndian.Uint32(data[4:])
	switch {
	case postgresqlInClear(data):
		return upgrade.Message{Event: upgrade.End}
	case binary.BigEndian.Uint32(data) != postgresqlRequest:
		return upgrade.Not()
	case code == postgresqlSSL:
		return upgrade.Message{Size: postgresqlRequest, Event: upgrade.Ask}
	case code == postgresqlGSS:
		return upgrade.Message{Size: postgresqlRequest, Event: upgrade.Refuse}
	}
	return upgrade.Not()
}

// postgresqlInClear recognises a StartupMessage: version 3 of the protocol.
func postgresqlInClear(data []byte) bool {
	return len(data) >= postgresqlRequest && binary.BigEndian.Uint16(data[4:]) == 3
}

// postgresqlReply reads 'S' for TLS or 'N' for neither TLS nor GSSAPI. The letters of
// other messages, 'G' for GSSAPI among them, are Foreign.
func postgresqlReply(d *upgrade.State, data []byte) upgrade.Message {
	switch data[0] {
	case 'S':
		d.Ready = true
		return upgrade.Took(1)
	case 'N':
		d.Ready = false
		return upgrade.Message{Size: 1, Event: upgrade.Refuse}
	}
	return upgrade.Not()
}

// postgresqlReplies recognises a server's answer by the ServerHello behind it.
func postgresqlReplies(data []byte) bool {
	if data[0] == 'N' {
		data = data[1:]
	}
	return data[0] == 'S' && data[1] == byte(parse.Handshake) && data[2] == 3
}

const (
	mysqlHeader = 4 // length in three bytes, sequence number

	mysqlProtocol  = 10      // first byte of a Handshake packet
	mysqlClientSSL = 1 << 11 // CLIENT_SSL

	// mysqlRequest is the length of an SSLRequest; servers and clients from
	// before 4.1 had a shorter one.
	mysqlRequest    = 32
	mysqlRequest320 = 5

	// mysqlGreeting is the longest Handshake packet that is read: with a long
	// version string it has about 150 bytes.
	mysqlGreeting = 512
)

// mysqlOpens recognises a server's Handshake or a client's SSLRequest by length,
// sequence number and protocol version.
func mysqlOpens(data []byte) (from upgrade.Side, ok bool) {
	if data[2] != 0 {
		return upgrade.Client, false
	}
	if data[3] == 0 && data[4] == mysqlProtocol && data[0] >= mysqlRequest {
		return upgrade.Server, true
	}
	return upgrade.Client, data[3] == 1 && data[1] == 0 && data[0] == mysqlRequest
}

// MySQL reads a server's Handshake packet, or the SSLRequest that answers it
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html;
// MariaDB's differ in bytes that do not matter here).
func MySQL(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	if len(data) < mysqlHeader {
		return upgrade.Wait(mysqlHeader)
	}
	length := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	first := from == upgrade.Server && data[3] == 0 || from == upgrade.Client && data[3] == 1
	if d.Begun || length > mysqlGreeting || !first {
		return upgrade.Not()
	}
	size := mysqlHeader + length
	if len(data) < size {
		return upgrade.Wait(size)
	}
	body := data[mysqlHeader:size]
	switch {
	case from == upgrade.Server:
		d.Ready = mysqlOffersTLS(body)
		return upgrade.Took(size)
	case mysqlAsks(body):
		return upgrade.Message{Size: size, Event: upgrade.Ask}
	}
	return upgrade.Message{Event: upgrade.Refuse | upgrade.Foreign}
}

// mysqlAsks reports whether a client's first packet is an SSLRequest. A login in
// clear is longer.
func mysqlAsks(body []byte) bool {
	switch len(body) {
	case mysqlRequest:
		return binary.LittleEndian.Uint32(body)&mysqlClientSSL != 0
	case mysqlRequest320:
		return binary.LittleEndian.Uint16(body)&mysqlClientSSL != 0
	}
	return false
}

// mysqlOffersTLS reads the lower capability bytes of a Handshake: after the
// version string, a thread id of 4 bytes, 8 bytes of scramble and a filler.
func mysqlOffersTLS(body []byte) bool {
	const between = 4 + 8 + 1
	end := bytes.IndexByte(body, 0)
	if end < 0 || len(body) < end+1+between+2 || body[0] != mysqlProtocol {
		return false
	}
	return binary.LittleEndian.Uint16(body[end+1+between:])&mysqlClientSSL != 0
}

const (
	mysqlxHeader = 5 // length of what follows it, in four bytes; type

	// mysqlxLongest is the longest message that is read whole: a CapabilitiesSet
	// with the attributes of a session has a few hundred bytes.
	mysqlxLongest = 4096
)

// Messages of MySQL's X Protocol that come before a session
// (https://dev.mysql.com/doc/dev/mysql-server/latest/mysqlx_protocol_messages.html).
const (
	mysqlxGet = 1 // of clients: CapabilitiesGet
	mysqlxSet = 2 // CapabilitiesSet

	mysqlxOk           = 0 // of servers
	mysqlxError        = 1
	mysqlxCapabilities = 2
	mysqlxNotice       = 11
)

// mysqlxOpens recognises the first message of either side by its length, its type
// and its first field. Capabilities look alike in both directions: s, the side that
// is thought to speak, decides. need is how many bytes it takes to tell.
func mysqlxOpens(s upgrade.Side, data []byte) (from upgrade.Side, ok bool, need int) {
	const field1, field1Varint = 0x0a, 0x08 // protobuf: field 1 with a length, field 1 as a number
	length := binary.LittleEndian.Uint32(data)
	switch typ := data[4]; {
	case length == 1 && typ == mysqlxGet:
		return upgrade.Client, true, 0
	case length < 3 || length > mysqlxLongest || typ != mysqlxNotice && typ != mysqlxSet:
		return s, false, 0
	case len(data) <= mysqlxHeader:
		return s, false, mysqlxHeader + 1
	case typ == mysqlxNotice:
		return upgrade.Server, data[mysqlxHeader] == field1Varint, 0
	}
	return s, data[mysqlxHeader] == field1, 0
}

// MySQLX reads one message of the X Protocol. A client asks for TLS by setting the
// capability "tls", and begins with TLS when the server has agreed.
func MySQLX(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	if len(data) < mysqlxHeader {
		return upgrade.Wait(mysqlxHeader)
	}
	length := binary.LittleEndian.Uint32(data)
	if length == 0 || length > upgrade.MaxBytes {
		return upgrade.Not()
	}
	size := mysqlxHeader - 1 + int(length)
	if from == upgrade.Server {
		return mysqlxReply(d, data[4], size)
	}
	switch typ := data[4]; {
	case typ == mysqlxGet:
		return upgrade.Took(size)
	case typ != mysqlxSet, size > mysqlxLongest:
		return upgrade.Not() // a session in clear
	case len(data) < size:
		return upgrade.Wait(size)
	}
	return upgrade.Message{Size: size, Event: upgrade.Ask.If(mysqlxAsks(data[mysqlxHeader:size]))}
}

func mysqlxReply(d *upgrade.State, typ byte, size int) upgrade.Message {
	switch typ {
	case mysqlxOk:
		d.Ready = true
		return upgrade.Took(size)
	case mysqlxError:
		d.Ready = false
		return upgrade.Message{Size: size, Event: upgrade.Refuse}
	case mysqlxCapabilities, mysqlxNotice:
		return upgrade.Took(size)
	}
	return upgrade.Not()
}

// mysqlxAsks reports whether a CapabilitiesSet sets "tls" to a value that is not
// false.
func mysqlxAsks(message []byte) bool {
	const (
		name  = "\x0a\x03tls"
		never = "\x08\x07\x40\x00" // a scalar of type V_BOOL, which is 0
	)
	at := bytes.Index(message, []byte(name))
	if at < 0 {
		return false
	}
	value := message[at+len(name):]
	return !bytes.Contains(value[:min(len(value), 16)], []byte(never))
}
