package options

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"tlsfloor/cmd/internal/report"
)

// A terminal shows --help without breaking a line, and every option is in one group.
func TestUsage(t *testing.T) {
	text := Usage()
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	new(Options).flags().VisitAll(func(f *pflag.Flag) {
		want := 1
		if f.Hidden {
			want = 0
		}
		n := 0
		for line := range strings.Lines(text) {
			if head, _, _ := strings.Cut(strings.TrimSuffix(line, "\n")[min(6, len(line)-1):], " "); head == "--"+f.Name || f.Name == f.Shorthand && strings.HasPrefix(line, "  -"+f.Name+" ") {
				n++
			}
		}
		if n != want {
			t.Errorf("--%s is there %d times, want %d", f.Name, n, want)
		}
	})
}

// So it is for "tlsfloor explain --help".
func TestExplainUsage(t *testing.T) {
	text := ExplainUsage()
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	new(Explain).flags().VisitAll(func(f *pflag.Flag) {
		if strings.Count(text, "--"+f.Name+" ") != 1 {
			t.Errorf("--%s is not there once", f.Name)
		}
	})
}

// So it is for "tlsfloor ship --help".
func TestShipUsage(t *testing.T) {
	text := ShipUsage()
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	new(Ship).flags().VisitAll(func(f *pflag.Flag) {
		want := 1
		if f.Hidden {
			want = 0
		}
		if n := len(regexp.MustCompile("(?m)^  (-.,|   ) --"+f.Name+"[ \n]").FindAllString(text, -1)); n != want {
			t.Errorf("--%s is not there once", f.Name)
		}
	})
}

func TestParseExplain(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want Explain
		err  string
	}{
		{nil, Explain{Top: report.DefaultExplained}, ""},
		{[]string{"a", "--top", "3", "-", "--client=curl", "--since", "7d"}, Explain{Names: []string{"a", "-"}, Top: 3, Client: "curl", Since: "7d"}, ""},
		{[]string{"--top=all", "-h"}, Explain{Help: true}, ""},
		{[]string{"--top", "0", "--", "--top"}, Explain{Names: []string{"--top"}}, ""},
		{[]string{"--top", "some"}, Explain{}, "explain: --top some: must be a whole number, or all"},
		{[]string{"--top", "99999999999"}, Explain{}, "explain: --top 99999999999: too large"},
		{[]string{"--client"}, Explain{}, "explain: --client: needs a value"},
		{[]string{"-i", "eth0"}, Explain{}, "explain: unknown option: -i (--help lists the options)"},
	} {
		got, err := ParseExplain(tt.args)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: %v, want %s", tt.args, err, tt.err)
			}
			continue
		}
		if err != nil || got.Top != tt.want.Top || got.Client != tt.want.Client || got.Since != tt.want.Since || got.Help != tt.want.Help || !slices.Equal(got.Names, tt.want.Names) {
			t.Errorf("%q: %+v, %v", tt.args, got, err)
		}
	}
}
