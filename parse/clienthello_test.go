package parse

import (
	"bytes"
	"crypto/tls"
	"errors"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// alpn is the list as strings.
func alpn(list Protocols) (names []string) {
	for {
		name, ok := list.Next()
		if !ok {
			return names
		}
		names = append(names, string(name))
	}
}

// types are the extensions' types in order.
func types(list Extensions) (t []ExtensionType) {
	for {
		typ, _, ok := list.Next()
		if !ok {
			return t
		}
		t = append(t, typ)
	}
}

func TestRealClientHellos(t *testing.T) {
	const name = "dynamodb.us-west-2.amazonaws.com"
	modern := []Version{TLSv13, TLSv12}
	four := []Version{TLSv13, TLSv12, TLSv11, TLSv1}
	web := []string{"h2", "http/1.1"}
	for _, test := range []struct {
		file     string
		sni      string
		legacy   Version
		versions []Version
		max      Version
		alpn     []string
		fallback bool
		ems      bool
	}{
		{"openssl", name, TLSv12, four, TLSv13, nil, false, true},
		{"openssl-nosni", "", TLSv12, four, TLSv13, nil, false, true},
		{"openssl-tls1", name, TLSv1, nil, TLSv1, nil, true, true},
		{"openssl-tls11", name, TLSv11, nil, TLSv11, nil, false, true},
		{"openssl-tls12", name, TLSv12, nil, TLSv12, web, false, true},
		{"openssl-tls13", name, TLSv12, []Version{TLSv13}, TLSv13, nil, false, true},
		{"curl", name, TLSv12, four, TLSv13, web, false, true},
		{"node", name, TLSv12, modern, TLSv13, nil, false, true},
		{"python", name, TLSv12, modern, TLSv13, nil, false, true},
		{"gnutls", name, TLSv12, four, TLSv13, nil, false, true},
		{"go", name, TLSv12, modern, TLSv13, web, false, true},
		{"chrome-like", name, TLSv12, modern, TLSv13, web, false, true},
	} {
		t.Run(test.file, func(t *testing.T) {
			var h ClientHello
			if err := h.Parse(recordedHello(t, "client-"+test.file)); err != nil {
				t.Fatal(err)
			}
			if string(h.ServerName) != test.sni || h.HasServerName != (test.sni != "") {
				t.Errorf("server name %q", h.ServerName)
			}
			if h.LegacyVersion != test.legacy || h.MaxVersion() != test.max || !slices.Equal(h.AppendVersions(nil), test.versions) {
				t.Errorf("versions %v, %v, %v", h.LegacyVersion, h.AppendVersions(nil), h.MaxVersion())
			}
			if h.HasSupportedVersions != (test.versions != nil) {
				t.Errorf("has supported_versions: %v", h.HasSupportedVersions)
			}
			if got := alpn(h.ALPN); !slices.Equal(got, test.alpn) {
				t.Errorf("ALPN %q", got)
			}
			if h.FallbackSCSV() != test.fallback || h.ExtendedMasterSecret != test.ems || h.Oddities != 0 {
				t.Errorf("fallback %v, extended master secret %v, oddities %v", h.FallbackSCSV(), h.ExtendedMasterSecret, h.Oddities.AppendNames(nil))
			}
			if len(h.Random) != 32 || h.CipherSuites.Len() == 0 || !bytes.Equal(h.CompressionMethods, []byte{0}) || h.SupportedGroups.Len() == 0 {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestChromeLikeClientHello(t *testing.T) {
	var h ClientHello
	if err := h.Parse(recordedHello(t, "client-chrome-like")); err != nil {
		t.Fatal(err)
	}
	want := []ExtensionType{0x2a2a, 0, 23, 0xff01, 10, 11, 35, 16, 5, 13, 18, 51, 45, 43, 27, 0x4469, 0x5a5a, 21}
	if got := types(h.Extensions); !slices.Equal(got, want) {
		t.Errorf("extensions %v", got)
	}
	if !bytes.Equal(h.SupportedGroups, u16(0x3a3a, 29, 23, 24)) || !bytes.Equal(h.PointFormats, []byte{0}) {
		t.Errorf("groups %x, point formats %x", h.SupportedGroups, h.PointFormats)
	}
	if h.SignatureAlgorithms.Len() != 8 || h.SignatureAlgorithms.At(7) != 0x0601 {
		t.Errorf("signature algorithms %x", h.SignatureAlgorithms)
	}
	if h.SessionTicket || h.EarlyData || h.PreSharedKey || h.Cookie || h.EncryptedClientHello || len(h.SessionID) != 32 {
		t.Errorf("%+v", h)
	}
}

// TestGoClientHellos parses hellos of crypto/tls with each range of versions.
func TestGoClientHellos(t *testing.T) {
	all := []Version{TLSv1, TLSv11, TLSv12, TLSv13}
	for i, low := range all {
		for _, high := range all[i:] {
			body := goHello(t, &tls.Config{ServerName: "a.example", MinVersion: uint16(low), MaxVersion: uint16(high)})
			var h ClientHello
			if err := h.Parse(body); err != nil {
				t.Fatal(err)
			}
			if h.MaxVersion() != high || string(h.ServerName) != "a.example" {
				t.Errorf("%v to %v: max %v, server name %q", low, high, h.MaxVersion(), h.ServerName)
			}
		}
	}
}

// goHello is the body of the ClientHello that a Go client sends.
func goHello(t *testing.T, config *tls.Config) []byte {
	client, server := net.Pipe()
	defer server.Close()
	go tls.Client(client, config).Handshake()
	var s RecordStream
	var m Messages
	for {
		data := make([]byte, 4096)
		n, err := server.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		data = data[:n]
		for len(data) > 0 {
			p, _, err := nextPart(&s, &data)
			if err != nil {
				t.Fatal(err)
			}
			if msg, ok := nextMessage(&m, &p.Fragment); ok {
				return msg.Body
			}
		}
	}
}

func TestClientHelloExtensionFlags(t *testing.T) {
	for _, test := range []struct {
		name string
		ext  []byte
		flag func(*ClientHello) bool
		want bool
	}{
		{"early data", ext(ExtEarlyData), func(h *ClientHello) bool { return h.EarlyData }, true},
		{"ticket", ext(extSessionTicket, fill(100)), func(h *ClientHello) bool { return h.SessionTicket }, true},
		{"no ticket yet", ext(extSessionTicket), func(h *ClientHello) bool { return h.SessionTicket }, false},
		{"pre-shared key", ext(ExtPreSharedKey, fill(50)), func(h *ClientHello) bool { return h.PreSharedKey }, true},
		{"cookie", ext(ExtCookie, vec16(fill(8))), func(h *ClientHello) bool { return h.Cookie }, true},
		{"ECH", ext(extEncryptedClientHello, fill(99)), func(h *ClientHello) bool { return h.EncryptedClientHello }, true},
		{"ECH of a draft", ext(0xfe0a, fill(99)), func(h *ClientHello) bool { return h.EncryptedClientHello }, true},
		{"ESNI", ext(0xffce, fill(99)), func(h *ClientHello) bool { return h.EncryptedClientHello }, true},
		{"extended master secret", ext(extExtendedMasterSecret), func(h *ClientHello) bool { return h.ExtendedMasterSecret }, true},
		{"none of them", ext(0x1234), func(h *ClientHello) bool {
			return h.EarlyData || h.SessionTicket || h.PreSharedKey || h.Cookie || h.EncryptedClientHello || h.ExtendedMasterSecret || h.HasServerName
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ClientHello
			if err := h.Parse(clientHello(test.ext)); err != nil || test.flag(&h) != test.want || h.Oddities != 0 {
				t.Errorf("%v, %+v", err, h)
			}
		})
	}
}

func TestClientHelloOddities(t *testing.T) {
	plain := clientHello()
	many := make([][]byte, 0, 100)
	for i := range 100 {
		many = append(many, ext(ExtensionType(1000+i)))
	}
	for _, test := range []struct {
		name string
		body []byte
		odd  string
		sni  string
	}{
		{"none", clientHello(sni("a.example")), "", "a.example"},
		{"no extensions block", plain[:len(plain)-2], "", ""},
		{"empty extensions block", plain, "", ""},
		{"trailing bytes", append(clientHello(sni("a.example")), 0, 0), "trailing_bytes", "a.example"},
		{"extension twice", clientHello(sni("a.example"), sni("b.example")), "duplicate_extension", "a.example"},
		{"uncommon extension twice", clientHello(ext(0xff01), sni("a.example"), ext(0xff01)), "duplicate_extension", "a.example"},
		{"a hundred uncommon extensions", clientHello(append(many, sni("a.example"))...), "many_extensions", "a.example"},
		{"empty name", clientHello(sni("")), "empty_sni", ""},
		{"empty list of names", clientHello(ext(ExtServerName, vec16())), "empty_sni", ""},
		{"empty server_name", clientHello(ext(ExtServerName)), "malformed_extension empty_sni", ""},
		{"two names", clientHello(ext(ExtServerName, vec16([]byte{0}, vec16([]byte("a.example")), []byte{0}, vec16([]byte("b.example"))))),
			"several_sni", "a.example"},
		{"name of another kind first", clientHello(ext(ExtServerName, vec16([]byte{1}, vec16([]byte("x")), []byte{0}, vec16([]byte("a.example"))))),
			"several_sni", "a.example"},
		{"only a name of another kind", clientHello(ext(ExtServerName, vec16([]byte{1}, vec16([]byte("x"))))), "empty_sni", ""},
		{"list of names longer than the extension", clientHello(ext(ExtServerName, u16(99), []byte{0}, vec16([]byte("a.example")))),
			"malformed_extension", "a.example"},
		{"list of names shorter than the extension", clientHello(ext(ExtServerName, vec16([]byte{0}, vec16([]byte("a.example"))), fill(3))),
			"malformed_extension", "a.example"},
		{"name longer than its list", clientHello(ext(ExtServerName, vec16([]byte{0}, u16(99), []byte("a.example")))),
			"malformed_extension", "a.example"},
		{"name longer than its list, which is not alone in its extension", clientHello(ext(ExtServerName, u16(12), []byte{0}, u16(99), []byte("a.example"), fill(3))),
			"malformed_extension", "a.example"},
		{"list of names shorter than the name", clientHello(ext(ExtServerName, u16(3), []byte{0}, vec16([]byte("a.example")))),
			"malformed_extension", "a.example"},
		{"no name where there should be", clientHello(ext(ExtServerName, u16(9), []byte{0}, u16(6))), "malformed_extension empty_sni", ""},
		{"odd versions", clientHello(ext(extSupportedVersions, vec8(u16(0x0304), []byte{3}))), "odd_length_list", ""},
		{"odd groups", clientHello(ext(ExtSupportedGroups, vec16(fill(3)))), "odd_length_list", ""},
		{"versions with a bad length", clientHello(ext(extSupportedVersions, []byte{9, 3, 4})), "malformed_extension", ""},
		{"empty versions", clientHello(ext(extSupportedVersions)), "malformed_extension", ""},
		{"empty protocol name", clientHello(ext(ExtALPN, vec16(vec8()))), "malformed_extension", ""},
		{"protocol name too long", clientHello(ext(ExtALPN, vec16(vec8([]byte("h2")), []byte{9, 'x'}))), "malformed_extension", ""},
		{"pre_shared_key not last", clientHello(ext(ExtPreSharedKey), sni("a.example")), "pre_shared_key_not_last", "a.example"},
		{"long session id", cat(u16(0x0303), fill(32), vec8(fill(33)), vec16(u16(5)), vec8([]byte{0})), "long_session_id", ""},
		{"odd ciphers", cat(u16(0x0303), fill(32), vec8(), vec16(fill(3)), vec8([]byte{0})), "odd_length_list", ""},
		{"no ciphers", cat(u16(0x0303), fill(32), vec8(), vec16(), vec8([]byte{0})), "no_cipher_suites", ""},
		{"no compression method", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8()), "no_null_compression", ""},
		{"only deflate", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8([]byte{1})), "no_null_compression", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ClientHello
			if err := h.Parse(test.body); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.Oddities.AppendNames(nil), " "); got != test.odd {
				t.Errorf("oddities %q, want %q", got, test.odd)
			}
			if string(h.ServerName) != test.sni {
				t.Errorf("server name %q, want %q", h.ServerName, test.sni)
			}
		})
	}
}

func TestClientHelloKeepsWhatIsWellFormed(t *testing.T) {
	var h ClientHello
	h.Parse(clientHello(ext(ExtALPN, vec16(vec8([]byte("h2")), []byte{9, 'x'})), ext(extSupportedVersions, []byte{9, 3, 4, 3})))
	if got := alpn(h.ALPN); !slices.Equal(got, []string{"h2"}) {
		t.Errorf("ALPN %q", got)
	}
	if got := h.AppendVersions(nil); !slices.Equal(got, []Version{TLSv13}) {
		t.Errorf("versions %v", got)
	}
}

func TestClientHelloFraming(t *testing.T) {
	for _, test := range []struct {
		name string
		body []byte
		want ParseError
	}{
		{"nothing", nil, ParseError{"legacy_version", 0}},
		{"random cut", cat(u16(0x0303), fill(31)), ParseError{"random", 2}},
		{"session id cut", cat(u16(0x0303), fill(32), []byte{32}, fill(31)), ParseError{"legacy_session_id", 34}},
		{"ciphers cut", cat(u16(0x0303), fill(32), vec8(), u16(4, 5)), ParseError{"cipher_suites", 35}},
		{"compression cut", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5))), ParseError{"legacy_compression_methods", 39}},
		{"extensions cut", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8([]byte{0}), []byte{0}), ParseError{"extensions", 41}},
		{"extensions too long", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8([]byte{0}), u16(5), sni("a")), ParseError{"extension", 43}},
		{"extension cut", cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8([]byte{0}), vec16(ext(5), fill(3))), ParseError{"extension", 47}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ClientHello
			var got *ParseError
			if err := h.Parse(test.body); !errors.As(err, &got) || *got != test.want {
				t.Errorf("%v, want %v", err, &test.want)
			}
		})
	}
}

