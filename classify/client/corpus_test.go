package client_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify/client"
)

// corpus has captures of other projects; it is not part of the repository.
const corpus = "../../../shared/corpus/expected.jsonl"

// corpusClients are the software that the clients of captures may be identified as, by
// the captures' names or their projects' notes. An empty name stands for unknown.
// TLS-Attacker's hellos are made up.
var corpusClients = []struct {
	capture string // how its name begins
	ids     string
}{
	{"arkime__pcap_openssl-", "openssl"},
	{"arkime__pcap_curl-enabled-tls13", "openssl-1.1.1"},
	{"joy__pcaps_firefox58", "nss"},
	{"ndpi__443-firefox", "nss"},
	{"ndpi__chrome", "boringssl"},
	{"ndpi__443-opvn", "openssl openssl-1.1.1 mbedtls"},
	{"ndpi__openvpn", "openssl openssl-1.0.2 openssl-1.1.1 openssl-3 mbedtls"},
	{"ndpi__tor", "openssl openssl-1.0.0 openssl-1.1.1"},
	{"ndpi__netflix", "securetransport openssl-1.0.2 boringssl"}, // the app of iOS, which has its own OpenSSL too
	{"suricata__pgsql_pgsql-upgrade-tls", "openssl-1.0.1"},
	{"zeek__postgresql_psql-aws", "openssl-3"},
	{"zeek__tls_chrome-34-google", "nss"},
	{"zeek__tls_chrome-1250", "boringssl"},
	{"zeek__tls_chrome-63", "boringssl"},
	{"zeek__tls_tls13draft16-chrome55", "boringssl"},
	{"zeek__tls_tls13draft23-chrome67", "boringssl"},
	{"zeek__tls_tls13draft16-ff52", "nss"},
	{"zeek__tls_tls13_wolfssl", "wolfssl"},
	{"zeek__tls_heartbleed-success", ""},
	{"zeek__rdp_rdp-no-cookie", "schannel schannel-10"},
	{"tlsbreaker__Bleichenbacher_src_test_resources_pcap_files_2nd_TLS_RSA_PSK", ""},
	{"tlsbreaker__Breaker-Commons_src_test_resources_pcap_files_TLS_", ""},
}

// Measured on 2026-11-21. The software of most hellos of the corpus is not known. The
// test checks that few are not identified, and none is identified as other software
// than its capture's.
const (
	minCorpusKinds = 500
	minLabelled    = 49
)

// flow has the members of a connection in expected.jsonl that are used here.
type flow struct {
	PCAP   string
	JA3    string `json:"ja3_string"`
	MD5    string `json:"ja3"`
	JA4    string
	Flags  []string
	SeenIn map[string]bool
}

func TestCorpus(t *testing.T) {
	identifier, named, kinds, labelled := client.NewIdentifier(), 0, 0, 0
	for _, f := range corpusFlows(t) {
		h, record := fromJA3(t, f.JA3)
		s, id := identifier.Hello(h, record, f.MD5, f.JA4), ""
		if kinds++; s != nil {
			id = s.ID
			named++
		}
		for _, c := range corpusClients {
			for capture := range f.SeenIn {
				if !strings.HasPrefix(capture, c.capture) {
					continue
				}
				if labelled++; id != "" && !slices.Contains(strings.Fields(c.ids), id) {
					t.Errorf("%s: called %q, may be %q", capture, id, c.ids)
				}
			}
		}
	}
	t.Logf("%d of %d kinds of hello named, %d with a label", named, kinds, labelled)
	if named < minCorpusKinds || labelled < minLabelled {
		t.Errorf("%d named and %d with a label, want at least %d and %d", named, labelled, minCorpusKinds, minLabelled)
	}
}

// corpusFlows returns one flow for each kind of hello, with all the captures
// that have it. GREASE, which JA3 leaves out, is put back.
func corpusFlows(t *testing.T) map[string]*flow {
	data, err := os.ReadFile(corpus)
	if err != nil {
		t.Skip("no corpus beside the repository: ", err)
	}
	flows := map[string]*flow{}
	for line := range strings.Lines(string(data)) {
		f := flow{SeenIn: map[string]bool{}}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if f.JA3 == "" {
			continue
		}
		if slices.Contains(f.Flags, "grease") {
			version, rest, _ := strings.Cut(f.JA3, ",")
			f.JA3 = version + ",2570-" + rest
		}
		key := f.JA3 + f.JA4
		if flows[key] == nil {
			flows[key] = &f
		}
		flows[key].SeenIn[f.PCAP] = true
	}
	return flows
}
