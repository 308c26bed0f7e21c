package ship

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/transport"
)

// recorded returns the events of recorded captures.
func recorded(t testing.TB) (lines [][]byte) {
	t.Helper()
	names, err := filepath.Glob("../../../testdata/golden/*.jsonl")
	if err != nil || len(names) == 0 {
		t.Fatal("no recorded events", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			lines = append(lines, bytes.TrimSuffix(line, []byte{'\n'}))
		}
	}
	return lines
}

// readWhole reads the same by the reader of whole events.
func readWhole(line []byte) (h head, ok bool) {
	f, c, err := event.Read(line)
	switch {
	case err != nil:
		return head{}, false
	case c != nil:
		return head{kind: transport.Stats, time: c.Time, host: []byte(c.Sensor.Host)}, true
	case f == nil:
		return head{}, true
	}
	return head{time: f.Time, flagged: f.Flagged, inScope: f.InScope, violation: f.Verdict == classify.Violation, host: []byte(f.Sensor.Host)}, true
}

func equal(a, b head) bool {
	sameHost := bytes.Equal(a.host, b.host)
	a.host, b.host = nil, nil
	return sameHost && a.kind == b.kind && a.time == b.time &&
		(a.kind == transport.Stats || a.violation == b.violation && a.flagged == b.flagged && a.inScope == b.inScope)
}

func TestHeadsOfRecordedEvents(t *testing.T) {
	kinds := map[transport.Kind]int{}
	severities := map[transport.Severity]int{}
	for _, line := range recorded(t) {
		got, ok := readHead(line)
		want, whole := readWhole(line)
		if !ok || !whole || !equal(got, want) {
			t.Errorf("%s: %+v, want %+v", line, got, want)
		}
		kinds[got.kind]++
		severities[got.severity()]++
	}
	if len(kinds) != 2 || len(severities) != 3 {
		t.Errorf("%v, %v", kinds, severities)
	}
}

func TestWhatIsNoEvent(t *testing.T) {
	for _, line := range []string{
		``, `{}`, `[]`, `null`, `{"schema":"other/1"}`, `{"schema":"tlsfloor/1"`, `{"schema":"tlsfloor/1"} x`, `{"schema":["tlsfloor/1"]}`,
		`{"schema":"tlsfloor/1","kind":}`, `{"kind":"handshake"}`,
	} {
		if h, ok := readHead([]byte(line)); ok {
			t.Errorf("%s: %+v", line, h)
		}
	}
	h, ok := readHead([]byte(`{"sensor":[1],"ts":1,"flagged":"true","verdict":{},"schema":"tlsfloor/2"}`))
	if !ok || h.flagged || h.time != 0 || h.severity() != transport.Informational {
		t.Errorf("%+v, %t", h, ok)
	}
}

func TestHeadAllocatesNothing(t *testing.T) {
	line := recorded(t)[0]
	if n := testing.AllocsPerRun(100, func() { readHead(line) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHead(b *testing.B) {
	lines := recorded(b)
	for name, read := range map[string]func([]byte) (head, bool){"head": readHead, "whole": readWhole} {
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				read(lines[i%len(lines)])
			}
		})
	}
}

// Whatever a line has, it is read as encoding/json reads it: which takes names of members
// in any case, so those are left out.
func FuzzReadHead(f *testing.F) {
	for i, line := range recorded(f) {
		if i%10 == 0 {
			f.Add(line)
		}
	}
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":true,"sensor":{"host":"\u00e9\n"}}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","ts":"2026-03-01T12:00:00+02:00","flagged":true,"flagged":false}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		got, ok := readHead(line)
		want, whole := readWhole(line)
		switch {
		case ok && !bytes.Contains(line, []byte("tlsfloor/")), !ok && whole && !hasOtherCase(line):
			t.Errorf("%q is an event: %t, as a whole: %t", line, ok, whole)
		case ok && whole && want.kind == got.kind && isPlain(line) && !equal(got, want):
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	})
}

// hasOtherCase reports whether "schema" may be a member in capitals, or a nesting is too
// deep for the reader of heads.
func hasOtherCase(line []byte) bool {
	return !bytes.Contains(line, []byte(`"schema"`)) || bytes.Count(line, []byte{'{'})+bytes.Count(line, []byte{'['}) > 60
}

// isPlain reports whether members are not repeated, and have no letters in capitals. Those
// of times may be there.
func isPlain(line []byte) bool {
	small := bytes.ContainsFunc(line, func(r rune) bool { return unicode.IsUpper(r) && r != 'T' && r != 'Z' })
	if bytes.Count(line, []byte("{")) > 2 || bytes.Contains(line, []byte(`\`)) || small || bytes.Contains(line, []byte(`"T`)) {
		return false
	}
	for _, key := range []string{"schema", "kind", "ts", "flagged", "in_scope", "verdict", "sensor", "host"} {
		if bytes.Count(line, []byte(`"`+key+`"`)) > 1 {
			return false
		}
	}
	return true
}
