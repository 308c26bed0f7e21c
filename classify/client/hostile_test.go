package client_test

import (
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/classify/client"
	"tlsfloor/parse"
)

// longest is a hello whose lists have the greatest length within the bounds, and at their
// ends the values that rows search for anywhere.
var longest = "771," + strings.Repeat("7000-", 250) + "65413-129-161-54-65279-255," +
	strings.Repeat("6000-", 56) + "0-5-10-11-13-23-43-51," + strings.Repeat("5000-", 60) + "29-23-24-25,0"

// TestLongLists identifies hellos with the longest lists within the bounds, with one more
// element, and with as many as fit into a hello. BenchmarkHello measures the longest.
func TestLongLists(t *testing.T) {
	repeat := func(value string, n int) string { return strings.Repeat("-"+value, n)[1:] }
	tests := map[string]struct {
		ja3    string
		looked bool
	}{
		"longest":         {longest, true},
		"a cipher more":   {strings.Replace(longest, ",", ",49199-", 1), false},
		"a group more":    {"771,49199,10," + repeat("29", client.MaxList+1) + ",0", false},
		"extensions":      {"771,49199," + repeat("51", client.MaxList+1) + ",,", false},
		"full of ciphers": {"771," + repeat("49199", 16000) + "," + repeat("51", 8000) + ",,", false},
		"full of GREASE":  {"771," + repeat("2570", 16000) + "," + repeat("2570", 8000) + ",,", true},
		"GREASE added":    {strings.Replace(longest, "-29-23-24-25,", "-2570-29-23-24-25,", 1), true},
	}
	identifier := client.NewIdentifier()
	for name, test := range tests {
		h, record := fromJA3(t, test.ja3)
		if looked := identifier.LooksAt(h); looked != test.looked {
			t.Errorf("%s: looked at: %v", name, looked)
		}
		if s := identifier.Hello(h, record, "", ""); s != nil {
			t.Errorf("%s: called %+v", name, *s)
		}
	}
}

func TestHelloAllocatesNothing(t *testing.T) {
	o := recording(t, "nodejs-10.24.1-default.pcap")
	identifier := client.NewIdentifier()
	if n := testing.AllocsPerRun(100, func() { identifier.Hello(&o.hello, o.record, "made up", "t12d_made_up") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzHello calls Hello with any hello, also with those that do not parse.
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
	identifier := client.NewIdentifier()
	b.Run("found by traits", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			identifier.Hello(&o.hello, o.record, "", "")
		}
	})
	long, _ := fromJA3(b, longest)
	b.Run("longest lists", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			identifier.Hello(long, o.record, "", "")
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
