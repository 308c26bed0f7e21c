package starttls

import (
	"bytes"
	"encoding/binary"
)

const (
	mysqlHeader = 4 // length in three bytes, sequence number

	mysqlProtocol  = 10      // first byte of a Handshake packet
	mysqlClientSSL = 1 << 11 // CLIENT_SSL

	// mysqlRequest is the length of an SSLRequest; servers and clients from
	// before 4.1 knew a shorter one.
	mysqlRequest    = 32
	mysqlRequest320 = 5

	// mysqlGreeting is the longest Handshake packet that is read: with a long
	// version string it has about 150 bytes.
	mysqlGreeting = 512
)

// mysqlOpens recognises a server's Handshake or a client's SSLRequest by length,
// sequence number and protocol version.
func mysqlOpens(data []byte) (from side, ok bool) {
	if data[2] != 0 {
		return client, false
	}
	if data[3] == 0 && data[4] == mysqlProtocol && data[0] >= mysqlRequest {
		return server, true
	}
	return client, data[3] == 1 && data[1] == 0 && data[0] == mysqlRequest
}

// mysql reads the Handshake packet or the SSLRequest that answers it
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html;
// MariaDB's differ in the use of bytes that do not matter here).
func (p *Preamble) mysql(s side, data []byte) Step {
	d := &p.dirs[s]
	if len(data) < mysqlHeader {
		return d.wait(mysqlHeader)
	}
	length := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	first := s == server && data[3] == 0 || s == client && data[3] == 1
	if d.begun || length > mysqlGreeting || !first {
		return p.foreign(s)
	}
	if size := mysqlHeader + length; len(data) < size {
		return d.wait(size)
	}
	body := data[mysqlHeader : mysqlHeader+length]
	if s == server {
		d.ready = mysqlOffersTLS(body)
		return d.took(len(body) + mysqlHeader)
	}
	if p.asked = mysqlAsks(body); !p.asked {
		return p.foreign(s)
	}
	return d.took(len(body) + mysqlHeader)
}

// mysqlAsks judges a client's first packet. A login in clear is longer than an
// SSLRequest.
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
