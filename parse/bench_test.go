package parse

import (
	"os"
	"path/filepath"
	"testing"
)

// recorded is the content of a file of testdata.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// recordedHello is the body of the first handshake message in a file of
// testdata.
func recordedHello(t testing.TB, name string) []byte {
	t.Helper()
	r, _, err := ReadRecord(recorded(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return r.Fragment[messageHeader : messageHeader+be24(r.Fragment[1:])]
}

func BenchmarkClientHello(b *testing.B) {
	for _, name := range []string{"client-chrome-like", "client-chrome-like-pq", "client-go", "client-openssl-tls1"} {
		body := recordedHello(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var h ClientHello
			for b.Loop() {
				if err := h.Parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkClientHellos parses hellos of many clients in turn, with different orders
// of extensions, so that the processor cannot predict the branches.
func BenchmarkClientHellos(b *testing.B) {
	bodies := inOrders(b, "client-chrome-like", 512)
	b.ReportAllocs()
	var h ClientHello
	for i := 0; b.Loop(); i++ {
		if err := h.Parse(bodies[i%len(bodies)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServerHello(b *testing.B) {
	for _, name := range []string{"server-tls12", "server-tls13"} {
		body := recordedHello(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var h ServerHello
			for b.Loop() {
				if err := h.Parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirstLook measures the steps before a ClientHello is parsed.
func BenchmarkFirstLook(b *testing.B) {
	data := recorded(b, "client-chrome-like")
	b.ReportAllocs()
	for b.Loop() {
		if LooksLikeClientHello(data) != Yes {
			b.Fatal("no hello")
		}
		r, _, err := ReadRecord(data)
		if err != nil {
			b.Fatal(err)
		}
		var m Messages
		fragment := r.Fragment
		if _, ok := nextMessage(&m, &fragment); !ok {
			b.Fatal("no message")
		}
	}
}

func BenchmarkReadRecord(b *testing.B) {
	data := recorded(b, "client-chrome-like")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ReadRecord(data); err != nil {
			b.Fatal(err)
		}
	}
}
