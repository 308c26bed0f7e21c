//go:build !race

package foreign

import (
	"regexp"
	"runtime"
	"testing"

	"tlsfloor/classify/testing/findings"
)

// Only encoding/json and the texts of addresses and times allocate. The race detector
// empties the pools of encoding/json at random.
func TestFormatsAllocateLittle(t *testing.T) {
	share := 1.0
	if regexp.MustCompile(`^go1\.2[45]\b`).MatchString(runtime.Version()) {
		share = 1.25 // encoding/json allocated up to a fifth more before Go 1.26
	}
	f, dst := findings.Violation(), make([]byte, 0, 8192)
	for _, tt := range foreign {
		format := parseFormat(t, tt.name, sensor)
		for _, f.Flagged = range []bool{true, false} {
			if n := testing.AllocsPerRun(100, func() { dst = format.AppendFinding(dst[:0], f) }); n > share*tt.allocations {
				t.Errorf("%s: %v allocations, want at most %v", tt.name, n, share*tt.allocations)
			}
		}
	}
}
