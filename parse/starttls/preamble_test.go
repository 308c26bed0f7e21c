package starttls

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"unsafe"
)

// cuttings are the ways in which each transcript is cut.
var cuttings = map[string]func([]byte) [][]byte{
	"whole": whole, "bytewise": bytewise, "in threes": in(3), "in sevens": in(7),
}

func TestTLSIsFound(t *testing.T) {
	for _, tr := range transcripts {
		for name, cut := range cuttings {
			t.Run(tr.name+"/"+name, func(t *testing.T) {
				got := play(t, tr.turns, cut)
				got.mustFind(tlsAt(tr.turns))
				got.mustBe(tr.proto, tr.host, tr.port)
			})
		}
	}
}

func (c *caller) mustFind(at [2]int) {
	c.t.Helper()
	for i, want := range at {
		if want >= 0 && (c.status[i] != TLS || c.at[i] != want) {
			c.t.Errorf("direction %d: status %d at byte %d, want TLS at byte %d", i, c.status[i], c.at[i], want)
		}
		if want < 0 && c.status[i] == TLS {
			c.t.Errorf("direction %d: TLS at byte %d, want none", i, c.at[i])
		}
	}
}

func (c *caller) mustBe(proto, host string, port uint16) {
	c.t.Helper()
	if got := c.p.Protocol(); got != proto {
		c.t.Errorf("Protocol() = %q, want %q", got, proto)
	}
	gotHost, gotPort, ok := c.p.Target()
	if gotHost != host || gotPort != port || ok != (host != "") {
		c.t.Errorf("Target() = %q, %d, %t, want %q, %d", gotHost, gotPort, ok, host, port)
	}
}

func TestClientAlone(t *testing.T) {
	for _, tr := range transcripts {
		t.Run(tr.name, func(t *testing.T) {
			turns := only(false, tr.turns)
			got := play(t, turns, whole)
			if tr.client == "-" {
				got.mustFind([2]int{-1, -1})
				return
			}
			got.mustFind(tlsAt(turns))
			want := tr.proto
			if tr.client != "" {
				want = tr.client
			}
			got.mustBe(want, tr.host, tr.port)
		})
	}
}

func TestServerAlone(t *testing.T) {
	for _, tr := range transcripts {
		t.Run(tr.name, func(t *testing.T) {
			turns := only(true, tr.turns)
			want := tlsAt(turns)
			if tr.server == "-" {
				want[1] = -1
			}
			play(t, turns, whole).mustFind(want)
		})
	}
}

// TestServerFirst swaps the sides, as when the capture began later and the server's bytes
// were captured first.
func TestServerFirst(t *testing.T) {
	for _, tr := range transcripts {
		if !tr.turns[0].server {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			var turns []turn
			for _, u := range tr.turns {
				turns = append(turns, turn{server: !u.server, data: u.data, tls: u.tls})
			}
			got := play(t, turns, whole)
			got.mustFind(tlsAt(turns))
			known := tr.proto != "xmpp" && tr.proto != "telnet" // both sides of these may begin alike
			if got.p.Swapped() != known || got.p.Protocol() != tr.proto {
				t.Errorf("Swapped() = %t, Protocol() = %q", got.p.Swapped(), got.p.Protocol())
			}
		})
	}
}

// TestEveryCut cuts each turn in two at every byte.
func TestEveryCut(t *testing.T) {
	for _, tr := range transcripts {
		want := tlsAt(tr.turns)
		for i := range tr.turns {
			for at := 1; at < len(tr.turns[i].data); at++ {
				turns := append([]turn(nil), tr.turns[:i]...)
				u := tr.turns[i]
				head, tail := u, u
				head.data, tail.data, tail.tls = u.data[:at], u.data[at:], false
				turns = append(append(turns, head, tail), tr.turns[i+1:]...)
				got := play(t, turns, whole)
				got.mustFind(want)
				got.mustBe(tr.proto, tr.host, tr.port)
				if t.Failed() {
					t.Fatalf("%s: turn %d cut at byte %d", tr.name, i, at)
				}
			}
		}
	}
}

// TestAnyCut cuts at random, and joins what one side sends in a row.
func TestAnyCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		for _, tr := range transcripts {
			cut := func(data []byte) (out [][]byte) {
				for len(data) > 0 {
					n := 1 + random.IntN(len(data))
					out, data = append(out, data[:n]), data[n:]
				}
				return out
			}
			got := play(t, tr.turns, cut)
			got.mustFind(tlsAt(tr.turns))
			got.mustBe(tr.proto, tr.host, tr.port)
			if t.Failed() {
				t.Fatal(tr.name)
			}
		}
	}
}