// TestClientHelloCutAnywhere also checks that the fields before the cut are set.
func TestClientHelloCutAnywhere(t *testing.T) {
	body := recordedHello(t, "client-curl")
	var whole ClientHello
	if err := whole.Parse(body); err != nil {
		t.Fatal(err)
	}
	for n := range body {
		var h ClientHello
		err := h.Parse(body[:n])
		if err == nil && n != bytes.Index(body, whole.Extensions)-2 {
			t.Fatalf("cut to %d of %d bytes: no error", n, len(body))
		}
		if n > 40 && h.LegacyVersion != TLSv12 {
			t.Fatalf("cut to %d bytes: version %v", n, h.LegacyVersion)
		}
	}
}

// helloWith is a ClientHello of TLS 1.2 that ends in these bytes where the cipher
// suites should begin.
func helloWith(parts ...[]byte) []byte { return cat(u16(0x0303), fill(32), vec8(), cat(parts...)) }

// TestClientHelloThatLies parses hellos whose lengths disagree: the parts that can be
// read count.
func TestClientHelloThatLies(t *testing.T) {
	const name = "dynamodb.us-west-2.amazonaws.com"
	ciphers, null, server := vec16(u16(0xc02f, 0x002f)), vec8([]byte{0}), sni(name)
	versions := ext(extSupportedVersions, vec8(u16(0x0301)))
	wrong := func(b []byte, at int, by uint16) []byte {
		b = bytes.Clone(b)
		copy(b[at:], u16(be16(b[at:])+by))
		return b
	}
	block := vec16(server, versions)
	for _, test := range []struct {
		name string
		body []byte
		sni  string
		max  Version
	}{
		{"block longer than the message", helloWith(ciphers, null, wrong(block, 0, 7)), name, TLSv1},
		{"block far longer", helloWith(ciphers, null, wrong(block, 0, 60000)), name, TLSv1},
		{"block shorter: ends in the name", helloWith(ciphers, null, wrong(block, 0, 0xffff-uint16(len(versions))-4)), name, TLSv12},
		{"last extension longer than the block", helloWith(ciphers, null, vec16(wrong(server, 2, 9))), name, TLSv12},
		{"last extension cut", helloWith(ciphers, null, vec16(versions, server[:20])), name[:11], TLSv1},
		{"name's extension shorter than the name", helloWith(ciphers, null, vec16(versions, wrong(server, 2, 0xffff-10))), name, TLSv1},
		{"name's extension longer than the name", helloWith(ciphers, null, vec16(versions, wrong(server, 2, 1))), name, TLSv1},
		{"another extension longer than the block, before the name", helloWith(ciphers, null, vec16(versions, u16(5, 9000), server)), name, TLSv1},
		{"bytes behind the extensions", helloWith(ciphers, null, vec16(versions, server, fill(3))), name, TLSv1},
		{"ciphers longer than the message", helloWith(wrong(ciphers, 0, 999), null, block), name, TLSv12},
		{"compression methods longer than the message", helloWith(ciphers, []byte{255, 0}, block), name, TLSv12},
		{"session id longer than the message", cat(u16(0x0301), fill(32), []byte{255}, ciphers, null, block), name, TLSv1},
		{"name with a NUL, not found", helloWith(wrong(ciphers, 0, 999), null, vec16(sni("a\x00b"))), "", TLSv12},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ClientHello
			err := h.Parse(test.body)
			if (err != nil) != (h.Oddities&MalformedHello != 0) || h.Oddities&(MalformedHello|malformedExtension) == 0 {
				t.Errorf("error %v, oddities %q", err, h.Oddities.AppendNames(nil))
			}
			if string(h.ServerName) != test.sni || h.MaxVersion() != test.max || !h.Plausible() {
				t.Errorf("server name %q, want %q; %v, want %v; plausible %v", h.ServerName, test.sni, h.MaxVersion(), test.max, h.Plausible())
			}
		})
	}
	var h ClientHello
	if h.Parse(fill(20)); h.Plausible() {
		t.Error("20 bytes are a plausible hello")
	}
}

