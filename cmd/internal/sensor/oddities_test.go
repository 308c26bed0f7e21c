package sensor

import (
	"math/bits"
	"os"
	"strings"
	"testing"

	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// TestAnomaliesAreDocumented: docs/outputs.md explains each anomaly that an event
// can have.
func TestAnomaliesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append(oddityNames[:], policy.Downgrade, policy.SelectedNotOffered, policy.NameMismatch, policy.SNINotName)
	names = (parse.MalformedHello<<1 - 1).AppendNames(names)
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not explained", name)
		}
	}
	if last := bits.TrailingZeros32(uint32(helloCut)); last != len(oddityNames)-1 {
		t.Errorf("%d oddities have %d names", last+1, len(oddityNames))
	}
}
