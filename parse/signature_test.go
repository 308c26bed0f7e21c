package parse

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

type signature func([]byte) Match

var signatures = map[string]signature{
	"ClientHello":       LooksLikeClientHello,
	"ServerHello":       LooksLikeServerHello,
	"alert":             LooksLikeAlert,
	"SSLv2 ClientHello": LooksLikeSSLv2ClientHello,
	"SSLv2 ServerHello": LooksLikeSSLv2ServerHello,
}

// neverNo checks that every beginning of data is Maybe until it is Yes, and
// that it is Yes with size bytes.
func neverNo(t *testing.T, looksLike signature, data []byte, size int) {
	t.Helper()
	for n := range len(data) + 1 {
		want := Yes
		if n < size {
			want = Maybe
		}
		if got := looksLike(data[:n]); got != want {
			t.Fatalf("%d bytes: %v, want %v", n, got, want)
		}
	}
}

func TestSignaturesOfRecordedHellos(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.bin")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bin")
		data := recorded(t, name)
		want, size := "ClientHello", 11
		switch {
		case name == "server-refusal":
			want, size = "alert", 7
		case strings.HasPrefix(name, "server"):
			want = "ServerHello"
		}
		neverNo(t, signatures[want], data, size)
		for other, looksLike := range signatures {
			if other != want && looksLike(data) != No {
				t.Errorf("%s: also looks like %s", name, other)
			}
		}
	}
}

func TestSignatureOfSplitHellos(t *testing.T) {
	hello := message(TypeClientHello, recordedHello(t, "client-go"))
	neverNo(t, LooksLikeClientHello, records(hello, 1), 6*6)
	neverNo(t, LooksLikeClientHello, records(hello, 2), 3*7)
	neverNo(t, LooksLikeClientHello, records(hello, 5), 10+6)
	neverNo(t, LooksLikeClientHello, cat(record(Handshake, nil), records(hello, 100)), 5+11)
	neverNo(t, LooksLikeServerHello, records(message(TypeServerHello, serverHello()), 1), 6*6)
	neverNo(t, LooksLikeServerHello, records(message(TypeHelloRetryRequest, u16(0x7f12, 0)), 100), 11)
}

func TestSignatureOfSSLv2(t *testing.T) {
	neverNo(t, LooksLikeSSLv2ClientHello, sslv2Client(TLSv1, oldSpecs, nil, fill(16)), 11)
	neverNo(t, LooksLikeSSLv2ServerHello, sslv2Server(0, fill(600), oldSpecs, fill(16)), 13)
}

func TestSignatureRefuses(t *testing.T) {
	hello := records(message(TypeClientHello, clientHello()), 1000)
	change := func(at int, value byte) []byte {
		b := append([]byte(nil), hello...)
		b[at] = value
		return b
	}
	empty := make([]byte, 0, 100)
	for range maxOpening {
		empty = append(empty, record(Handshake, nil)...)
	}
	for name, data := range map[string][]byte{
		"application data":          change(0, 23),
		"record version 2.1":        change(1, 2),
		"record version 3.5":        change(2, 5),
		"record of 17 kB":           change(3, 0x44),
		"another message":           change(5, 3),
		"hello of 200 kB":           change(6, 3),
		"hello of 37 bytes":         change(8, 37),
		"client version 2.3":        change(9, 2),
		"client version 4.3":        change(9, 4),
		"sixteen empty records":     append(empty, hello...),
		"second record is an alert": cat(record(Handshake, []byte{1}), record(AlertRecord, []byte{2, 40})),
		"HTTP":                      []byte("GET / HTTP/1.1\r\n"),
		"SSH":                       []byte("SSH-2.0-OpenSSH_9.2\r\n"),
		"zeros":                     make([]byte, 100),
		"SSLv2":                     sslv2Client(TLSv1, oldSpecs, nil, fill(16)),
	} {
		if got := LooksLikeClientHello(data); got != No {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, data := range map[string][]byte{
		"encrypted alert": record(AlertRecord, fill(24)),
		"level 3":         record(AlertRecord, []byte{3, 40}),
		"level 0":         record(AlertRecord, []byte{0, 40}),
		"handshake":       hello,
	} {
		if got := LooksLikeAlert(data); got != No {
			t.Errorf("alert: %s: %v", name, got)
		}
	}
}

// TestSignatureOfRandomBytes counts how often random bytes after the first
// three of a record pass for a hello. The handshake header and the version let
// about one in two million pass; the three bytes before them one in three
// million.
func TestSignatureOfRandomBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	passed := 0
	data := []byte{22, 3, 1, 15: 0}
	for range 1 << 20 {
		for i := 3; i < len(data); i++ {
			data[i] = byte(r.Uint32())
		}
		if LooksLikeClientHello(data) == Yes || LooksLikeServerHello(data) == Yes {
			passed++
		}
	}
	if passed > 4 {
		t.Errorf("%d of a million passed", passed)
	}
}

// FuzzSignatures checks that more bytes never turn a No into something else,
// nor a Yes.
func FuzzSignatures(f *testing.F) {
	f.Add(records(message(TypeClientHello, clientHello()), 1), uint8(3))
	f.Add(records(message(TypeServerHello, serverHello()), 1000), uint8(8))
	f.Add(record(AlertRecord, []byte{2, 40}), uint8(6))
	f.Add(sslv2Client(TLSv1, oldSpecs, nil, fill(16)), uint8(9))
	f.Add(sslv2Server(0, nil, nil, fill(16)), uint8(12))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		for name, looksLike := range signatures {
			before := looksLike(data[:min(int(n), len(data))])
			if after := looksLike(data); before != Maybe && after != before {
				t.Errorf("%s: %v, with more bytes %v", name, before, after)
			}
		}
	})
}