func TestLongNames(t *testing.T) {
	for _, n := range []int{255, 256, 300, 60000} {
		var h ClientHello
		name := strings.Repeat("a", n-len(".amazonaws.com")) + ".amazonaws.com"
		if err := h.Parse(clientHello(sni(name))); err != nil || string(h.ServerName) != name {
			t.Errorf("%d bytes: %v, read %d", n, err, len(h.ServerName))
		}
	}
}

// TestOddLegacyVersion: with supported_versions, legacy_version does not count.
func TestOddLegacyVersion(t *testing.T) {
	for _, legacy := range []uint16{0xffff, 0x0305, 0x0400, 0x7fff, 0x7f00, 0, 0x0200} {
		var h ClientHello
		body := clientHello(ext(extSupportedVersions, vec8(u16(0x1a1a, 0x0302, 0x0301))))
		copy(body, u16(legacy))
		if err := h.Parse(body); err != nil || h.MaxVersion() != TLSv11 {
			t.Errorf("%04x: %v, %v", legacy, h.MaxVersion(), err)
		}
		var answer ServerHello
		body = serverHello(ext(extSupportedVersions, u16(0x0301)))
		copy(body, u16(legacy))
		if err := answer.Parse(body); err != nil || answer.SelectedVersion != TLSv1 {
			t.Errorf("%04x: selected %v, %v", legacy, answer.SelectedVersion, err)
		}
	}
}

