package parse

import (
	"bytes"
	"math/rand/v2"
	"os"
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
	"late hello":        LooksLikeLateHello,
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
			if other != want && looksLike(data) != No && other != "late hello" {
				t.Errorf("%s: also looks like %s", name, other)
			}
		}
	}
}

// TestNoLateHello: no recording is one, but one may follow an alert.
func TestNoLateHello(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.bin")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m := LooksLikeLateHello(data); m == Yes || m == Maybe && data[0] != byte(AlertRecord) {
			t.Errorf("%s: %v", file, m)
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

// oddHello is the record of a ClientHello with a version that TLS does not have,
// a session id of a length, and a length of cipher suites; four bytes of them are
// there.
func oddHello(version uint16, session int, ciphers uint16) []byte {
	body := cat(u16(version), fill(32), vec8(fill(session)), u16(ciphers, 5, 6), vec8([]byte{0}), vec16(sni("a.example")))
	return record(Handshake, message(TypeClientHello, body))
}

func TestSignatureOfOddVersions(t *testing.T) {
	for _, version := range []uint16{0xffff, 0x0203, 0x0403, 0x7eff, 0} {
		neverNo(t, LooksLikeClientHello, oddHello(version, 32, 4), 5+4+2+32+1+32+2)
		neverNo(t, LooksLikeClientHello, records(oddHello(version, 0, 4)[5:], 9), 5*5+4+2+32+1+2)
		body := serverHello(ext(extSupportedVersions, u16(0x0304)))
		copy(body, u16(version))
		neverNo(t, LooksLikeServerHello, record(Handshake, message(TypeServerHello, body)), 5+4+2+32+1+2+1+2)
		bare := body[:2+32+1+2+1]
		neverNo(t, LooksLikeServerHello, record(Handshake, message(TypeServerHello, bare)), 5+4+2+32+1+2)
	}
	for _, minor := range []byte{0, 5, 0x7f, 0xff} {
		data := record(Handshake, message(TypeClientHello, clientHello()))
		data[2] = minor
		neverNo(t, LooksLikeClientHello, data, 11)
		data = record(AlertRecord, []byte{2, 40})
		data[2] = minor
		neverNo(t, LooksLikeAlert, data, 7)
	}
}

// TestSignatureOfLateHellos matches a hello behind records and messages that may be
// skipped.
func TestSignatureOfLateHellos(t *testing.T) {
	hello, answer := message(TypeClientHello, clientHello()), message(TypeServerHello, serverHello())
	request := message(TypeHelloRequest, nil)
	for name, test := range map[string]struct {
		before []byte // records
		within []byte // messages in the hello's record
	}{
		"ChangeCipherSpec":                   {record(ChangeCipherSpec, []byte{1}), nil},
		"heartbeat":                          {record(Heartbeat, fill(40)), nil},
		"unknown type":                       {record(99, fill(7)), nil},
		"empty records":                      {cat(record(Handshake, nil), record(Heartbeat, nil)), nil},
		"a warning in two records":           {cat(record(AlertRecord, []byte{1}), record(AlertRecord, []byte{112})), nil},
		"HelloRequest":                       {record(Handshake, request), nil},
		"HelloRequest in the same record":    {nil, request},
		"unknown message in the same record": {nil, message(99, fill(30))},
		"unknown message before":             {record(Handshake, message(99, fill(30))), nil},
		"much of it":                         {cat(record(Heartbeat, fill(400)), record(99, fill(400))), cat(request, request)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, m := range [][]byte{hello, answer} {
				front := cat(test.before, record(Handshake, cat(test.within, m)))
				opening := len(front) - len(m) + openingSize
				neverNo(t, LooksLikeLateHello, front, opening)
			}
		})
	}
	heartbeat := record(Heartbeat, fill(1))
	most := bytes.Repeat(heartbeat, maxBefore/len(heartbeat))
	neverNo(t, LooksLikeLateHello, cat(most, record(Handshake, hello)), len(most)+recordHeader+openingSize)
	many := cat(most, heartbeat)
	for name, data := range map[string][]byte{
		"a hello at once":    record(Handshake, hello),
		"application data":   cat(record(ApplicationData, fill(40)), record(Handshake, hello)),
		"a certificate":      record(Handshake, message(TypeCertificate, fill(500))),
		"text":               []byte("GET / HTTP/1.1\r\n"),
		"too many records":   cat(many, record(Handshake, hello)),
		"too long a record":  cat(record(Heartbeat, fill(maxBefore+1)), record(Handshake, hello)),
		"no record behind":   cat(record(Heartbeat, fill(1)), []byte("GET / HTTP/1.1\r\n")),
		"type 3":             cat(record(3, fill(1)), record(Handshake, hello)),
		"no message's bytes": cat(record(Handshake, cat(message(99, fill(9)), []byte{1, 2, 3, 4, 5, 6, 7})), []byte("text")),
	} {
		if got := LooksLikeLateHello(data); got != No && (name != "a certificate" || got != Maybe) {
			t.Errorf("%s: %v", name, got)
		}
	}
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
	empty := bytes.Repeat(record(Handshake, nil), maxBefore/recordHeader+1)
	if got := LooksLikeClientHello(cat(empty[recordHeader:], hello)); got != Yes {
		t.Errorf("1 KiB of empty records: %v", got)
	}
	for name, data := range map[string][]byte{
		"application data":          change(0, 23),
		"record version 2.1":        change(1, 2),
		"record of 17 kB":           change(3, 0x44),
		"another message":           change(5, 3),
		"hello of 200 kB":           change(6, 3),
		"hello of 37 bytes":         change(8, 37),
		"no ciphers, version 2.3":   oddHello(0x0203, 0, 0),
		"odd ciphers, version 4.3":  oddHello(0x0403, 0, 3),
		"session of 33 bytes":       oddHello(0xffff, 33, 4),
		"more ciphers than bytes":   oddHello(0xffff, 0, 500),
		"more empty records":        cat(empty, hello),
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
	f.Add(oddHello(0xffff, 32, 4), uint8(60))
	f.Add(cat(record(Heartbeat, fill(9)), record(Handshake, cat(message(99, fill(9)), message(TypeServerHello, serverHello())))), uint8(30))
	f.Add(cat(record(99, nil), record(AlertRecord, []byte{1}), oddHello(0x7f00, 0, 2)), uint8(20))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		for name, looksLike := range signatures {
			before := looksLike(data[:min(int(n), len(data))])
			if after := looksLike(data); before != Maybe && after != before {
				t.Errorf("%s: %v, with more bytes %v", name, before, after)
			}
		}
	})
}
