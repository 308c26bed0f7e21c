package classify

import (
	"net/netip"

	"tlsfloor/parse"
)

// Side is one end of a connection. The client is who sent the ClientHello,
// else who opened the connection.
type Side uint8

// The two sides.
const (
	ClientSide Side = iota
	ServerSide
)

// String returns "client" or "server".
func (s Side) String() string {
	if s == ServerSide {
		return "server"
	}
	return "client"
}

// Observation is everything seen of one TLS handshake: facts, no judgement.
// It owns its memory, but for what is said to be shared.
type Observation struct {
	// Time is when the first hello was seen, in nanoseconds since the Unix
	// epoch, by the capture's clock.
	Time int64
	// Client and Server are the innermost addresses.
	Client, Server netip.AddrPort
	// VLANs are the 802.1Q ids around the packet, outermost first.
	VLANs []uint16
	// Tunnels are the other encapsulations, outermost first: "vxlan:77".
	Tunnels []string
	// Sender is who sent the outermost tunnel around the client's packets, by the
	// source address of the IP header that carries it; the zero Addr: they came in
	// none.
	Sender netip.Addr
	// Source is the interface or the capture file, as the user named it.
	Source string
	// Return is what is around the packets from the server, where that is
	// something else than VLANs and Tunnels; nil: it is not. It has no Source.
	Return *Place
	// Copies are other places where the same connection was seen.
	Copies []Place

	// Outcome is how the handshake ended, as far as it was seen.
	Outcome Outcome
	// Outside says that the whole ClientHello came outside of any tunnel.
	Outside bool
	// StartTLS names the protocol in front of the TLS records; empty: none.
	StartTLS string
	// Proxied holds the addresses that a PROXY protocol header gave; not valid
	// (zero) without one.
	Proxied struct{ Client, Server netip.AddrPort }

	// SNI is the ClientHello's server_name as sent; empty: no such extension, or
	// an empty name.
	SNI string
	// Hello is what else the ClientHello says; nil: none was seen. Clients of one
	// kind say the same: it is not to be changed, others share it.
	Hello *ClientHello
	// Answer is what the final ServerHello says (the HelloRetryRequest when
	// nothing came after it); nil: none was seen. Shared, as Hello is.
	Answer *ServerHello
	// Alert is the first plaintext alert before the handshake completed, or the
	// fatal one behind a warning; the server's when both sent one; nil: none.
	Alert *Alert
	// Certificate is the server's, below TLS 1.3; nil: not asked for, or not
	// seen.
	Certificate *Certificate
	// Misnamed says that the server's certificate has no name that covers the one
	// that the client asked for (RFC 9525, 6).
	Misnamed bool
	// Anomalies are oddities of the packets, records and hellos, in a fixed
	// order, each once.
	Anomalies []string

	// Names are the candidates for the destination's name, in falling order of
	// trust, at most one a source.
	Names []Name
}

// Place is where packets were seen: VLANs, Tunnels and Source are those of an
// Observation.
type Place struct {
	Source  string
	VLANs   []uint16
	Tunnels []string
}

// ClientHello holds the facts of a ClientHello (RFC 8446, 4.1.2), but for the
// name that it asks for.
type ClientHello struct {
	RecordVersion parse.Version   // of the record that carried the hello; 0: no record (SSLv2)
	LegacyVersion parse.Version   // client_version
	Versions      []parse.Version // supported_versions in order, GREASE removed; nil: no such extension
	ALPN          []string        // in order, bytes as sent
	FallbackSCSV  bool            // TLS_FALLBACK_SCSV is among the ciphers (RFC 7507)
	SSLv2Format   bool            // an SSLv2 CLIENT-HELLO
	ECH           bool            // encrypted_client_hello is there: the SNI is the outer name
	EarlyData     bool            // 0-RTT offered
	Cut           bool            // the capture has only the beginning: what is absent here may have been sent
	JA3, JA3Full  string          // lower-case MD5 and the string it is of; empty where not defined (SSLv2 format)
	JA4           string          // empty where not defined
}

// ShowsVersions reports whether the hello says what the client offers. One that
// was cut before supported_versions does so only by a legacy_version below TLS
// 1.2, which is then the highest (RFC 8446, 4.2.1).
func (c *ClientHello) ShowsVersions() bool {
	return !c.Cut || c.Versions != nil || c.LegacyVersion < parse.TLSv12
}

// MaxVersion is the highest version offered, as far as the hello shows it.
func (c *ClientHello) MaxVersion() parse.Version {
	return parse.MaxVersion(c.LegacyVersion, c.Versions)
}

// ServerHello holds the facts of a ServerHello (RFC 8446, 4.1.3).
type ServerHello struct {
	Version           parse.Version // supported_versions, else server_version
	Cipher            uint16
	ALPN              string // selected protocol, bytes as sent; empty: none
	JA3S, JA3SFull    string
	Sentinel          parse.Version // RFC 8446 4.1.3 downgrade sentinel: what the server was held to (TLS 1.2, or 1.1 "or below"); 0: none
	HelloRetryRequest bool          // a HelloRetryRequest was part of the handshake
	Resumed           string        // "id", "ticket" or "psk"; empty: a full handshake, or not known
}

// Alert is a plaintext alert (RFC 8446, 6).
type Alert struct {
	From  Side
	Level uint8
	Code  uint8
}

// Certificate is what the server's certificate says of itself. It was not
// verified in any way.
type Certificate struct {
	Subject, Issuer     string   // as RFC 4514 writes them
	DNSNames            []string // of subjectAltName, as sent, at most 100: the one that names the destination among them
	NotBefore, NotAfter int64    // in seconds since the Unix epoch; 0: not readable
	SHA256              string   // of the certificate, lower-case hex
}

// NameSource is how the name of a destination is known, in falling order of
// trust.
type NameSource uint8

// The sources of names.
const (
	NameNone        NameSource = iota
	NameSNI                    // the ClientHello's server_name
	NameConnect                // asked of a proxy: HTTP CONNECT, SOCKS
	NameCertificate            // the server's certificate
	NameDNS                    // an answer seen in the same capture
	NameAddress                // a published address range: a suspicion, not a name
)

var nameSourceText = [...]string{"", "sni", "connect", "certificate", "dns", "address"}

// String returns the value of "host_source".
func (s NameSource) String() string { return nameSourceText[s] }

// Name is a candidate for the destination's name.
type Name struct {
	Host   string
	Source NameSource
}

// Outcome is how a handshake ended.
type Outcome uint8

// The outcomes.
const (
	OutcomeUnknown Outcome = iota
	Established            // both sides went on to protected records
	Refused                // an alert ended it
	Reset                  // a RST ended it
	Closed                 // FIN before completion
	Unanswered             // nothing came back within the flow's time
	Truncated              // the capture ended, or lost packets, before completion
)

var outcomeText = [...]string{"", "established", "refused", "reset", "closed", "unanswered", "truncated"}

// String returns the value of "outcome".
func (o Outcome) String() string { return outcomeText[o] }
