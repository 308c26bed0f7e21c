package parse

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestRealServerHellos(t *testing.T) {
	for _, test := range []struct {
		file     string
		selected Version
		cipher   uint16
		alpn     string
		sentinel Version
		hrr      bool
	}{
		{"server-tls1", TLSv1, 0xc014, "", 0, false},
		{"server-tls11", TLSv11, 0xc014, "", 0, false},
		{"server-tls12", TLSv12, 0xc030, "h2", 0, false},
		{"server-tls13", TLSv13, 0x1302, "", 0, false},
		{"server-sentinel", TLSv12, 0xc030, "", TLSv12, false},
		{"server-hrr", TLSv13, 0x1302, "", 0, true},
	} {
		t.Run(test.file, func(t *testing.T) {
			var h ServerHello
			if err := h.Parse(recordedHello(t, test.file)); err != nil {
				t.Fatal(err)
			}
			if h.SelectedVersion != test.selected || h.CipherSuite != test.cipher || string(h.ALPN) != test.alpn {
				t.Errorf("%v %04x %q", h.SelectedVersion, h.CipherSuite, h.ALPN)
			}
			if h.DowngradeSentinel != test.sentinel || h.HelloRetryRequest != test.hrr || h.Oddities != 0 {
				t.Errorf("sentinel %v, HelloRetryRequest %v, oddities %v", h.DowngradeSentinel, h.HelloRetryRequest, h.Oddities.AppendNames(nil))
			}
		})
	}
}

// TestHelloRetryRequestThenServerHello reads all that a server sent: after the
// HelloRetryRequest comes a ChangeCipherSpec, then the true ServerHello.
func TestHelloRetryRequestThenServerHello(t *testing.T) {
	data := recorded(t, "server-hrr")
	var m Messages
	var retries []bool
	var s RecordStream
	for len(data) > 0 {
		p, ok, err := nextPart(&s, &data)
		if err != nil || !ok {
			t.Fatal(err)
		}
		if p.Type != Handshake {
			continue
		}
		for {
			msg, ok := nextMessage(&m, &p.Fragment)
			if !ok {
				break
			}
			var h ServerHello
			if err := h.Parse(msg.Body); err != nil || msg.Type != TypeServerHello {
				t.Fatal(msg.Type, err)
			}
			retries = append(retries, h.HelloRetryRequest)
		}
	}
	if !slices.Equal(retries, []bool{true, false}) {
		t.Errorf("%v", retries)
	}
}

func TestServerHelloOddities(t *testing.T) {
	plain := serverHello()
	for _, test := range []struct {
		name     string
		body     []byte
		odd      string
		selected Version
	}{
		{"none", serverHello(ext(extSupportedVersions, u16(0x0304))), "", TLSv13},
		{"no extensions block", plain[:len(plain)-2], "", TLSv12},
		{"trailing bytes", append(serverHello(), 0), "trailing_bytes", TLSv12},
		{"version twice", serverHello(ext(extSupportedVersions, u16(0x0304)), ext(extSupportedVersions, u16(0x0301))), "duplicate_extension", TLSv13},
		{"version too long", serverHello(ext(extSupportedVersions, u16(0x0304, 0))), "malformed_extension", TLSv12},
		{"version empty", serverHello(ext(extSupportedVersions)), "malformed_extension", TLSv12},
		{"two protocols", serverHello(ext(ExtALPN, vec16(vec8([]byte("h2")), vec8([]byte("x"))))), "malformed_extension", TLSv12},
		{"long session id", cat(u16(0x0303), fill(32), vec8(fill(40)), u16(5), []byte{0}), "long_session_id", TLSv12},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ServerHello
			if err := h.Parse(test.body); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.Oddities.AppendNames(nil), " "); got != test.odd || h.SelectedVersion != test.selected {
				t.Errorf("%q, %v; want %q, %v", got, h.SelectedVersion, test.odd, test.selected)
			}
		})
	}
}

func TestServerHelloFlags(t *testing.T) {
	var h ServerHello
	body := serverHello(ext(ExtPreSharedKey, u16(0)), ext(extSessionTicket), ext(ExtALPN, vec16(vec8([]byte("h2")))))
	if err := h.Parse(body); err != nil || !h.PreSharedKey || !h.SessionTicket || string(h.ALPN) != "h2" {
		t.Errorf("%v, %+v", err, h)
	}
	if err := h.Parse(serverHello()); err != nil || h.PreSharedKey || h.SessionTicket || h.ALPN != nil {
		t.Errorf("left over: %v, %+v", err, h)
	}
}

func TestDowngradeSentinel(t *testing.T) {
	for random, want := range map[string]Version{
		"DOWNGRD\x01": TLSv12,
		"DOWNGRD\x00": TLSv11,
		"DOWNGRD\x02": 0,
		"downgrd\x01": 0,
	} {
		body := cat(u16(0x0303), fill(24), []byte(random), vec8(), u16(5), []byte{0})
		var h ServerHello
		if err := h.Parse(body); err != nil || h.DowngradeSentinel != want {
			t.Errorf("%q: %v, %v", random, h.DowngradeSentinel, err)
		}
	}
}

