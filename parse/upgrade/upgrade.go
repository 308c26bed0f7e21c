package upgrade

// Side is one end of a connection.
type Side uint8

const (
	Client Side = iota
	Server
)

// Event is a set of things that a message means.
type Event uint16

const (
	Ordinary Event = 1 << iota // a line that the protocol may have before TLS
	Ask                        // the client asks for TLS
	Grant                      // the server starts TLS next
	Refuse                     // the server declines, or the client no longer asks
	Ready                      // the server agrees to something: TLS may follow
	Begin                      // TLS begins at the first byte, without a message
	Foreign                    // not a message of this protocol, or one after which TLS cannot come
	End                        // TLS will not come in this connection
	TooLong                    // with Foreign: the message is longer than is read
	Reversed                   // with Foreign: it could be a message of the other side
)

// Has reports whether the set has an event of other.
func (e Event) Has(other Event) bool { return e&other != 0 }

// If returns e when the condition is true, and no event otherwise.
func (e Event) If(condition bool) Event {
	if condition {
		return e
	}
	return 0
}

// Message is the result of reading the first bytes of a direction.
type Message struct {
	// Size is the message's length in bytes. More bytes than are there means that
	// the rest of the message need not be read. It is 0 when more bytes are needed,
	// or Event has Begin, Foreign or End.
	Size int
	// Need is how many bytes it takes to read the message, where Size is 0; 0: one
	// more than there are.
	Need int
	// Inner is the index of the first TLS byte, in a message that carries TLS; else
	// 0. TLS goes on to the message's end.
	Inner int
	Event Event
}

// Took returns a message of size bytes that changes nothing.
func Took(size int) Message { return Message{Size: size} }

// Wait returns a Message that asks for need bytes; 0: one more than there are.
func Wait(need int) Message { return Message{Need: need} }

// Not returns a Message that is Foreign.
func Not() Message { return Message{Event: Foreign} }

// State is what the readers remember of the messages of one direction. The zero
// value is the state before the first message.
type State struct {
	Count   uint32 // HTTP: bytes of the body; OpenVPN: the next message id; SOCKS4: the port
	Scanned uint16 // bytes of the current line or tag that hold no end of it
	Code    uint16 // status of the reply that is being read
	Stage   uint8  // how far the protocol is, in its own terms
	Quote   byte   // XMPP: the quotation mark that is open in the current tag
	Begun   bool   // a message was read
	Carried bool   // a message carried TLS
	Ready   bool   // TLS may follow the last reply
	Within  bool   // Telnet, XMPP: text was read last, whose end is no message boundary
	Midline bool   // the rest of a long line follows
	List    bool   // the reply ends with a line with a dot
	Replied bool   // a whole reply was read
}

// MaxBytes is how many bytes of a direction may come before TLS. A message that is
// longer is Foreign. Long EHLO and CAPABILITY answers are below 4 KiB; a search of
// an LDAP root DSE is below 16 KiB.
const MaxBytes = 32 << 10

// Protocol is a protocol that comes before TLS, or carries it.
type Protocol uint8

// The text protocols in lines come first, in the order of preference when the
// lines of a connection fit several: a lone "STARTTLS" is most likely mail.
const (
	None Protocol = iota
	SMTP
	IMAP
	POP3
	FTP
	NNTP
	Sieve
	IRC
	Lines // one of those above
	LDAP
	XMPP
	PostgreSQL
	MySQL
	MySQLX
	TDS
	RDP
	OpenVPN
	AMQP
	NBD
	VNC
	Telnet
	HTTPUpgrade
	HTTPConnect // the first of the proxies' protocols; all HTTP counts as it
	SOCKS4
	SOCKS5
	Opaque  // a protocol that is not known
	NATS    // recognised by the server's greeting, messages are not read
	Checkmk // the same
)

var names = [...]string{
	SMTP: "smtp", IMAP: "imap", POP3: "pop3", FTP: "ftp", NNTP: "nntp", Sieve: "sieve", IRC: "irc",
	LDAP: "ldap", XMPP: "xmpp", PostgreSQL: "postgresql", MySQL: "mysql", MySQLX: "mysqlx", TDS: "tds",
	RDP: "rdp", OpenVPN: "openvpn", AMQP: "amqp", NBD: "nbd", VNC: "vnc", Telnet: "telnet",
	HTTPUpgrade: "http-upgrade", HTTPConnect: "http-connect", SOCKS4: "socks4", SOCKS5: "socks5",
	Opaque: "other-prefix", NATS: "nats", Checkmk: "checkmk",
}

// String returns the name in events, as "smtp"; empty for None and Lines.
func (p Protocol) String() string { return names[p] }

// Known reports whether messages of the protocol can be read.
func (p Protocol) Known() bool { return p > None && p < Opaque }
