package session

import (
	"os"
	"strings"
	"testing"

	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// TestAnomaliesAreDocumented: docs/outputs.md explains each anomaly that an event
// can have.
func TestAnomaliesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append(append(handshake.Anomalies(), packetAnomalyNames[:]...), policy.Downgrade, policy.SelectedNotOffered, policy.NameMismatch, policy.SNINotName)
	names = (parse.MalformedHello<<1 - 1).AppendNames(names)
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not explained", name)
		}
	}
}