// TestSOCKS5Reversed begins with the server's choice of a method.
func TestSOCKS5Reversed(t *testing.T) {
	turns := []turn{c("\x05\x00"), s("\x05\x01\x00\x03\x01a\x01\xbb"), c("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
		sTLS(clientHello), cTLS(serverHello)}
	got := play(t, turns, whole)
	got.mustFind(tlsAt(turns))
	got.mustBe("socks5", "a", 443)
}

func TestProxiedAddresses(t *testing.T) {
	pair := func(a, b string) [2]netip.AddrPort {
		return [2]netip.AddrPort{netip.MustParseAddrPort(a), netip.MustParseAddrPort(b)}
	}
	for _, tc := range []struct {
		name, header string
		want         [2]netip.AddrPort
		ok           bool
	}{
		{"version 1, IPv4", "PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n", pair("10.0.0.1:40000", "10.0.0.2:443"), true},
		{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", pair("[2001:db8::1]:1", "[2001:db8::2]:65535"), true},
		{"version 1, unknown", "PROXY UNKNOWN ff:: ff:: 1 2\r\n", [2]netip.AddrPort{}, false},
		{"version 1, nonsense", "PROXY TCP4 10.0.0.1 10.0.0.2 40000 70000\r\n", [2]netip.AddrPort{}, false},
		{"version 2, IPv4", proxyV2, pair("10.0.0.1:40000", "10.0.0.2:443"), true},
		{"version 2, local", strings.Replace(proxyV2, "\x21\x11", "\x20\x11", 1), [2]netip.AddrPort{}, false},
		{"version 2, UDP", strings.Replace(proxyV2, "\x21\x11", "\x21\x12", 1), [2]netip.AddrPort{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := play(t, []turn{c(tc.header), cTLS(clientHello)}, bytewise)
			got.mustFind([2]int{len(tc.header), -1})
			a, b, ok := got.p.Proxied()
			if [2]netip.AddrPort{a, b} != tc.want || ok != tc.ok {
				t.Errorf("Proxied() = %v, %v, %t", a, b, ok)
			}
		})
	}
}

func TestTLSFromTheFirstByteHasNoProtocol(t *testing.T) {
	got := play(t, []turn{cTLS(clientHello), sTLS(serverHello)}, bytewise)
	got.mustFind([2]int{0, 0})
	got.mustBe("", "", 0)
}

// TestTLSToAServerThatSpeaksHTTP: an answer in clear does not name a preamble.
func TestTLSToAServerThatSpeaksHTTP(t *testing.T) {
	got := play(t, []turn{cTLS(clientHello), s("HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n")}, whole)
	got.mustFind([2]int{0, -1})
	got.mustBe("", "", 0)
}

func TestSizeOfState(t *testing.T) {
	const most = 144 // every session whose connection does not begin with TLS has one
	if size := unsafe.Sizeof(Preamble{}); size > most {
		t.Errorf("a Preamble has %d bytes, want at most %d", size, most)
	}
}

func TestRecognised(t *testing.T) {
	for name, tc := range map[string]struct {
		data string
		want bool
	}{
		"nothing yet":          {"", false},
		"half a line":          {"EHLO cli", false},
		"a line of SMTP":       {"EHLO client\r\n", true},
		"a reply":              {"250-mx\r\n", true},
		"a search":             {berSearch, true},
		"a request of a proxy": {"CONNECT a:443 HTTP/1.1\r\n", true},
		"a PROXY header":       {proxyV2, true},
		"HTTP":                 {"GET / HTTP/1.1\r\n", false},
		"a line of nobody":     {"Subject: x\r\n", false},
		"binary":               {"\xde\xad\xbe\xef\xde\xad", false},
		"a hello":              {clientHello, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := play(t, []turn{c(tc.data)}, whole).p.Recognised(); got != tc.want {
				t.Errorf("Recognised() = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestCopiesAreIndependent(t *testing.T) {
	got := play(t, []turn{c("CONNECT a:443 HTTP/1.1\r\n\r\n")}, whole)
	trial := got.p
	trial.Push(false, []byte("CONNECT b:444 HTTP/1.1\r\n\r\n"))
	if host, port, _ := got.p.Target(); host != "a" || port != 443 {
		t.Errorf("the copy's target %s:%d came through", host, port)
	}
	if host, _, _ := trial.Target(); host != "b" {
		t.Errorf("the copy's target is %s", host)
	}
}
