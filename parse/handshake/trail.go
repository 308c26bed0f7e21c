package handshake

import (
	"unsafe"

	"tlsfloor/parse"
)

// trail is what only an event says of a handshake, in memory of its own: with it, a
// connection would take another cache line.
type trail struct {
	// letters are the unencrypted messages of both directions, in the order in which they
	// came: see AppendHistory. Those of direction 0 are capitals. The first n are valid.
	letters [maxHistory]byte
	n       uint8
	group   parse.Group      // in the ServerHello, or the curve in the ServerKeyExchange; 0: none
	alerts  [2]parse.Version // of the last record of alerts in each direction; 0: none
}

// maxHistory bounds the messages whose order is kept. Handshakes have about twelve.
const maxHistory = 24

// needTrail returns m.trail, which it creates if there is none.
func (m *Machine) needTrail() *trail {
	if m.trail == nil {
		m.trail = m.pool.trails.Take()
		m.recount()
	}
	return m.trail
}

// dropTrail returns the trail's memory to the Pool.
func (m *Machine) dropTrail() {
	if m.trail != nil {
		*m.trail = trail{}
		m.pool.trails.Give(m.trail)
		m.trail = nil
	}
}

// size is the memory of the trail, in bytes.
func (t *trail) size() int { return int(unsafe.Sizeof(*t)) }

// note adds a message to the history. Those beyond maxHistory are not kept.
func (m *Machine) note(d Dir, letter byte) {
	if t := m.needTrail(); t.n < maxHistory {
		t.letters[t.n] = letter &^ (byte(d.Other()) << 5)
		t.n++
	}
}

// letters are those of Zeek's ssl_history, by the type of the message.
var letters = [...]byte{
	0: 'h', 1: 'c', 2: 's', 3: 'v', 4: 't', 6: 'j', 8: 'o', 11: 'x', 12: 'k', 13: 'r', 14: 'n', 15: 'y', 16: 'g', 20: 'f', 21: 'w', 22: 'u', 23: 'a',
}

// letterOf returns the letter of a type of handshake message.
func letterOf(t parse.HandshakeType) byte {
	if int(t) < len(letters) && letters[t] != 0 {
		return letters[t]
	}
	return 'z'
}

// AppendHistory appends the unencrypted messages in the order in which they came, at most
// maxHistory, with the letters of Zeek's ssl_history: c ClientHello, s ServerHello, x
// Certificate, k ServerKeyExchange, n ServerHelloDone, g ClientKeyExchange, i
// ChangeCipherSpec, l alert, and others. Those of the client are capitals.
func (m *Machine) AppendHistory(dst []byte) []byte {
	if m.trail == nil {
		return dst
	}
	swap := byte(0)
	if m.client == roleIn(1) {
		swap = 'a' - 'A'
	}
	for _, c := range m.trail.letters[:m.trail.n] {
		dst = append(dst, c^swap)
	}
	return dst
}

// readKeyExchange reads which curve the server chose (RFC 8422, 5.4). The message is of
// another form where the cipher suite is not one of elliptic curves: see Group.
func (m *Machine) readKeyExchange(d Dir, body []byte) {
	const namedCurve = 3
	if roleIn(d) != m.client && m.serverHello.version.Rank() < parse.TLSv13 && len(body) > 3 && body[0] == namedCurve {
		m.needTrail().group = parse.Group(body[1])<<8 | parse.Group(body[2])
	}
}

// Group is the group that the server selected; 0: none was seen. Below TLS 1.3 it is only
// valid if the cipher suite is one of elliptic curves with ephemeral keys.
func (m *Machine) Group() parse.Group {
	if m.trail == nil {
		return 0
	}
	return m.trail.group
}

// AlertVersion is the version of the record with the last unencrypted alert in direction
// d; 0: there was none.
func (m *Machine) AlertVersion(d Dir) parse.Version {
	if m.trail == nil {
		return 0
	}
	return m.trail.alerts[d.index()]
}
