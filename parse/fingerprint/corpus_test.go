package fingerprint

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tlsfloor/parse"
)

// expected is a flow of the corpus's expected.jsonl.
type expected struct {
	PCAP       string   `json:"pcap"`
	JA3        string   `json:"ja3"`
	JA3String  string   `json:"ja3_string"`
	JA3S       string   `json:"ja3s"`
	JA3SString string   `json:"ja3s_string"`
	JA4        string   `json:"ja4"`
	JA4R       string   `json:"ja4_r"`
	Versions   []uint16 `json:"offered_versions"`
	ALPN       []string `json:"alpn_offered"`
}

// TestCorpusFingerprints makes hellos of the numbers that the corpus lists for
// real ones, and compares the fingerprints. (Reading the hellos themselves
// needs the flows: the scorer does that.)
func TestCorpusFingerprints(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "expected.jsonl"))
	if err != nil {
		t.Skip("the corpus is not here: ", err)
	}
	defer f.Close()
	c := NewCache(DefaultLimit)
	clients, servers := 0, 0
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var e expected
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.JA4R != "" {
			clients++
			if got := c.Client(e.client(t)); got != (Client{JA3: e.JA3, JA3Full: e.JA3String, JA4: e.JA4}) {
				t.Errorf("%s: %+v, want %+v", e.PCAP, got, e)
			}
		}
		if e.JA3SString != "" {
			servers++
			if got := c.Server(e.server(t)); got != (Server{JA3S: e.JA3S, JA3SFull: e.JA3SString}) {
				t.Errorf("%s: %+v, want %+v", e.PCAP, got, e)
			}
		}
	}
	if clients < 1000 || servers < 1000 {
		t.Errorf("only %d clients and %d servers", clients, servers)
	}
}

// client is a hello with the lists of e.
func (e *expected) client(t *testing.T) *parse.ClientHello {
	fields := strings.Split(e.JA3String, ",")
	h := &parse.ClientHello{
		LegacyVersion:     parse.Version(decimals(t, fields[0])[0]),
		CipherSuites:      u16(decimals(t, fields[1])...),
		Extensions:        extensions(decimals(t, fields[2])...),
		SupportedGroups:   u16(decimals(t, fields[3])...),
		SupportedVersions: u16(e.Versions...),
		HasServerName:     e.JA4R[3] == 'd',
	}
	for _, format := range decimals(t, fields[4]) {
		h.PointFormats = append(h.PointFormats, byte(format))
	}
	for _, name := range e.ALPN {
		latin1 := ""
		for _, r := range name {
			latin1 += string([]byte{byte(r)})
		}
		h.ALPN = append(h.ALPN, protocols(latin1)...)
	}
	// t13d1516h2_<ciphers>_<extensions>_<signature algorithms>
	if parts := strings.Split(e.JA4R, "_"); len(parts) == 4 {
		h.SignatureAlgorithms = u16(numbers(t, parts[3], ",", 16)...)
	}
	return h
}

// server is a hello with the list of e.
func (e *expected) server(t *testing.T) *parse.ServerHello {
	fields := strings.Split(e.JA3SString, ",")
	return &parse.ServerHello{
		LegacyVersion: parse.Version(decimals(t, fields[0])[0]),
		CipherSuite:   decimals(t, fields[1])[0],
		Extensions:    extensions(decimals(t, fields[2])...),
	}
}

func decimals(t *testing.T, list string) []uint16 { return numbers(t, list, "-", 10) }

func numbers(t *testing.T, list, separator string, base int) (n []uint16) {
	t.Helper()
	if list == "" {
		return nil
	}
	for _, s := range strings.Split(list, separator) {
		v, err := strconv.ParseUint(s, base, 16)
		if err != nil {
			t.Fatal(err)
		}
		n = append(n, uint16(v))
	}
	return n
}