func TestClientHelloErrorKeepsExtensionsBefore(t *testing.T) {
	var h ClientHello
	err := h.Parse(cat(u16(0x0303), fill(32), vec8(), vec16(u16(5)), vec8([]byte{0}), vec16(sni("a.example"), fill(3))))
	if err == nil || string(h.ServerName) != "a.example" || !bytes.Equal(h.Extensions, sni("a.example")) {
		t.Errorf("%v, %q, %x", err, h.ServerName, h.Extensions)
	}
}

func TestClientHelloOverwrites(t *testing.T) {
	var h, empty ClientHello
	h.Parse(recordedHello(t, "client-chrome-like"))
	body := clientHello()
	h.Parse(body)
	empty.Parse(body)
	if h.HasServerName || h.ServerName != nil || h.SupportedVersions != nil || h.ExtendedMasterSecret || len(h.Extensions) != 0 {
		t.Errorf("left over: %+v", h)
	}
}

func TestHellosAllocateNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bin")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() { readHello(t, data) }); n != 0 {
			t.Errorf("%s: %v allocations", file, n)
		}
	}
}

// readHello reads the first bytes of a direction, as callers do.
func readHello(t *testing.T, data []byte) {
	if LooksLikeClientHello(data) == No && LooksLikeServerHello(data) == No && LooksLikeAlert(data) == No {
		t.Fatal("no signature fits")
	}
	r, _, err := ReadRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if r.Type == AlertRecord {
		return
	}
	var m Messages
	msg, ok := nextMessage(&m, &r.Fragment)
	switch {
	case !ok:
		t.Fatal("no message")
	case msg.Type == TypeClientHello:
		var h ClientHello
		err = h.Parse(msg.Body)
	case msg.Type == TypeServerHello:
		var h ServerHello
		err = h.Parse(msg.Body)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestGREASE(t *testing.T) {
	var got []uint16
	for v := range 1 << 16 {
		if GREASE(uint16(v)) {
			got = append(got, uint16(v))
		}
	}
	want := []uint16{0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a,
		0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada, 0xeaea, 0xfafa}
	if !slices.Equal(got, want) {
		t.Errorf("%04x", got)
	}
}

func TestMaxVersion(t *testing.T) {
	for _, test := range []struct {
		name string
		ext  []byte
		want Version
	}{
		{"no extension", nil, TLSv12},
		{"highest, in any order", u16(0x0301, 0x0304, 0x0302), TLSv13},
		{"below the legacy version", u16(0x0301), TLSv1},
		{"GREASE does not count", u16(0x7a7a, 0x0302), TLSv11},
		{"only GREASE", u16(0x7a7a), TLSv12},
		{"draft of TLS 1.3", u16(0x7f17, 0x0303), TLSv13},
		{"Facebook's draft", u16(0xfb1a), TLSv13},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := clientHello()
			if test.ext != nil {
				body = clientHello(ext(extSupportedVersions, vec8(test.ext)))
			}
			var h ClientHello
			if err := h.Parse(body); err != nil || h.MaxVersion() != test.want {
				t.Errorf("%v, %v", h.MaxVersion(), err)
			}
			if h.MaxVersion() != MaxVersion(h.LegacyVersion, h.AppendVersions(nil)) {
				t.Error("differs from MaxVersion of the list")
			}
		})
	}
}

