package fingerprint

import (
	"github.com/dreadl0ck/tlsx"

	"tlsfloor/parse"
)

// Client are the fingerprints of a ClientHello. All are empty for one in SSLv2
// format, for which none is defined.
type Client struct {
	JA3     string // lower-case MD5 of JA3Full
	JA3Full string
	JA4     string
}

// Server are the fingerprints of a ServerHello.
type Server struct {
	JA3S     string // lower-case MD5 of JA3SFull
	JA3SFull string
}

// Protocol is what carries the hellos: the first letter of a JA4.
type Protocol byte

// The protocols.
const (
	TLS  Protocol = 't'
	DTLS Protocol = 'd'
	QUIC Protocol = 'q'
)

// Maker computes fingerprints. What it returns owns its memory. It costs
// microseconds a hello: see Memory. A Maker is used by one goroutine.
//
// It remembers JA4s by itself: permuting the extensions, as Chrome does for
// each connection, makes a JA3 of its own each time, but finds the JA4.
type Maker struct {
	// Protocol is the first letter of JA4s: TLS unless changed.
	Protocol Protocol

	ja4s Memory[string]

	// Scratch space, kept between calls.
	key             []byte
	sorted, numbers []uint16
	text            []byte
	hello           tlsx.ClientHelloBasic
	answer          tlsx.ServerHelloBasic
}

// NewMaker makes a Maker for TLS over TCP.
func NewMaker() *Maker {
	return &Maker{Protocol: TLS, ja4s: NewMemory[string](DefaultLimit)}
}

// Remember bounds the JA4s that are remembered; without it, DefaultLimit does. It
// forgets those there are.
func (m *Maker) Remember(limit int) { m.ja4s = NewMemory[string](limit) }

// Client returns the fingerprints of h.
func (m *Maker) Client(h *parse.ClientHello) Client {
	if h.SSLv2Format {
		return Client{}
	}
	full := m.ja3(h)
	return Client{JA3: md5Hex(full), JA3Full: string(full), JA4: m.ja4(h)}
}

// Server returns the fingerprints of h.
func (m *Maker) Server(h *parse.ServerHello) Server {
	full := m.ja3s(h)
	return Server{JA3S: md5Hex(full), JA3SFull: string(full)}
}
