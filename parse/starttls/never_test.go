package starttls

import (
	"strings"
	"testing"
)

// TestRefusedUpgrades: after a refusal the dialogue is in clear, and the hellos at its end,
// an attacker's, do not count.
func TestRefusedUpgrades(t *testing.T) {
	for name, turns := range map[string][]turn{
		"smtp": {s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("454 not now\r\n"),
			c("MAIL FROM:<a>\r\n")},
		"imap":                    {s("* OK\r\n"), c("a STARTTLS\r\n"), s("a BAD no\r\n"), c("b LOGIN x y\r\n")},
		"pop3":                    {s("+OK\r\n"), c("STLS\r\n"), s("-ERR no\r\n"), c("USER x\r\n")},
		"nntp":                    {s("200 news\r\n"), c("STARTTLS\r\n"), s("580 no\r\n"), c("MODE READER\r\n")},
		"ftp":                     {s("220 ftp\r\n"), c("AUTH TLS\r\n"), s("534 no\r\n"), c("USER x\r\n")},
		"sieve":                   {s("\"SIEVE\" \"x\"\r\nOK\r\n"), c("STARTTLS\r\n"), s("NO\r\n"), c("CAPABILITY\r\n")},
		"irc":                     {c("CAP LS\r\nSTARTTLS\r\n"), s(":irc 691 * :no\r\n"), c("NICK x\r\n")},
		"old irc":                 {c("CAP LS\r\nSTARTTLS\r\n"), s(":irc 421 * STARTTLS :Unknown command\r\n"), c("NICK x\r\n")},
		"ldap":                    {c(ber31), s(berRefused), c(berSearch)},
		"postgres":                {c(pgSSL), s("N")},
		"postgres, to GSSAPI":     {c(pgGSS), s("G")},
		"mysql, login in clear":   {s(myGreeting), c(mysqlPacket(1, "\x85\xa6\xff\x19\x00\x00\x00\x01\xff"+zeros23+"root\x00\x00"))},
		"mysql, no CLIENT_SSL":    {s(myGreeting), c(mysqlPacket(1, "\x85\xa6\xff\x19\x00\x00\x00\x01\xff"+zeros23))},
		"rdp":                     {c(rdpRequest), s(rdpFailure)},
		"rdp, its own encryption": {c(tpkt("\xe0\x00\x00\x00\x00\x00")), s(tpkt("\xd0\x00\x00\x12\x34\x00"))},
		"xmpp":                    {c(xmlHead + xmlStream), s(xmlHead + xmlStream), c("<starttls/>"), s("<failure/>")},
		"socks4":                  {c("\x04\x01\x01\xbb\x34\x5e\x01\x02\x00"), s("\x00\x5b\x00\x00\x00\x00\x00\x00")},
		"socks5":                  {c("\x05\x01\x00"), s("\x05\xff")},
		"socks5, udp":             {c("\x05\x01\x00"), s("\x05\x00"), c("\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00")},
		"http":                    {c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), c("GET / HTTP/1.1\r\n")},
	} {
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				got := play(t, append(turns, s(serverHello), c(clientHello)), cut)
				got.mustFind([2]int{-1, -1})
				got.mustBe("", gotHost(got), gotPort(got))
			})
		}
	}
}

func gotHost(c *caller) string { host, _, _ := c.p.Target(); return host }
func gotPort(c *caller) uint16 { _, port, _ := c.p.Target(); return port }