// inOrders returns n hellos that differ from a recorded one in the order of
// their extensions.
func inOrders(t testing.TB, name string, n int) (bodies [][]byte) {
	var h ClientHello
	body := recordedHello(t, name)
	if err := h.Parse(body); err != nil {
		t.Fatal(err)
	}
	fixed := body[:len(body)-len(h.Extensions)]
	var parts [][]byte
	for list := h.Extensions; ; {
		before := list
		if _, ok := list.NextType(); !ok {
			break
		}
		parts = append(parts, before[:len(before)-len(list)])
	}
	r := rand.New(rand.NewSource(1))
	for range n {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		bodies = append(bodies, cat(append([][]byte{fixed}, parts...)...))
	}
	return bodies
}

// Property: the result does not depend on the order of extensions, which Chrome
// changes in each hello.
func TestExtensionsInAnyOrder(t *testing.T) {
	for _, name := range []string{"client-chrome-like", "client-chrome-like-pq", "client-go", "client-node"} {
		var want ClientHello
		if err := want.Parse(recordedHello(t, name)); err != nil {
			t.Fatal(err)
		}
		for _, body := range inOrders(t, name, 200) {
			var h ClientHello
			if err := h.Parse(body); err != nil {
				t.Fatal(err)
			}
			if len(h.Extensions) != len(want.Extensions) {
				t.Fatalf("%s: extensions of %d bytes, want %d", name, len(h.Extensions), len(want.Extensions))
			}
			h.Extensions = want.Extensions
			if !reflect.DeepEqual(h, want) {
				t.Fatalf("%s:\ngot  %+v\nwant %+v", name, h, want)
			}
		}
	}
}

