package quic

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"
)

// The sample packets of RFC 9001, appendix A, and of RFC 9369, appendix A: a client's
// Initial packet to the id 8394c8f03e515708, the server's answer, and a Retry.
var samples = []struct {
	rfc, version     string
	retry            string
	construction     construction
	client, server   string // Initial secrets
	key, iv, hp      string // the client's
	serverKey, iv2   string
	serverProtection string
}{
	{
		rfc: "rfc9001", version: "v1", construction: ofV1,
		client:    "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea",
		server:    "3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b",
		key:       "1f369613dd76d5467730efcbe3b1a22d",
		iv:        "fa044b2f42a3fd3b46fb255c",
		hp:        "9f50449e04a0e810283a1e9933adedd2",
		serverKey: "cf3a5331653c364c88f0f379b6067e37", iv2: "0ac1493ca1905853b0bba03e",
		retry: "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
	},
	{
		rfc: "rfc9369", version: "v2", construction: ofV2,
		client:    "14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b",
		server:    "0263db1782731bf4588e7e4d93b7463907cb8cd8200b5da55a8bd488eafc37c1",
		key:       "8b1a0bc121284290a29e0971b5cd045d",
		iv:        "91f73e2351d8fa91660e909f",
		hp:        "45b95e15235d6f45a6b19cbcb0294ba9",
		serverKey: "82db637861d55e1d011f19ea71d5d2a7", iv2: "dd13c276499c0249d3310652",
		retry: "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
	},
}

const sampleID = "8394c8f03e515708"

func TestSampleKeys(t *testing.T) {
	for _, x := range samples {
		var p Pool
		s := p.extract(x.construction, unhex(sampleID))
		e := p.expander(s[:])
		for label, want := range map[string]string{"client in": x.client, "server in": x.server} {
			if got := e.expand(label, secretSize); hex.EncodeToString(got) != want {
				t.Errorf("%s: %q: %x, want %s", x.rfc, label, got, want)
			}
		}
		key, iv, hp := x.construction.labels()
		for _, k := range []struct{ secret, label, want string }{
			{x.client, key, x.key}, {x.client, iv, x.iv}, {x.client, hp, x.hp}, {x.server, key, x.serverKey}, {x.server, iv, x.iv2},
		} {
			e := p.expander(unhex(k.secret))
			if got := e.expand(k.label, len(k.want)/2); hex.EncodeToString(got) != k.want {
				t.Errorf("%s: %q: %x, want %s", x.rfc, k.label, got, k.want)
			}
		}
	}
}

// The keys are those of the standard library's HKDF, for ids of every length.
func TestKeysAreHKDF(t *testing.T) {
	var p Pool
	for c := range constructions {
		for n := range MaxID + 1 {
			id := bytes.Repeat([]byte{byte(n)}, n)
			want, err := hkdf.Extract(sha256.New, id, []byte(salts[c]))
			if got := p.extract(c, id); err != nil || !bytes.Equal(got[:], want) {
				t.Fatalf("%d, %d: %x, want %x, %v", c, n, got, want, err)
			}
			info := "\x00\x0c\x10tls13 quicv2 key\x00"
			key, err := hkdf.Expand(sha256.New, want, info, 12)
			e := p.expander(want)
			if got := e.expand("quicv2 key", 12); err != nil || !bytes.Equal(got, key) {
				t.Fatalf("%d, %d: %x, want %x, %v", c, n, got, key, err)
			}
		}
	}
}

func TestSamplePackets(t *testing.T) {
	for _, x := range samples {
		var p Pool
		var c Connection
		client, server := sample(t, x.rfc+"-a2-client-initial"), sample(t, x.rfc+"-a3-server-initial")
		if k, v := Look(client, 0); k != Initial || v.String() != x.version {
			t.Errorf("%s: looks like %d, %s", x.rfc, k, v)
		}
		if s := c.Push(0, client, 0, &p); s != Opened {
			t.Fatalf("%s: the client's packet: %b", x.rfc, s)
		}
		if d, ok := c.Client(); d != 0 || !ok || c.Version.String() != x.version {
			t.Errorf("%s: client %d, %v, version %s", x.rfc, d, ok, c.Version)
		}
		if hello := c.Ready(0); len(hello) != 241 || !bytes.Contains(hello, []byte("example.com")) {
			t.Errorf("%s: ClientHello %x", x.rfc, hello)
		}
		if s := c.Push(1, server, 0, &p); s != Opened {
			t.Fatalf("%s: the server's packet: %b", x.rfc, s)
		}
		if hello := c.Ready(1); len(hello) != 90 || hello[0] != 2 {
			t.Errorf("%s: ServerHello %x", x.rfc, hello)
		}
	}
}

// The Retry gives the server's id, of which the keys are made from then on.
func TestSampleRetry(t *testing.T) {
	for _, x := range samples {
		var p Pool
		var c Connection
		c.Push(0, sample(t, x.rfc+"-a2-client-initial"), 0, &p)
		c.Push(1, unhex(x.retry), 0, &p)
		if !c.Retried || hex.EncodeToString(c.original.bytes()) != "f067a5502a4262b5" {
			t.Errorf("%s: %v, %x", x.rfc, c.Retried, c.original.bytes())
		}
	}
}

func sample(t testing.TB, name string) []byte {
	b, err := os.ReadFile("testdata/" + name + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
