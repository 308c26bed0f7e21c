package fingerprint

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/parse"
)

// message is the body of the first handshake message in a file of
// ../testdata.
func message(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := parse.ReadRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	var m parse.Messages
	var msg parse.Message
	if !m.Next(&r.Fragment, new(parse.Collector), &msg) {
		t.Fatal("no message")
	}
	return msg.Body
}

func clientHello(t testing.TB, name string) *parse.ClientHello {
	t.Helper()
	var h parse.ClientHello
	if err := h.Parse(message(t, name)); err != nil {
		t.Fatal(err)
	}
	return &h
}

func serverHello(t testing.TB, name string) *parse.ServerHello {
	t.Helper()
	var h parse.ServerHello
	if err := h.Parse(message(t, name)); err != nil {
		t.Fatal(err)
	}
	return &h
}

// permute shuffles the extensions of h, as Chrome does.
func permute(h *parse.ClientHello, r *rand.Rand) {
	var whole [][]byte
	for list := h.Extensions; ; {
		before := list
		if _, _, ok := list.Next(); !ok {
			break
		}
		whole = append(whole, before[:len(before)-len(list)])
	}
	r.Shuffle(len(whole), func(i, j int) { whole[i], whole[j] = whole[j], whole[i] })
	var shuffled parse.Extensions
	for _, e := range whole {
		shuffled = append(shuffled, e...)
	}
	h.Extensions = shuffled
}

func BenchmarkClientHit(b *testing.B) {
	c := NewCache(DefaultLimit)
	h := clientHello(b, "client-chrome-like")
	c.Client(h)
	b.ReportAllocs()
	for b.Loop() {
		c.Client(h)
	}
}

// BenchmarkClientPermuted is a client whose JA3 is new each time, and whose
// JA4 is not.
func BenchmarkClientPermuted(b *testing.B) {
	c := NewCache(DefaultLimit)
	h := clientHello(b, "client-chrome-like")
	r := rand.New(rand.NewPCG(1, 2))
	hellos := make([]parse.ClientHello, 10000)
	for i := range hellos {
		hellos[i] = *h
		permute(&hellos[i], r)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Client(&hellos[i%len(hellos)])
	}
}

// BenchmarkClientMiss is a client that is not remembered.
func BenchmarkClientMiss(b *testing.B) {
	c := NewCache(DefaultLimit)
	h := *clientHello(b, "client-chrome-like")
	ciphers := append(parse.Uint16s(nil), h.CipherSuites...)
	h.CipherSuites = ciphers
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		binary.BigEndian.PutUint32(ciphers, i)
		c.Client(&h)
	}
}

func BenchmarkServerHit(b *testing.B) {
	c := NewCache(DefaultLimit)
	h := serverHello(b, "server-tls12")
	c.Server(h)
	b.ReportAllocs()
	for b.Loop() {
		c.Server(h)
	}
}
