package classify

import (
	"net/netip"

	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

// Side is one end of a connection. The client is the side that sent the ClientHello,
// or opened the connection when no hello was captured.
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

// Observation is everything that was captured of one TLS handshake, without a verdict.
// It owns its memory, except for fields that are shared.
type Observation struct {
	// Time is the time of the first hello, in nanoseconds since the Unix epoch, by
	// the capture's clock.
	Time int64
	// Client and Server are the innermost addresses.
	Client, Server netip.AddrPort
	// VLANs are the 802.1Q ids around the packet, outermost first.
	VLANs []uint16
	// Tunnels are the other encapsulations, outermost first: "vxlan:77".
	Tunnels []string
	// Sender is the source address of the IP header that carries the outermost
	// tunnel around the client's packets; the zero Addr: no tunnel.
	Sender netip.Addr
	// Source is the interface or the capture file, as the user named it.
	Source string
	// Return has the VLANs and tunnels around the packets from the server, when
	// they are others than VLANs and Tunnels; else nil. It has no Source.
	Return *Place
	// Copies are other places where the same connection was seen.
	Copies []Place

	// Protocol is how the handshake travelled.
	Protocol parse.Protocol
	// HelloVerify tells that a server of DTLS sent a HelloVerifyRequest (RFC 6347,
	// 4.2.1).
	HelloVerify bool
	// QUIC is what a connection of QUIC shows besides; zero for other protocols.
	QUIC QUIC
	// Outcome is how the handshake ended, as far as it was captured.
	Outcome Outcome
	// Outside tells that no part of the ClientHello came in a tunnel.
	Outside bool
	// StartTLS names the protocol before the TLS records; empty: none.
	StartTLS string
	// Proxied has the addresses in a PROXY protocol header; zero without one.
	Proxied struct{ Client, Server netip.AddrPort }

	// SNI is the ClientHello's server_name as sent; empty: no such extension, or
	// an empty name.
	SNI string
	// Hello has the other contents of the ClientHello; nil: none was captured. It is
	// shared by the findings about hellos with the same contents, and read-only.
	Hello *ClientHello
	// Answer has the contents of the final ServerHello (the HelloRetryRequest when
	// nothing came after it); nil: none was captured. It is shared, as Hello is.
	Answer *ServerHello
	// Group is the group for the exchange of keys that the server selected; 0: none, or
	// not known.
	Group parse.Group
	// History has the unencrypted messages in the order in which they came, with the
	// letters of Zeek's ssl_history, at most 24.
	History string
	// Alert is the first plaintext alert before the handshake completed, or the
	// fatal one after a warning; the server's when both sides sent one; nil: none.
	Alert *Alert
	// Certificate is the server's, below TLS 1.3; nil: not wanted, or not captured.
	Certificate *Certificate
	// Misnamed tells that no name in the server's certificate covers the name that
	// the client asked for (RFC 9525, 6).
	Misnamed bool
	// Anomalies are oddities of the packets, records and hellos, in a fixed order,
	// without duplicates.
	Anomalies []string

	// Names are the candidates for the destination's name, the most trusted first,
	// at most one of each source.
	Names []Name
}

// OverUDP reports whether the handshake came in datagrams.
func (o *Observation) OverUDP() bool { return o.Protocol != parse.TLS }

// QUIC is what the packets of a QUIC connection show besides the handshake.
type QUIC struct {
	Version    quic.Version // of the server's packets, else of the client's
	Retry      bool         // the server sent a Retry (RFC 9000, 17.2.5)
	Negotiated bool         // the server sent a Version Negotiation (RFC 9000, 17.2.1)
}

// Place is where packets were captured: Source, VLANs and Tunnels as in an
// Observation.
type Place struct {
	Source  string
	VLANs   []uint16
	Tunnels []string
}

// ClientHello has the contents of a ClientHello (RFC 8446, 4.1.2), except for the
// name that it asks for.
type ClientHello struct {
	RecordVersion parse.Version   // of the record that carried the hello; 0: no record (SSLv2, QUIC)
	LegacyVersion parse.Version   // client_version
	Versions      []parse.Version // supported_versions in order, GREASE removed; nil: no such extension
	ALPN          []string        // in order, bytes as sent
	FallbackSCSV  bool            // TLS_FALLBACK_SCSV is among the ciphers (RFC 7507)
	SSLv2Format   bool            // an SSLv2 CLIENT-HELLO
	ECH           bool            // has encrypted_client_hello: the SNI is the outer name
	EarlyData     bool            // 0-RTT offered
	Cut           bool            // the capture has only the beginning: more may have been sent
	JA3, JA3Full  string          // lower-case MD5, and its input; empty when not defined (SSLv2 format)
	JA4           string          // empty when not defined
}

// ShowsVersions reports whether the hello tells which versions the client offers. One
// that was cut before supported_versions does so only when legacy_version is below TLS
// 1.2: then that is the highest (RFC 8446, 4.2.1).
func (c *ClientHello) ShowsVersions() bool {
	return !c.Cut || c.Versions != nil || c.LegacyVersion.Rank() < parse.TLSv12
}

// MaxVersion returns the highest version offered, as far as the hello shows it.
func (c *ClientHello) MaxVersion() parse.Version {
	return parse.MaxVersion(c.LegacyVersion, c.Versions)
}

// ServerHello has the contents of a ServerHello (RFC 8446, 4.1.3).
type ServerHello struct {
	Version           parse.Version // supported_versions, else server_version
	Cipher            uint16
	ALPN              string // selected protocol, bytes as sent; empty: none
	JA3S, JA3SFull    string
	Sentinel          parse.Version // downgrade sentinel (RFC 8446, 4.1.3): TLS 1.2, or 1.1 for that and below; 0: none
	HelloRetryRequest bool          // a HelloRetryRequest was part of the handshake
	Resumed           string        // "id", "ticket" or "psk"; empty: a full handshake, or not known
}

// Alert is a plaintext alert (RFC 8446, 6).
type Alert struct {
	From   Side
	Level  uint8
	Code   uint8
	Record parse.Version // of the record that it came in; 0: in none of TLS
}

// Certificate has the contents of the server's certificate. Nothing was verified.
type Certificate struct {
	Subject, Issuer     string   // in the format of RFC 4514
	DNSNames            []string // of subjectAltName, as sent, at most 100, with the one that names the destination
	NotBefore, NotAfter int64    // in seconds since the Unix epoch; 0: not readable
	Serial              string   // serial number, lower-case hex; empty: not readable
	SHA256, SHA1        string   // of the certificate, lower-case hex
}

// NameSource is where the name of a destination is from, the most trusted first.
type NameSource uint8

// The sources of names.
const (
	NameNone        NameSource = iota
	NameSNI                    // the ClientHello's server_name
	NameConnect                // asked of a proxy: HTTP CONNECT, SOCKS
	NameCertificate            // the server's certificate
	NameDNS                    // a DNS answer in the same capture
	NameAddress                // a published address range, which tells no name
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
	Unanswered             // the server sent nothing until the flow timed out
	Truncated              // the capture ended, or lost packets, before completion
)

var outcomeText = [...]string{"", "established", "refused", "reset", "closed", "unanswered", "truncated"}

// String returns the value of "outcome".
func (o Outcome) String() string { return outcomeText[o] }
