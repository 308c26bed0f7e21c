package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMapping(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mapping.tsv")
	text := "# a comment\nprocess\tlibraries\tsure\twhy\n" +
		"proxy*\t-\tyes\ta proxy\nchrome\tboringssl inspection\tyes\tChromium\nfirefox\tnss inspection\tyes\tMozilla\nMail\tapple\tyes\tmacOS\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := readMapping(name)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		senders  []sender
		want     []string
		excluded string
	}{
		{"one", []sender{{"chrome", 5}}, []string{"boringssl", "inspection"}, ""},
		{"an alias", []sender{{"Mail", 5}}, []string{"securetransport", "boringssl"}, ""},
		{"two with something in common", []sender{{"chrome", 5}, {"firefox", 5}}, []string{"inspection"}, ""},
		{"a stray flow", []sender{{"chrome", 95}, {"firefox", 5}}, []string{"boringssl", "inspection"}, ""},
		{"nothing in common", []sender{{"Mail", 5}, {"firefox", 5}}, nil, "programs of several libraries"},
		{"a program that is not known", []sender{{"x", 5}}, nil, "the program is not known"},
		{"an excluded one", []sender{{"proxy.exe", 5}}, nil, "a proxy"},
		{"most are excluded", []sender{{"proxy.exe", 50}, {"chrome", 5}}, nil, "most flows are of programs that are left out"},
		{"few are", []sender{{"proxy.exe", 5}, {"chrome", 50}}, []string{"boringssl", "inspection"}, ""},
	}
	for _, test := range tests {
		got := m.truth(&kind{senders: test.senders})
		if !slices.Equal(got.libraries, test.want) || got.excluded != test.excluded {
			t.Errorf("%s: %v %q, want %v %q", test.name, got.libraries, got.excluded, test.want, test.excluded)
		}
	}
	if got := m.truth(&kind{cut: true, senders: tests[0].senders}); got.libraries != nil {
		t.Errorf("a hello that is cut off: %v", got.libraries)
	}
}

// Every line of the mapping is for a process, has a reason, and names a family.
func TestMappingOfTheRepository(t *testing.T) {
	m, err := readMapping("mapping.tsv")
	if err != nil {
		t.Fatal(err)
	}
	families := []string{
		"openssl", "libressl", "schannel", "securetransport", "boringssl", "nss", "gnutls", "java-jsse",
		"go", "nodejs", "erlang", "mbedtls", "mono-tls", "inspection",
	}
	seen := map[string]bool{}
	for _, p := range m {
		if p.process == "" || p.why == "" || seen[p.process] {
			t.Errorf("%q: empty, without a reason, or a second time", p.process)
		}
		seen[p.process] = true
		for _, l := range p.libraries {
			if !slices.Contains(families, l) {
				t.Errorf("%s: library %q", p.process, l)
			}
		}
	}
}
