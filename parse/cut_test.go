package parse

import (
	"bytes"
	"testing"
)

// cutHellos and cutAnswers are recorded hellos, which the tests below cut after
// each byte.
var (
	cutHellos  = []string{"client-chrome-like", "client-chrome-like-pq", "client-go", "client-openssl", "client-openssl-tls1", "client-openssl-tls13", "client-gnutls"}
	cutAnswers = []string{"server-tls1", "server-tls11", "server-tls12", "server-tls13", "server-hrr", "server-sentinel"}
)

// The fields in the beginning of a hello are those of the whole hello, and are set as
// soon as their bytes are there.
func TestCutClientHello(t *testing.T) {
	for _, file := range cutHellos {
		t.Run(file, func(t *testing.T) {
			body := recordedHello(t, file)
			var whole, cut ClientHello
			if err := whole.Parse(body); err != nil {
				t.Fatal(err)
			}
			for n := range len(body) + 1 {
				if ok := cut.ParseCut(body[:n]); ok != (n >= 2) {
					t.Fatalf("%d bytes: %v", n, ok)
				}
				checkCut(t, &cut, &whole, body[:n])
			}
			if !bytes.Equal(cut.Extensions, whole.Extensions) || cut.HasSupportedVersions != whole.HasSupportedVersions {
				t.Errorf("nothing cut off: %+v, want %+v", cut, whole)
			}
		})
	}
}

func checkCut(t *testing.T, cut, whole *ClientHello, body []byte) {
	t.Helper()
	n := len(body)
	if n >= 2 && cut.LegacyVersion != whole.LegacyVersion {
		t.Errorf("%d bytes: legacy_version %v", n, cut.LegacyVersion)
	}
	named := len(whole.ServerName) > 0 && bytes.Contains(body, whole.ServerName)
	if named != (string(cut.ServerName) == string(whole.ServerName) && len(cut.ServerName) > 0) {
		t.Errorf("%d bytes: the name is %q", n, cut.ServerName)
	}
	if cut.HasSupportedVersions && !bytes.Equal(cut.SupportedVersions, whole.SupportedVersions) {
		t.Errorf("%d bytes: supported_versions %x", n, cut.SupportedVersions)
	}
	if !cut.HasSupportedVersions && len(cut.SupportedVersions) > 0 {
		t.Errorf("%d bytes: part of supported_versions", n)
	}
	if cut.Oddities&^whole.Oddities != 0 {
		t.Errorf("%d bytes: oddities %b", n, cut.Oddities)
	}
}

// The version of recorded answers is certain from legacy_version on when it is below
// TLS 1.2, and else from the cipher suite on. It is always that of the whole answer.
func TestCutServerHello(t *testing.T) {
	for _, file := range cutAnswers {
		t.Run(file, func(t *testing.T) {
			body := recordedHello(t, file)
			var whole, cut ServerHello
			if err := whole.Parse(body); err != nil {
				t.Fatal(err)
			}
			first := 2
			if whole.LegacyVersion == TLSv12 {
				first = 2 + 32 + 1 + len(whole.SessionID) + 2
			}
			for n := range len(body) + 1 {
				certain := cut.ParseCut(body[:n])
				if certain != (n >= first) {
					t.Errorf("%d bytes: certain %v", n, certain)
				}
				if certain && cut.SelectedVersion != whole.SelectedVersion {
					t.Errorf("%d bytes: %v", n, cut.SelectedVersion)
				}
			}
			if cut.DowngradeSentinel != whole.DowngradeSentinel || cut.HelloRetryRequest != whole.HelloRetryRequest || cut.CipherSuite != whole.CipherSuite {
				t.Errorf("nothing cut off: %+v, want %+v", cut, whole)
			}
		})
	}
}

func TestCutServerHelloOfDraft(t *testing.T) {
	var h ServerHello
	body := cat(u16(0x7f12), fill(32), u16(0x1302))
	if !h.ParseCut(body) || h.SelectedVersion.Rank() != TLSv13 || h.CipherSuite != 0 {
		t.Errorf("%+v", h)
	}
}

