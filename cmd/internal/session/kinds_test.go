package session

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsfloor/classify/client"
	"tlsfloor/parse"
)

// helloBodies are the bodies of the recorded hellos whose file names match pattern.
func helloBodies(t testing.TB, pattern string) (all [][]byte) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "parse", "testdata", pattern))
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data[9:]) // after the headers of the record and the message
	}
	if len(all) == 0 {
		t.Fatal("no recorded hellos")
	}
	return all
}

func parseClientHello(t testing.TB, body []byte) *parse.ClientHello {
	t.Helper()
	h := new(parse.ClientHello)
	if err := h.Parse(body); err != nil {
		t.Fatal(err)
	}
	return h
}

// freshKind is the kind of a hello in an empty memory of kinds.
func freshKind(h *parse.ClientHello, record parse.Version) *clientKind {
	k := newKinds()
	return k.newClient(h, record)
}

func compareKinds(t testing.TB, got, want *clientKind) {
	t.Helper()
	if got.software != want.software {
		t.Errorf("software %v, want %v", got.software, want.software)
	}
	if diff := cmp.Diff(want.hello, got.hello); diff != "" {
		t.Error(diff)
	}
}

// Hellos that differ in one field each, of all that an event describes, are of
// different kinds.
func TestDifferentHellosAreDifferentKinds(t *testing.T) {
	const grease = 0x0a0a
	hello := func(change func(*parse.ClientHello)) *parse.ClientHello {
		h := parseClientHello(t, helloBodies(t, "client-openssl-tls12.bin")[0])
		change(h)
		return h
	}
	numbers := func(all ...uint16) (list parse.Uint16s) {
		for _, v := range all {
			list = binary.BigEndian.AppendUint16(list, v)
		}
		return list
	}
	hellos := []*parse.ClientHello{
		hello(func(*parse.ClientHello) {}),
		hello(func(h *parse.ClientHello) { h.LegacyVersion = parse.TLSv11 }),
		hello(func(h *parse.ClientHello) { h.CipherSuites = append(numbers(grease), h.CipherSuites...) }),
		hello(func(h *parse.ClientHello) { h.CipherSuites = numbers(0xc02f) }),
		hello(func(h *parse.ClientHello) { h.CipherSuites = numbers(0xc02f, parse.FallbackSCSV) }),
		hello(func(h *parse.ClientHello) { h.SupportedGroups = numbers(29) }),
		hello(func(h *parse.ClientHello) { h.SignatureAlgorithms = numbers(0x0403) }),
		hello(func(h *parse.ClientHello) { h.PointFormats = []byte{0, 1} }),
		hello(func(h *parse.ClientHello) { h.Extensions = h.Extensions[:0] }),
		hello(func(h *parse.ClientHello) { h.ALPN = parse.Protocols("\x03foo\x03bar") }),
		hello(func(h *parse.ClientHello) { h.ALPN = parse.Protocols("\x03foo\x03baz") }),
		hello(func(h *parse.ClientHello) {
			h.HasSupportedVersions, h.SupportedVersions = true, numbers(0x0303, 0x0302)
		}),
		hello(func(h *parse.ClientHello) {
			h.HasSupportedVersions, h.SupportedVersions = true, numbers(0x0303, 0x0301)
		}),
		{LegacyVersion: parse.TLSv1, SSLv2Format: true, CipherSpecs: []byte{0, 0, 5}},
		{LegacyVersion: parse.TLSv1, SSLv2Format: true, CipherSpecs: []byte{0, 0x56, 0}},
	}
	k, seen := newKinds(), map[*clientKind]int{}
	for i, h := range hellos {
		for _, record := range []parse.Version{parse.TLSv1, parse.TLSv12} {
			got := k.client(h, record)
			if other, taken := seen[got]; taken {
				t.Errorf("hello %d is taken for hello %d", i, other)
			}
			seen[got] = i
			compareKinds(t, got, freshKind(h, record))
			if again := k.client(h, record); again != got {
				t.Errorf("hello %d is not recognised the second time", i)
			}
		}
	}
}

// A client that changes its GREASE with each connection is one kind.
func TestGREASEIsOneKind(t *testing.T) {
	k := newKinds()
	body := helloBodies(t, "client-chrome-like.bin")[0]
	first := k.client(parseClientHello(t, body), parse.TLSv1)
	for i := range body[:len(body)-1] {
		if v := binary.BigEndian.Uint16(body[i:]); parse.GREASE(v) {
			body[i], body[i+1] = 0xfa, 0xfa
		}
	}
	if h := parseClientHello(t, body); !client.Greased(h) || k.client(h, parse.TLSv1) != first {
		t.Error("with other GREASE it is another kind")
	}
}