// TestDraftServerHello has the layouts of the drafts of TLS 1.3.
func TestDraftServerHello(t *testing.T) {
	keyShare := ext(extKeyShare, fill(36))
	for _, test := range []struct {
		name     string
		body     []byte
		selected Version
		session  int
		draft    bool
	}{
		{"draft 19", cat(u16(0x7f13), fill(32), u16(0x1302), vec16(keyShare)), 0x7f13, 0, true},
		{"draft 18 without extensions", cat(u16(0x7f12), fill(32), u16(0x1302), vec16()), 0x7f12, 0, true},
		{"draft 14 with the final number", cat(u16(0x0304), fill(32), u16(0x1302), vec16(keyShare)), TLSv13, 0, true},
		{"draft 23", cat(u16(0x0303), fill(32), vec8(fill(32)), u16(0x1302), []byte{0}, vec16(ext(extSupportedVersions, u16(0x7f17)), keyShare)), 0x7f17, 32, false},
		{"the final number in the final layout", cat(u16(0x0304), fill(32), vec8(fill(32)), u16(0x1302), []byte{0}, vec16(keyShare)), TLSv13, 32, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ServerHello
			if err := h.Parse(test.body); err != nil {
				t.Fatal(err)
			}
			if h.SelectedVersion != test.selected || h.CipherSuite != 0x1302 || len(h.SessionID) != test.session || h.Oddities != 0 {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestDraftHelloRetryRequest(t *testing.T) {
	extensions := vec16(ext(extKeyShare, u16(29)))
	for _, test := range []struct {
		name   string
		body   []byte
		cipher uint16
	}{
		{"drafts 16 to 18", cat(u16(0x7f12), extensions), 0},
		{"drafts 19 to 21", cat(u16(0x7f13, 0x1301), extensions), 0x1301},
		{"before draft 16", cat(u16(0x7f0e, 0x1301, 29), extensions), 0x1301},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ServerHello
			if err := h.ParseHelloRetryRequest(test.body); err != nil {
				t.Fatal(err)
			}
			if !h.HelloRetryRequest || h.CipherSuite != test.cipher || h.SelectedVersion != Version(be16(test.body)) ||
				!slices.Equal(types(h.Extensions), []ExtensionType{extKeyShare}) {
				t.Errorf("%+v", h)
			}
		})
	}
	var h ServerHello
	for _, body := range [][]byte{nil, {3}, u16(0x7f12), u16(0x7f12, 9, 9, 9, 9)} {
		if err := h.ParseHelloRetryRequest(body); err == nil {
			t.Errorf("%x: no error", body)
		}
	}
}

func TestServerHelloFraming(t *testing.T) {
	for _, test := range []struct {
		name string
		body []byte
		want ParseError
	}{
		{"nothing", nil, ParseError{"legacy_version", 0}},
		{"random cut", cat(u16(0x0303), fill(31)), ParseError{"random", 2}},
		{"session id cut", cat(u16(0x0303), fill(32), []byte{32}, fill(31)), ParseError{"legacy_session_id_echo", 34}},
		{"cipher cut", cat(u16(0x0303), fill(32), vec8(), []byte{0}), ParseError{"cipher_suite", 35}},
		{"compression cut", cat(u16(0x0303), fill(32), vec8(), u16(5)), ParseError{"legacy_compression_method", 37}},
		{"extensions cut", cat(u16(0x0303), fill(32), vec8(), u16(5), []byte{0}, u16(9)), ParseError{"extensions", 38}},
		{"extension cut", cat(u16(0x0303), fill(32), vec8(), u16(5), []byte{0}, vec16(ext(5), fill(2))), ParseError{"extension", 44}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ServerHello
			var got *ParseError
			if err := h.Parse(test.body); !errors.As(err, &got) || *got != test.want {
				t.Errorf("%v, want %v", err, &test.want)
			}
		})
	}
}

func FuzzServerHello(f *testing.F) {
	for _, file := range []string{"server-tls1", "server-tls12", "server-tls13", "server-hrr"} {
		f.Add(recordedHello(f, file))
	}
	f.Add(cat(u16(0x7f13), fill(32), u16(0x1302), vec16(ext(extKeyShare, fill(36)))))
	f.Add(cat(u16(0x7f0e, 0x1301, 29), vec16(ext(extKeyShare, u16(29)))))
	f.Fuzz(func(t *testing.T, body []byte) {
		var h ServerHello
		again := ServerHello{SessionTicket: true, ALPN: []byte("left over"), DowngradeSentinel: TLSv12}
		err := h.Parse(body)
		if e := again.Parse(body); (e == nil) != (err == nil) || again.SessionTicket != h.SessionTicket || !bytes.Equal(again.ALPN, h.ALPN) {
			t.Errorf("depends on what was there before: %+v, %+v", h, again)
		}
		types(h.Extensions)
		if h.ParseHelloRetryRequest(body) == nil && len(body) > 10+len(h.Extensions) {
			t.Errorf("extensions of %d bytes fill a body of %d", len(h.Extensions), len(body))
		}
	})
}
