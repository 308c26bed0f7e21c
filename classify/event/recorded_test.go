package event

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tlsfloor/classify"
)

// goldenEvents is the folder with the native events of each recorded capture, which the
// tests of cmd/tlsfloor compare with the captures.
const goldenEvents = "../../testdata/golden"

// recordedLines are the golden native events, by the name of their capture.
var recordedLines = sync.OnceValues(func() (map[string][][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(goldenEvents, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	all := make(map[string][][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		for line := range bytes.Lines(text) {
			all[name] = append(all[name], bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return all, nil
})

// eachRecorded calls do for every finding of every recorded capture, as it was
// read back from the golden native event.
func eachRecorded(t *testing.T, do func(t *testing.T, f *classify.Finding)) {
	t.Helper()
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d captures", len(all))
	}
	for name, lines := range all {
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
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	handshakes, stats := 0, 0
	for name, lines := range all {
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
