package emit

import (
	"testing"

	"tlsfloor/parse"
)

func TestVersionText(t *testing.T) {
	for n := range 1 << 16 {
		if v := parse.Version(n); versionText(v) != v.String() {
			t.Errorf("%#04x: %s, want %s", n, versionText(v), v)
		}
	}
}
