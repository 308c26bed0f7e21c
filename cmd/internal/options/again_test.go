package options

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SUDO_USER", "")
	var many, some []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("week/day %02d.pcap", i))
	}
	for i := range 40 {
		some = append(some, fmt.Sprintf("%02d.pcap", i))
	}
	for _, name := range slices.Concat(many, some, []string{"a b.pcap.gz", "it's", "c.pcap0", "\x1b[2J.cap"}) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args []string
		with []string
		want string
	}{
		{[]string{"-r", "c.pcap0"}, []string{"-q"}, "tlsfloor -q -r c.pcap0"},
		{[]string{"-qr", "c.pcap0"}, []string{"-q"}, "tlsfloor -q -qr c.pcap0"},
		{[]string{"-r", "a b.pcap.gz", "it's", "\x1b[2J.cap", "port", "443"}, []string{"-q"}, `tlsfloor -q -r 'a b.pcap.gz' 'it'\''s' $'\033[2J.cap' port 443`},
		{[]string{"-i", "eth0", "-i", "eth1", "--process", "--", "tcp port 443"}, []string{"-q"}, "tlsfloor -q -i eth0 -i eth1 --process -- 'tcp port 443'"},
		{[]string{"--emit", "aws", "-r", "c.pcap0", "--emit=all", "-q"}, []string{"--emit", "all"}, "tlsfloor --emit all -r c.pcap0 -q"},
		{[]string{"--format", "text", "--emit", "all", "-r", "c.pcap0"}, []string{"-q", "--format", "native"}, "tlsfloor -q --format native --emit all -r c.pcap0"},
		{slices.Concat([]string{"-r"}, many, []string{"--workers", "2"}), []string{"-q"}, "tlsfloor -q -r week/*.pcap --workers 2"},
		{[]string{"-r", "c.pcap0", "-w", "old", "--rotate-seconds=0", "port", "443"}, []string{"-q"}, "tlsfloor -q -r c.pcap0 port 443"},
		{slices.Concat([]string{"-r"}, some, many), []string{"-q"}, "tlsfloor -q -r *.pcap week/*.pcap"},
		{slices.Concat([]string{"-r"}, many[1:]), []string{"-q"}, ""},
		{[]string{"-r", "c.pcap0", "--", strings.Repeat("tcp or ", 30) + "udp"}, []string{"-q"}, ""},
	} {
		o, err := Parse(tt.args)
		if err != nil {
			t.Fatalf("%q: %v", tt.args, err)
		}
		if got := o.Again(tt.with...); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.args, got, tt.want)
		}
	}
	t.Setenv("SUDO_USER", "alice")
	o, err := Parse([]string{"-i", "any"})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Again("-q"); got != "sudo tlsfloor -q -i any" {
		t.Error(got)
	}
}

// BenchmarkAgain is the start of a run on nearly all captures of a folder, for which there
// is no pattern.
func BenchmarkAgain(b *testing.B) {
	b.Chdir(b.TempDir())
	args := []string{"-r"}
	for i := range 3000 {
		name := fmt.Sprintf("%04d.pcap", i)
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			b.Fatal(err)
		}
		args = append(args, name)
	}
	o, err := Parse(append(args[:1], args[2:]...))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if o.Again("-q") != "" {
			b.Fatal("a command for two lines")
		}
	}
}
