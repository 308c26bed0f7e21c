package event

import (
	"bytes"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/golden"
)

// root is the path to the repository.
const root = "../.."

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

func mustRead(t testing.TB, line []byte) (*classify.Finding, *Stats) {
	t.Helper()
	f, s, err := Read(line)
	if err != nil || (f == nil) == (s == nil) {
		t.Fatalf("%v: %s", err, line)
	}
	return f, s
}

// Every native event of the recorded captures is read, and encoded again to the same
// bytes.
func TestRecordedEventsComeBack(t *testing.T) {
	handshakes, stats := 0, 0
	for name, lines := range golden.Events(t, root) {
		for _, line := range lines {
			var got []byte
			if f, s := mustRead(t, line); f != nil {
				got, handshakes = appendNative(nil, f, Sensor{}), handshakes+1
			} else {
				got, stats = NewNative(Sensor{}).AppendStats(nil, s), stats+1
			}
			if !bytes.Equal(got, line) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, line)
			}
		}
	}
	if handshakes < 150 || stats < 5 {
		t.Errorf("only %d handshakes and %d counts", handshakes, stats)
	}
}