// TestFakedHellos: an attacker's content has the bytes of a hello at the beginning of a
// line.
func TestFakedHellos(t *testing.T) {
	fake := "\r\n" + clientHello + "\r\n" + serverHello + "\r\n"
	for name, turns := range map[string][]turn{
		"in a mail": {s("220 mx\r\n"), c("EHLO x\r\n"), s("250 mx\r\n"), c("MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"),
			s("250\r\n250\r\n354 go\r\n"), c("Subject: x\r\nSTARTTLS\r\n" + fake)},
		"in a mail, the client's bytes alone":   {c("EHLO x\r\nMAIL FROM:<a>\r\nDATA\r\nSTARTTLS" + fake)},
		"in a mail by chunks":                   {c("EHLO x\r\nMAIL FROM:<a>\r\nBDAT 400\r\nSTARTTLS" + fake)},
		"in a mail that is fetched with POP3":   {s("+OK\r\n"), c("USER x\r\nPASS y\r\nRETR 1\r\n"), s("+OK\r\n+OK\r\n+OK 400 octets\r\nReceived: x\r\n+OK Begin TLS" + fake)},
		"in POP3, the server's bytes alone":     {s("+OK\r\n+OK\r\n+OK\r\n+OK 400 octets\r\nReceived: from x\r\n+OK Begin TLS" + fake)},
		"in a mail that is fetched with IMAP":   {s("* OK\r\n"), c("a LOGIN x y\r\nb SELECT INBOX\r\n"), s("a OK\r\n* 1 EXISTS\r\n* 1 FETCH (BODY {400}\r\nb OK" + fake)},
		"in IMAP, the server's bytes alone":     {s("* OK\r\na OK\r\n* 1 EXISTS\r\n* 1 FETCH (BODY {400}\r\nb OK" + fake)},
		"in an IMAP literal":                    {s("* OK\r\n"), c("a LOGIN {4000}\r\nb STARTTLS" + fake)},
		"in a news article":                     {s("200 news\r\n220 1 <x> article\r\n382 go" + fake)},
		"in a POST":                             {c("POST / HTTP/1.1\r\n\r\nSTARTTLS" + fake)},
		"in a download, the server's alone":     {s("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + serverHello)},
		"in a chunked download":                 {s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + serverHello)},
		"in a proxy's page":                     {c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 403 No\r\nContent-Length: 400\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + serverHello)},
		"in an XMPP message":                    {c(xmlHead + xmlStream + "<message>"), c(clientHello)},
		"in an LDAP entry":                      {c(berSearch), s("\x30\x7f\x02\x01\x01\x64\x7a" + berOK + serverHello)},
		"behind a second proxy":                 {c("\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50CONNECT a:443 HTTP/1.1\r\n\r\n" + clientHello)},
		"between an XMPP tag and the next":      {c(xmlHead + xmlStream + "<starttls/>text"), c(clientHello)},
		"at the start of a line, not asked for": {s("220 mx\r\n"), c("EHLO x\r\n"), c(clientHello)},
	} {
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				play(t, turns, cut).mustFind([2]int{-1, -1})
			})
		}
	}
}

