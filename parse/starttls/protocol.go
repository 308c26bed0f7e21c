package starttls

import "math/bits"

// protocol is one that may come before TLS.
type protocol uint8

// The line protocols come first, in the order of preference for a dialogue
// that fits several: a lone "STARTTLS" is most likely mail.
const (
	none protocol = iota
	smtp
	imap
	pop3
	ftp
	nntp
	sieve
	irc
	lineProtocol // one of those above; Preamble.lines holds which it may be
	ldap
	xmpp
	postgresql
	mysql
	mysqlx
	tds
	rdp
	openvpn
	amqp
	nbd
	vnc
	telnet
	httpUpgrade
	httpConnect // the first of those that ask a proxy; whatever is HTTP is read so
	socks4
	socks5
	opaque  // none of these
	nats    // none of these: the server's greeting has a name, and no more is known
	checkmk // the same
)

var protocolNames = [...]string{
	smtp: "smtp", imap: "imap", pop3: "pop3", ftp: "ftp", nntp: "nntp", sieve: "sieve", irc: "irc",
	ldap: "ldap", xmpp: "xmpp", postgresql: "postgresql", mysql: "mysql", tds: "tds", rdp: "rdp",
	openvpn: "openvpn", mysqlx: "mysqlx", amqp: "amqp", nbd: "nbd", vnc: "vnc", telnet: "telnet", httpUpgrade: "http-upgrade",
	httpConnect: "http-connect", socks4: "socks4", socks5: "socks5", opaque: "other-prefix", nats: "nats", checkmk: "checkmk",
}

// known reports whether there are messages of p that can be read.
func (p protocol) known() bool { return p > none && p < opaque }

func (p protocol) String() string { return protocolNames[p] }

// lineSet is a set of line protocols, 1<<protocol each.
type lineSet uint8

const allLines lineSet = 1<<smtp | 1<<imap | 1<<pop3 | 1<<ftp | 1<<nntp | 1<<sieve | 1<<irc

func (s lineSet) has(p protocol) bool { return s&(1<<p) != 0 }

// first is the protocol that is most likely meant.
func (s lineSet) first() protocol { return protocol(bits.TrailingZeros8(uint8(s)) & 7) }
