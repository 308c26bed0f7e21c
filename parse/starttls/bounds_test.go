package starttls

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestBoundsAreOfBytes: the bounds count bytes, not messages.
func TestBoundsAreOfBytes(t *testing.T) {
	const granted = "HTTP/1.1 200 OK\r\n\r\n"
	chunks := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", 20_000) + "0\r\n\r\n"
	for name, turns := range map[string][]turn{
		"1,000 commands of SMTP": {s("220 mx\r\n"), c("EHLO x\r\n" + strings.Repeat("NOOP\r\n", 1000) + "STARTTLS\r\n"),
			s(strings.Repeat("250 OK\r\n", 1001) + "220 go\r\n")},
		"500 searches of LDAP": {c(strings.Repeat(berSearch, 500) + ber31), s(berOK)},
		"400 requests to a proxy": {c(strings.Repeat("GET http://a.example/ HTTP/1.1\r\n\r\n", 20)), s(strings.Repeat("HTTP/1.1 204 No\r\n\r\n", 20)),
			c(strings.Repeat("GET http://a.example/ HTTP/1.1\r\n\r\n", 20)), s(strings.Repeat("HTTP/1.1 204 No\r\n\r\n", 20))},
		"20,000 chunks from a proxy": {c("GET http://a.example/ HTTP/1.1\r\n\r\n"), s(chunks)},
		"300 refusals of a proxy":    nil,
	} {
		switch {
		case strings.HasSuffix(name, "to a proxy"):
			turns = slices.Repeat(turns, 10)
		case turns == nil:
			turns = slices.Repeat([]turn{c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")}, 300)
		}
		if strings.HasSuffix(name, "a proxy") {
			turns = append(turns, c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s(granted))
		}
		turns = append(turns, cTLS(clientHello), sTLS(serverHello))
		t.Run(name, func(t *testing.T) {
			got := play(t, turns, in(1460))
			got.mustFind(tlsAt(turns))
			if got.p.GaveUp() {
				t.Error("gave up")
			}
		})
	}
}

// TestGaveUp: GaveUp is true when a bound was reached where TLS could still have come. It
// is false when the protocol rules out TLS, and for unknown protocols.
func TestGaveUp(t *testing.T) {
	for name, tc := range map[string]struct {
		turns []turn
		want  bool
	}{
		"commands of SMTP":         {[]turn{s("220 mx\r\n"), c("EHLO x\r\n" + strings.Repeat("NOOP\r\n", 6000))}, true},
		"a greeting that goes on":  {[]turn{s("220-mx\r\n" + strings.Repeat("220-more of it\r\n", 3000))}, true},
		"a mail":                   {[]turn{s("220 mx\r\n"), c("EHLO x\r\nMAIL FROM:<a>\r\nDATA\r\n" + strings.Repeat("text\r\n", 9000))}, false},
		"searches of LDAP":         {[]turn{c(strings.Repeat(berSearch, 3000))}, true},
		"an XMPP tag":              {[]turn{c(xmlHead + "<stream:stream a='" + strings.Repeat("x", 2048) + "'>")}, true},
		"an XMPP stanza":           {[]turn{c(xmlHead + xmlStream + "<iq>" + strings.Repeat("x", 40<<10))}, false},
		"requests to a proxy":      {[]turn{c(strings.Repeat("GET http://a.example/ HTTP/1.1\r\n\r\n", 33))}, true}, // none is answered
		"17 MB from a proxy":       {[]turn{c("GET http://a.example/ HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n")}, true},
		"a chunk of 17 MB":         {[]turn{c("GET http://a.example/ HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1036640\r\n")}, true},
		"no length from a proxy":   {[]turn{c("GET http://a.example/ HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\n")}, false}, // the body is the last
		"17 MB from a server":      {[]turn{c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n")}, false},
		"requests to a server":     {[]turn{c(strings.Repeat("GET / HTTP/1.1\r\n\r\n", 33))}, false},
		"SSH":                      {[]turn{s("SSH-2.0-OpenSSH_9.6\r\n"), c("SSH-2.0-OpenSSH_9.6\r\n" + strings.Repeat("\x00\x00\x05\xdc", 20_000))}, false},
		"nothing known":            {[]turn{c(strings.Repeat("\xde\xad\xbe\xef", 20_000))}, false},
		"nothing known, for TLS":   {[]turn{cTLS(clientHello), s(strings.Repeat("\xde\xad\xbe\xef", 20_000))}, true},
		"TDS around no handshake":  {[]turn{c(tdsMessage(0x12, "\x00") + tdsMessage(0x12, clientHello) + strings.Repeat(tdsMessage(0x12, strings.Repeat("x", 4000)), 70))}, true},
		"TLS at once":              {[]turn{cTLS(clientHello), sTLS(serverHello)}, false},
		"a proxy that is not used": {[]turn{c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")}, false},
	} {
		for _, size := range []int{1 << 16, 1460, 7} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				if got := play(t, tc.turns, in(size)).p.GaveUp(); got != tc.want {
					t.Errorf("%v, want %v", got, tc.want)
				}
			})
		}
	}
}
