package parse

// Protocol is how a handshake's bytes travel. The messages are the same, except that a
// ClientHello of DTLS has a field more.
type Protocol uint8

// The protocols.
const (
	TLS  Protocol = iota // in records in a stream
	DTLS                 // in records in datagrams (RFC 9147)
	QUIC                 // in CRYPTO frames (RFC 9001)
)

var protocolText = [...]string{"tls", "dtls", "quic"}

// String returns the value of "protocol" in an event.
func (p Protocol) String() string { return protocolText[p] }
