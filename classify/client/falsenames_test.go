package client_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify/client"
	"tlsfloor/parse/fingerprint"
)

// clientsOf are the software that the clients in testdata/captures may be identified as.
var clientsOf = map[string][]string{
	"openssl":    {"openssl", "openssl-3"},
	"curl":       {"openssl", "openssl-3"},
	"Go":         {"go"},
	"Java":       {"java-11"},
	"gnutls-cli": {"gnutls"},
	"Node.js":    {"nodejs", "openssl", "openssl-3"},
	"Python":     {"openssl", "openssl-3"},
	"psql":       {"openssl", "openssl-3"},
	"tsql":       {"gnutls"},
	"mariadb":    {"gnutls", "openssl", "openssl-3"},
	"ldapsearch": {"gnutls"},
}

// minOthers is how many hellos of captures for other tests were identified, measured on
// 2026-11-21; the others are in tunnels, or behind STARTTLS.
const minOthers = 124

// TestNoFalseNames identifies clients that the tables were not made from: those of the
// captures for other tests.
func TestNoFalseNames(t *testing.T) {
	identifier, maker, named := client.NewIdentifier(), fingerprint.NewMaker(), 0
	for capture, name := range clientNames(t) {
		for _, o := range openings(t, filepath.Join("../../testdata/captures", capture)) {
			prints := maker.Client(&o.hello)
			s := identifier.Hello(&o.hello, o.record, prints.JA3, prints.JA4)
			if s == nil {
				continue
			}
			named++
			if kind := strings.FieldsFunc(name, func(r rune) bool { return r == ' ' })[0]; !slices.Contains(clientsOf[kind], s.ID) {
				t.Errorf("%s: %s is called %+v", capture, name, *s)
			}
		}
	}
	t.Logf("%d named", named)
	if named < minOthers {
		t.Errorf("%d named, want at least %d", named, minOthers)
	}
}

// clientNames returns the client of each capture, if it is known.
func clientNames(t *testing.T) map[string]string {
	data, err := os.ReadFile("../../testdata/truth.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for line := range strings.Lines(string(data)) {
		var truth struct {
			Capture string
			Flows   []struct{ Client string }
		}
		if err := json.Unmarshal([]byte(line), &truth); err != nil {
			t.Fatal(err)
		}
		for _, flow := range truth.Flows {
			if flow.Client != "" && strings.HasSuffix(truth.Capture, ".pcap") {
				names[truth.Capture] = flow.Client
			}
		}
	}
	return names
}