func TestOddityNames(t *testing.T) {
	all := ^Oddities(0) & (1<<len(oddityNames) - 1)
	if got := all.AppendNames(nil); len(got) != len(oddityNames) || MalformedHello != 1<<(len(oddityNames)-1) {
		t.Errorf("%q", got)
	}
}

func FuzzClientHello(f *testing.F) {
	for _, file := range []string{"client-chrome-like", "client-go", "client-openssl-tls1", "client-gnutls"} {
		f.Add(recordedHello(f, file))
	}
	f.Add(clientHello(ext(ExtServerName, u16(99), []byte{0}, vec16([]byte("a")))))
	f.Add(clientHello(ext(ExtALPN, vec16([]byte{200})), ext(ExtALPN)))
	f.Add(helloWith(vec16(u16(5)), vec8([]byte{0}), u16(60000), sni("a.example"), u16(0, 9)))
	f.Add(helloWith(vec16(u16(5)), vec8([]byte{0}), vec16(u16(0, 3), vec16([]byte{0}, vec16([]byte("a.example"))))))
	f.Add(helloWith(u16(999, 5), vec8([]byte{0}), vec16(sni("a.example"))))
	f.Fuzz(func(t *testing.T, body []byte) {
		var h, again ClientHello
		err := h.Parse(body)
		again = ClientHello{HasServerName: true, Oddities: 1 << 15, ALPN: Protocols("left over")}
		if e := again.Parse(body); (e == nil) != (err == nil) || again.Oddities != h.Oddities || !bytes.Equal(again.ALPN, h.ALPN) {
			t.Errorf("depends on what was there before: %+v, %+v", h, again)
		}
		h.Oddities.AppendNames(nil)
		h.FallbackSCSV()
		alpn(h.ALPN)
		size := 0
		for list := h.Extensions; ; {
			_, data, ok := list.Next()
			if !ok {
				break
			}
			size += 4 + len(data)
		}
		if size != len(h.Extensions) {
			t.Errorf("extensions of %d bytes, of which %d can be walked", len(h.Extensions), size)
		}
		if h.MaxVersion() != MaxVersion(h.LegacyVersion, h.AppendVersions(nil)) {
			t.Error("MaxVersion differs from that of the list")
		}
	})
}