// A cipher suite of TLS 1.3 counts whatever legacy_version is. Without the suite,
// legacy_version counts only when it is the number of an old version.
func TestCutServerHelloOfWrongLegacyVersion(t *testing.T) {
	for _, tc := range []struct {
		legacy Version
		suite  uint16
		before bool // certain before the suite
		want   Version
	}{
		{TLSv1, 0x1301, true, TLSv13},
		{TLSv11, 0x1302, true, TLSv13},
		{TLSv12, 0x1303, false, TLSv13},
		{0x021e, 0x1301, false, TLSv13},
		{0x0305, 0x1301, false, TLSv13},
		{TLSv1, 0x002f, true, TLSv1},
		{0x021e, 0x002f, false, 0x021e},
	} {
		var h ServerHello
		body := cat(u16(uint16(tc.legacy)), fill(32), vec8(nil), u16(tc.suite))
		if certain := h.ParseCut(body[:len(body)-1]); certain != tc.before || h.SelectedVersion != tc.legacy {
			t.Errorf("%v, before the suite: %v, certain %v", tc.legacy, h.SelectedVersion, certain)
		}
		if certain := h.ParseCut(body); !certain || h.SelectedVersion != tc.want {
			t.Errorf("%v, with suite %#x: %v, certain %v", tc.legacy, tc.suite, h.SelectedVersion, certain)
		}
	}
}

func TestBegun(t *testing.T) {
	hello := message(TypeClientHello, fill(100))
	var m Messages
	var c Collector
	var msg Message
	for _, n := range []int{0, 3, 4, 50} {
		m.Drop(&c)
		b := hello[:n]
		if m.Next(&b, &c, &msg) {
			t.Fatal("a message is whole")
		}
		typ, body, ok := m.Begun()
		if ok != (n >= 4) || ok && (typ != TypeClientHello || !bytes.Equal(body, fill(100)[:n-4])) {
			t.Errorf("%d bytes: %v %x %v", n, typ, body, ok)
		}
	}
	b := hello[50:]
	if !m.Next(&b, &c, &msg) {
		t.Fatal("the message is not whole")
	}
	if _, _, ok := m.Begun(); ok {
		t.Error("a message that was handed out is under way")
	}
}

// FuzzCut compares the beginning of any bytes with the whole, if that is well-formed.
func FuzzCut(f *testing.F) {
	for _, file := range append(cutHellos, cutAnswers...) {
		f.Add(recordedHello(f, file), uint16(120))
	}
	f.Add(clientHello(sni("a.example"), ext(extSupportedVersions, vec8(u16(0x0304)))), uint16(70))
	f.Fuzz(func(t *testing.T, body []byte, n uint16) {
		part := body[:min(int(n), len(body))]
		var whole, cut ClientHello
		cut.ParseCut(part)
		if whole.Parse(body) == nil && len(cut.ServerName) > 0 && !bytes.Equal(cut.ServerName, whole.ServerName) {
			t.Errorf("the name is %q, and of the whole %q", cut.ServerName, whole.ServerName)
		}
		types(cut.Extensions)
		var answer, all ServerHello
		if answer.ParseCut(part) && all.Parse(body) == nil {
			checkCutAnswer(t, &answer, &all)
		}
	})
}

// checkCutAnswer checks that the version of a cut answer, when it is certain, is that of
// the whole answer, where a draft's number counts as TLS 1.3. Two kinds of answers are
// excepted, which clients reject.
func checkCutAnswer(t *testing.T, cut, whole *ServerHello) {
	t.Helper()
	selected, legacy := whole.SelectedVersion.Rank(), whole.LegacyVersion.Rank()
	suiteRead := cut.CipherSuite != 0
	switch {
	case selected != TLSv13 && selected != legacy, legacy != TLSv13 && (selected == TLSv13) != (whole.CipherSuite>>8 == tls13Suites):
		return // another version than TLS 1.3 in supported_versions (RFC 8446, 4.2.1), or a suite of another version (B.4)
	case !suiteRead && selected == TLSv13 && legacy >= SSLv3 && legacy < TLSv12:
		return // an older legacy_version with TLS 1.3 (4.1.3), and no more is there
	}
	if cut.SelectedVersion.Rank() != selected {
		t.Errorf("selected %v, and the whole %v", cut.SelectedVersion, whole.SelectedVersion)
	}
}
