package starttls

import (
	"bytes"
	"encoding/binary"
)

const (
	mysqlxHeader = 5 // length of what follows it, in four bytes; type

	// mysqlxLongest is the longest message that is read whole: a CapabilitiesSet
	// with the attributes of a session has a few hundred bytes.
	mysqlxLongest = 4096
)

// Messages that come before a session
// (https://dev.mysql.com/doc/dev/mysql-server/latest/mysqlx_protocol_messages.html).
const (
	mysqlxGet          = 1 // of clients: CapabilitiesGet
	mysqlxSet          = 2 // CapabilitiesSet
	mysqlxOk           = 0 // of servers
	mysqlxError        = 1
	mysqlxCapabilities = 2
	mysqlxNotice       = 11
)

// mysqlxOpens recognises the first message of either side by its length, its type
// and its first field. Capabilities look alike in both directions: s, who is
// thought to speak, decides. need is how many bytes it takes to say.
func mysqlxOpens(s side, data []byte) (from side, ok bool, need int) {
	const field1, field1Varint = 0x0a, 0x08 // protobuf: field 1 with a length, field 1 as a number
	length := binary.LittleEndian.Uint32(data)
	switch typ := data[4]; {
	case length == 1 && typ == mysqlxGet:
		return client, true, 0
	case length < 3 || length > mysqlxLongest || typ != mysqlxNotice && typ != mysqlxSet:
		return s, false, 0
	case len(data) <= mysqlxHeader:
		return s, false, mysqlxHeader + 1
	case typ == mysqlxNotice:
		return server, data[mysqlxHeader] == field1Varint, 0
	}
	return s, data[mysqlxHeader] == field1, 0
}

// mysqlx reads one message of the X Protocol. A client asks for TLS by setting
// the capability "tls", and begins with it when the server has agreed.
func (p *Preamble) mysqlx(s side, data []byte) Step {
	d := &p.dirs[s]
	if len(data) < mysqlxHeader {
		return d.wait(mysqlxHeader)
	}
	length := binary.LittleEndian.Uint32(data)
	if length == 0 || length > maxBytes {
		return p.foreign(s)
	}
	size := mysqlxHeader - 1 + int(length)
	switch typ := data[4]; {
	case s == client && typ == mysqlxSet && size > mysqlxLongest:
		return p.foreign(s)
	case s == client && typ == mysqlxSet && len(data) < size:
		return d.wait(size)
	case s == client && typ == mysqlxSet:
		p.asked = p.asked || mysqlxAsks(data[mysqlxHeader:size])
	case s == client && typ == mysqlxGet:
	case s == server && typ == mysqlxOk:
		d.ready = true
	case s == server && typ == mysqlxError:
		d.ready = false
		p.asked = p.asked && p.dirs[client].status == TLS
	case s == server && (typ == mysqlxCapabilities || typ == mysqlxNotice):
	default:
		return p.foreign(s) // a session in clear
	}
	return d.tookSome(size, data)
}

// mysqlxAsks finds the capability "tls" with a value that is not false.
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
