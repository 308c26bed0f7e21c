package options

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
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
