package foreign

import (
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/golden"
)

// root is the path to the repository.
const root = "../../.."

// eachRecorded calls do for every finding of every recorded capture, as it was
// read back from the golden native event.
func eachRecorded(t *testing.T, do func(t *testing.T, f *classify.Finding)) {
	t.Helper()
	for name, lines := range golden.Events(t, root) {
		t.Run(name, func(t *testing.T) {
			for _, f := range findingsOf(t, lines) {
				do(t, f)
			}
		})
	}
}

// findingsOf reads the handshakes among native events.
func findingsOf(t testing.TB, lines [][]byte) (all []*classify.Finding) {
	t.Helper()
	for _, line := range lines {
		if f, _ := mustRead(t, line); f != nil {
			all = append(all, f)
		}
	}
	return all
}

func mustRead(t testing.TB, line []byte) (*classify.Finding, *event.Stats) {
	t.Helper()
	f, s, err := event.Read(line)
	if err != nil || (f == nil) == (s == nil) {
		t.Fatalf("%v: %s", err, line)
	}
	return f, s
}