// TestEndless: dialogues without end reach a bound, with no more pushes than bytes.
func TestEndless(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	const longest = 6 << 20
	for name, tc := range map[string]struct {
		server bool
		start  string
		more   string
	}{
		"banner":                 {true, "220-mx\r\n", "220-more\r\n"},
		"banner line":            {true, "220-", "more"},
		"free text in ftp":       {true, "220-ftp\r\n", "x\r\n"},
		"first line":             {false, "EHLO ", "x"},
		"commands":               {false, "EHLO x\r\n", "NOOP\r\n"},
		"CAPA list":              {true, "+OK\r\n", "STLS\r\n"},
		"literals":               {false, "a LOGIN {9}\r\n", "123456789 {9}\r\n"},
		"ldap searches":          {false, berSearch, berSearch},
		"xmpp tag":               {false, xmlHead + "<stream:stream ", "a='>' "},
		"xmpp features":          {true, xmlHead + xmlStream + "<stream:features>", "<x/>"},
		"xmpp white space":       {false, xmlHead + xmlStream, " "},
		"header fields":          {false, "CONNECT a:443 HTTP/1.1\r\n", "X: y\r\n"},
		"header field":           {false, "CONNECT a:443 HTTP/1.1\r\nX: ", "y"},
		"refusals":               {true, "", "HTTP/1.1 407 No\r\nContent-Length: 65535\r\n\r\n"},
		"requests":               {false, "", "CONNECT a:443 HTTP/1.1\r\n\r\n"},
		"chunks":                 {true, "HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		"requests and bodies":    {false, "", "POST / HTTP/1.1\r\nContent-Length: 65535\r\n\r\n"},
		"a body":                 {true, "HTTP/1.1 407 No\r\nContent-Length: 50000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" + serverHello},
		"interim answers":        {true, "", "HTTP/1.1 100 Continue\r\n\r\n"},
		"request line":           {false, "GET /", "x"},
		"empty lines":            {false, "GET / HTTP/1.1\r\n\r\n", "\r\n"},
		"unknown lines":          {true, "CUSTOM\n", "more\n"},
		"unknown bytes":          {false, "\xde\xad\xbe\xef\xde", "\xad"},
		"beginnings of hellos":   {true, "CUSTOM\n", "\x16\x03\x01\x00\x30\x02\x00\x00\x2c\x03\x01"},
		"telnet text":            {true, "\xff\xfd\x01", "login: "},
		"telnet commands":        {true, "\xff\xfd\x01", "\xff\xfd\x01"},
		"NBD options":            {false, "\x00\x00\x00\x01", "IHAVEOPT\x00\x00\x00\x03\x00\x00\x00\x00"},
		"X Protocol notices":     {true, "", "\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"},
		"socks5 tokens":          {false, "\x05\x01\x01", "\x01\x01\x00\x01x"},
		"socks4 user":            {false, "\x04\x01\x01\xbb\x34\x5e\x01\x02", "x"},
		"GSSAPI requests":        {false, pgGSS, pgGSS},
		"TDS PRELOGIN":           {false, "\x12\x00\x00\x09\x00\x00\x00\x00\x00", "\x12\x00\x00\x09\x00\x00\x00\x00\x00"},
		"TDS handshake":          {false, tdsMessage(0x12, "\x00") + tdsMessage(0x12, clientHello), tdsMessage(0x12, "x")},
		"OpenVPN acks":           {false, ovpnPacket(0, 0x38, 0, 0, ""), "\x00\x16\x28" + strings.Repeat("a", 21)},
		"proxy-protocol headers": {false, "", proxyV2},
	} {
		t.Run(name, func(t *testing.T) {
			got := &caller{t: t}
			got.feed(tc.server, []byte(tc.start))
			sent := len(tc.start)
			for ; got.status[0] != Foreign && got.status[1] != Foreign && sent < longest; sent++ {
				got.feed(tc.server, []byte{tc.more[(sent-len(tc.start))%len(tc.more)]})
			}
			if sent >= longest || got.status[0] == TLS || got.status[1] == TLS {
				t.Fatalf("after %d bytes: statuses %d", sent, got.status)
			}
			if got.pushes > sent+sent/50+2 {
				t.Errorf("%d pushes for %d bytes", got.pushes, sent)
			}
			for i := range got.buf {
				if held := len(got.buf[i]); held > maxHeld {
					t.Errorf("%d bytes were held back", held)
				}
			}
		})
	}
}

// TestNotForUs pushes the first bytes of protocols that do not upgrade.
func TestNotForUs(t *testing.T) {
	for name, tc := range map[string]struct {
		server bool
		data   string
	}{
		"http to another":  {false, "OPTIONS sip:a@example.com SIP/2.0\r\n"},
		"gRPC":             {false, "POST /x HTTP/2.0\r\n\r\n"},
		"ssh":              {true, "SSH-2.0-OpenSSH_9.6\r\n"},
		"http/2":           {false, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"redis":            {false, "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$200\r\n"},
		"dce/rpc":          {false, "\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00"},
		"s7 over tpkt":     {false, "\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02"},
		"plain postgresql": {false, "\x00\x00\x00\x23\x00\x03\x00\x00user\x00postgres\x00"},
		"tls-crypt":        {false, "\x00\x36\x38" + strings.Repeat("\xa5", 53)},
	} {
		t.Run(name, func(t *testing.T) {
			got := play(t, []turn{{server: tc.server, data: tc.data}}, whole)
			if r := got.p.Push(tc.server, []byte("x")); r.Status != Foreign {
				t.Errorf("status %d, want Foreign", r.Status)
			}
			if r := got.p.Push(!tc.server, []byte("x")); r.Status != Foreign {
				t.Errorf("the other direction has status %d, want Foreign", r.Status)
			}
		})
	}
}
