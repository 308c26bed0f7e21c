package starttls

import (
	"bytes"
	"slices"
	"testing"
)

// fuzz pushes the bytes of two sides. The result must not depend on how they are cut,
// except where the beginning of a segment counts: in bytes of an unknown protocol, and
// when a message is not whole.
func fuzz(f *testing.F, protocols ...string) {
	for _, tr := range transcripts {
		if slices.Contains(protocols, tr.proto) {
			seed(f, tr.turns)
		}
	}
	f.Fuzz(func(t *testing.T, clientSays, serverSays []byte, serverFirst bool, piece uint8) {
		turns := []turn{c(string(clientSays)), s(string(serverSays))}
		if serverFirst {
			slices.Reverse(turns)
		}
		one := play(t, turns, whole)
		many := play(t, turns, in(1+int(piece)))
		if !one.unknown() && !many.unknown() && !many.cutIn {
			many.mustEqual(one)
		}
		play(t, interleave(clientSays, serverSays, 1+int(piece)), whole)
	})
}

// unknown reports whether there were bytes of an unknown protocol.
func (c *caller) unknown() bool { return c.p.dirs[client].unknown || c.p.dirs[server].unknown }

func seed(f *testing.F, turns []turn) {
	var say [2]string
	for _, u := range turns {
		if u.server {
			say[1] += u.data
		} else {
			say[0] += u.data
		}
	}
	f.Add([]byte(say[0]), []byte(say[1]), turns[0].server, uint8(0))
	f.Add([]byte(say[0]), []byte{}, false, uint8(2))
	f.Add([]byte{}, []byte(say[1]), true, uint8(4))
}

func (c *caller) mustEqual(want *caller) {
	c.t.Helper()
	if c.status != want.status || c.at != want.at {
		c.t.Errorf("statuses %d at bytes %d; in one piece %d at bytes %d", c.status, c.at, want.status, want.at)
	}
	if !bytes.Equal(c.inner[0], want.inner[0]) || !bytes.Equal(c.inner[1], want.inner[1]) {
		c.t.Error("other inner bytes than in one piece")
	}
	host, port, _ := want.p.Target()
	c.mustBe(want.p.Protocol(), host, port)
}

func interleave(a, b []byte, n int) (turns []turn) {
	for len(a) > 0 || len(b) > 0 {
		i, j := min(n, len(a)), min(n, len(b))
		turns = append(turns, c(string(a[:i])), s(string(b[:j])))
		a, b = a[i:], b[j:]
	}
	return turns
}

func FuzzLines(f *testing.F) { fuzz(f, "smtp", "imap", "pop3", "nntp", "ftp", "sieve", "irc") }

func FuzzXMPP(f *testing.F) { fuzz(f, "xmpp") }

func FuzzLDAP(f *testing.F) { fuzz(f, "ldap") }

func FuzzDatabases(f *testing.F) { fuzz(f, "postgresql", "mysql", "mysqlx") }

func FuzzRDP(f *testing.F) { fuzz(f, "rdp", "vnc", "telnet") }

func FuzzMessages(f *testing.F) { fuzz(f, "amqp", "nbd") }

// FuzzUnknown pushes bytes of unknown protocols, and also calls Found for either side.
func FuzzUnknown(f *testing.F) {
	for _, before := range []string{"", "16", "INFO {}\r\n", "\x00\x00\x00\x03abc", "\x05\x07\x00", "220 x\r\n", "\x16\x03\x01\x00\x30\x02"} {
		f.Add([]byte(before+clientHello), []byte(before+serverHello), uint8(0), uint8(0))
		f.Add([]byte(clientHello), []byte(before+serverHello), uint8(2), uint8(1))
		f.Add([]byte(before+clientHello), []byte(before+alertRecord), uint8(6), uint8(2))
	}
	f.Fuzz(func(t *testing.T, clientSays, serverSays []byte, piece, found uint8) {
		for _, turns := range [][]turn{
			interleave(clientSays, serverSays, 1+int(piece)), {c(string(clientSays)), s(string(serverSays))}, {s(string(serverSays)), c(string(clientSays))},
		} {
			got := &caller{t: t}
			if found > 0 {
				got.p.Found(found == 1)
			}
			for _, u := range turns {
				got.feed(u.server, []byte(u.data))
			}
		}
	})
}

func FuzzProxies(f *testing.F) {
	seed(f, []turn{c("CONNECT\n"), s("HTTP/1.1\n")})
	fuzz(f, "http-connect", "http-upgrade", "socks4", "socks5", "proxy-protocol")
}

// TestLinesCutShort ends each turn of each dialogue with a line end after each of
// its first bytes: a line may lack any of its words.
func TestLinesCutShort(t *testing.T) {
	for _, tr := range transcripts {
		for n, u := range tr.turns {
			for i := range min(len(u.data), 80) {
				for _, end := range []string{"\n", "\r\n", " \n"} {
					short := turn{server: u.server, data: u.data[:i] + end}
					play(t, append(slices.Clone(tr.turns[:n]), short), whole)
				}
			}
		}
	}
}

func FuzzTDS(f *testing.F) {
	seed(f, []turn{c(tdsMessage(0x12, prelogin) + tdsPackets(0x12, clientHello, 9)), s(tdsMessage(0x04, prelogin) + tdsMessage(0x12, serverHello) + alertRecord)})
	fuzz(f)
}

func FuzzOpenVPN(f *testing.F) {
	for _, hmac := range []int{0, 20} {
		seed(f, []turn{
			c(ovpnPacket(hmac, 0x38, 0, 0, "") + ovpnPacket(hmac, 0x20, 1, 1, clientHello)),
			s(ovpnPacket(hmac, 0x40, 1, 0, "") + ovpnPacket(hmac, 0x20, 1, 1, serverHello) + "\x00\x05\x30abcd"),
		})
	}
	fuzz(f)
}