// If another client sends the same hello with as much GREASE as there is room for, the
// description that is remembered for the kind stays the same.
func TestGREASEChangesNothing(t *testing.T) {
	more := func(list []byte, add ...byte) []byte {
		list = list[:len(list):len(list)]
		for range 300 {
			list = append(list, add...)
		}
		return list
	}
	for _, body := range helloBodies(t, "client-*.bin") {
		h := parseClientHello(t, body)
		padded := *h
		padded.CipherSuites = more(h.CipherSuites, 0x1a, 0x1a)
		padded.SupportedGroups = more(h.SupportedGroups, 0x1a, 0x1a)
		padded.Extensions = more(h.Extensions, 0x1a, 0x1a, 0, 0)
		k := newKinds()
		first := k.client(&padded, parse.TLSv1)
		compareKinds(t, first, freshKind(h, parse.TLSv1))
		if k.client(h, parse.TLSv1) != first {
			t.Error("it is another kind")
		}
	}
}

// The memory of a kind counts for each session that uses it, whether the kind is
// remembered or not, and lists in it are bounded.
func TestLongKinds(t *testing.T) {
	k := newKinds()
	long := k.client(&parse.ClientHello{CipherSuites: make(parse.Uint16s, 60000)}, parse.TLSv1)
	if long.size < len(long.hello.JA3Full) || len(long.hello.JA3Full) < 60000 {
		t.Errorf("%d bytes are counted for a session, of at least %d", long.size, len(long.hello.JA3Full))
	}
	if known := k.client(parseClientHello(t, helloBodies(t, "client-node.bin")[0]), parse.TLSv1); known.size < len(known.hello.JA3Full) {
		t.Errorf("%d bytes are counted for a session, of at least %d: the kind may be forgotten before the session ends", known.size, len(known.hello.JA3Full))
	}
	if many := k.client(&parse.ClientHello{ALPN: make(parse.Protocols, 60000)}, parse.TLSv1); len(many.hello.ALPN) != maxProtocols {
		t.Errorf("%d protocols", len(many.hello.ALPN))
	}
}

func TestKnownKindAllocatesNothing(t *testing.T) {
	k := newKinds()
	h := parseClientHello(t, helloBodies(t, "client-chrome-like.bin")[0])
	var a parse.ServerHello
	if err := a.Parse(helloBodies(t, "server-tls12.bin")[0]); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		k.client(h, parse.TLSv1)
		k.server(&a).variant(true, byTicket)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Resumption and a HelloRetryRequest differ between handshakes of one kind of
// ServerHello; everything else is the same.
func TestServerKind(t *testing.T) {
	k := newKinds()
	var a parse.ServerHello
	if err := a.Parse(helloBodies(t, "server-tls12.bin")[0]); err != nil {
		t.Fatal(err)
	}
	kind := k.server(&a)
	for r, text := range map[resumption]string{notResumed: "", byID: "id", byTicket: "ticket", byPSK: "psk"} {
		for _, retried := range []bool{false, true} {
			want := kind.hello
			want.Resumed, want.HelloRetryRequest = text, retried
			if got := kind.variant(retried, r); *got != want || got != kind.variant(retried, r) {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	}
	other := a
	other.ALPN = []byte("made up")
	if k.server(&other) == kind {
		t.Error("a ServerHello with another choice is of the same kind")
	}
}

// FuzzKinds looks up two hellos of an attacker's choice, one after the other: each
// must get the description that it gets in an empty memory.
func FuzzKinds(f *testing.F) {
	clients, servers := helloBodies(f, "client-*.bin"), helloBodies(f, "server-tls*.bin")
	for i := range clients {
		f.Add(clients[i], clients[(i+1)%len(clients)], uint16(parse.TLSv1))
	}
	for i := range servers {
		f.Add(servers[i], servers[(i+1)%len(servers)], uint16(parse.TLSv12))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, record uint16) {
		k := newKinds()
		for _, body := range [][]byte{a, b, a} {
			var h parse.ClientHello
			if _, err := h.ReadSSLv2(body); err != nil {
				_ = h.Parse(body)
			}
			compareKinds(t, k.client(&h, parse.Version(record)), freshKind(&h, parse.Version(record)))
			var s parse.ServerHello
			_ = s.Parse(body)
			fresh := newKinds()
			if got, want := k.server(&s), fresh.server(&s); got.hello != want.hello || got.psk != want.psk {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	})
}

func BenchmarkKnownKind(b *testing.B) {
	k := newKinds()
	h := parseClientHello(b, helloBodies(b, "client-chrome-like.bin")[0])
	b.ReportAllocs()
	for b.Loop() {
		k.client(h, parse.TLSv1)
	}
}

// BenchmarkPermutedKind is a client that shuffles its extensions, so that its
// JA3 is new each time, and its JA4 is not.
func BenchmarkPermutedKind(b *testing.B) {
	k := newKinds()
	h := parseClientHello(b, helloBodies(b, "client-chrome-like.bin")[0])
	types := [][]byte{}
	for list := h.Extensions; ; {
		before := list
		if _, ok := list.NextType(); !ok {
			break
		}
		types = append(types, before[:len(before)-len(list)])
	}
	b.ReportAllocs()
	for i := uint(1); b.Loop(); i++ {
		h.Extensions = h.Extensions[:0:0]
		for n, left := i, len(types); left > 0; left-- {
			at := len(types) - left + int(n%uint(left))
			n /= uint(left)
			types[len(types)-left], types[at] = types[at], types[len(types)-left]
			h.Extensions = append(h.Extensions, types[len(types)-left]...)
		}
		k.client(h, parse.TLSv1)
	}
}
