package client_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify/client"
	"tlsfloor/parse"
)

// TestEverNewHellos floods an Identifier with kinds of hello.
func TestEverNewHellos(t *testing.T) {
	identifier := client.NewIdentifier()
	h, record := fromJA3(t, "771,4866-4867-4865-255,0-11-10,29-23,0")
	for n := range 3 * client.MaxMemo {
		identifier.Hello(h, record, fmt.Sprint("ja3", n), "ja4")
		if identifier.Remembered() > client.MaxMemo {
			t.Fatalf("remembers %d", identifier.Remembered())
		}
	}
}

// TestLongLists sends the longest lists that a hello has room for.
func TestLongLists(t *testing.T) {
	suites := strings.Repeat("-49199", 16000)[1:]
	types := strings.Repeat("-51", 8000)[1:]
	h, record := fromJA3(t, "771,"+suites+","+types+",,")
	identifier := client.NewIdentifier()
	start := time.Now()
	for range 1000 {
		if s := identifier.Hello(h, record, "", ""); s != nil {
			t.Fatalf("called %+v", *s)
		}
	}
	if each := time.Since(start) / 1000; each > 100*time.Microsecond {
		t.Errorf("%v a hello", each)
	}
}

func TestHelloAllocatesNothing(t *testing.T) {
	o := recording(t, "nodejs-10.24.1-default.pcap")
	identifier := client.NewIdentifier()
	const ja3, ja4 = "made up, as long as a real one....", "t12d_made_up"
	tests := map[string]func(){
		"remembered":     func() { identifier.Hello(&o.hello, o.record, ja3, ja4) },
		"not remembered": func() { identifier.Hello(&o.hello, o.record, "", "") },
	}
	for name, run := range tests {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestMemoTellsFactsApart sends one fingerprint with two record versions.
func TestMemoTellsFactsApart(t *testing.T) {
	identifier := client.NewIdentifier()
	h, _ := fromJA3(t, "769,4-5-10-9-100-98-3-6-19-18-99,,,")
	identifier.Hello(h, parse.TLSv1, "a", "b")
	identifier.Hello(h, parse.TLSv12, "a", "b")
	if identifier.Remembered() != 2 {
		t.Errorf("remembers %d kinds, want 2", identifier.Remembered())
	}
}

// FuzzHello gives Hello whatever parses, and what does not as far as it goes.
func FuzzHello(f *testing.F) {
	for _, ja3 := range []string{"771,4866-4867-4865-255,0-11-10,29-23,0", "769,4-5-10-9-100-98-3-6-19-18-99,65281,,"} {
		h, _ := fromJA3(f, ja3)
		body := binary.BigEndian.AppendUint16(nil, uint16(h.LegacyVersion))
		body = append(append(body, make([]byte, 33)...), byte(len(h.CipherSuites)>>8), byte(len(h.CipherSuites)))
		f.Add(append(append(body, h.CipherSuites...), 1, 0), uint16(0x301), false)
	}
	f.Add([]byte{0x80, 0x2e, 1, 0, 2, 0, 6, 0, 0, 0, 16, 0, 0, 57, 0, 0, 56, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, uint16(2), true)
	identifier := client.NewIdentifier()
	known := map[string]bool{}
	for _, id := range client.IDs() {
		known[id] = true
	}
	f.Fuzz(func(t *testing.T, data []byte, record uint16, old bool) {
		var h parse.ClientHello
		if old {
			_, _ = h.ReadSSLv2(data)
		} else {
			_ = h.Parse(data)
		}
		s := identifier.Hello(&h, parse.Version(record), "", "")
		if s != identifier.Hello(&h, parse.Version(record), "", "") {
			t.Error("another answer the second time")
		}
		if s != nil && (!known[s.ID] || s.Name == "" || s.Confidence.String() == "" || len(s.Because) == 0) {
			t.Errorf("an incomplete answer: %+v", *s)
		}
	})
}

func BenchmarkHello(b *testing.B) {
	o := recording(b, "nodejs-10.24.1-default.pcap")
	h, _ := fromJA3(b, "771,47-53,0-10-11-13,29-23,0")
	const ja3, ja4 = "8f41cb4a4b0f4a2a2d8f2e3d7ba64b0f", "t12d590600_0123456789ab_0123456789ab"
	identifier := client.NewIdentifier()
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			identifier.Hello(&o.hello, o.record, ja3, ja4)
		}
	})
	b.Run("found by traits", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			identifier.Hello(&o.hello, o.record, "", "")
		}
	})
	b.Run("found nowhere", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			identifier.Hello(h, o.record, "", "")
		}
	})
}

func recording(t testing.TB, name string) opening {
	return openings(t, filepath.Join(recordings, "captures", name))[0]
}
