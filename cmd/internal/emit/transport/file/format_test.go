package file

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/emit/transport"
)

// linesIn makes a batch of n lines of a format.
func linesIn(t *testing.T, format string, n int) *transport.Batch {
	t.Helper()
	by, err := lines.ParseFormat(format, event.Sensor{}, lines.Style{})
	if err != nil {
		t.Fatal(err)
	}
	b := new(transport.Batch)
	for i := range n {
		f := &classify.Finding{Host: fmt.Sprintf("host%d.example", i), Reason: "selected TLSv1, below the floor"}
		f.Time = time.Date(2026, 3, 1, 12, 0, i, 0, time.UTC).UnixNano()
		b.Add(by.AppendFinding(b.Text(), f), transport.Mark{})
	}
	return b
}

// Every file of CSV begins with the header, once: a new one, one that is continued, one
// that was rotated, and one that has no line yet.
func TestHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.csv")
	header := string(lines.Header("csv"))
	all := linesIn(t, "csv", 30)
	for i := range 3 {
		f := open(t, Options{Path: path, Format: "csv", Size: 2000})
		if i == 0 && read(t, path) != header {
			t.Errorf("without lines: %q", read(t, path))
		}
		part := new(transport.Batch)
		for n := 10 * i; n < 10*i+10; n++ {
			part.Add(append(part.Text(), all.Line(n)...), transport.Mark{})
		}
		deliver(t, f, part)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	names := append(rotatedOf(t, open(t, Options{Path: path, Format: "csv"})), path)
	if len(names) < 3 {
		t.Errorf("%d files", len(names))
	}
	rows := ""
	for _, name := range names {
		rest, ok := strings.CutPrefix(read(t, name), header)
		if !ok || strings.Contains(rest, header) {
			t.Errorf("%s: %q", name, read(t, name))
		}
		rows += rest
	}
	if rows != string(all.Lines(0, 30)) {
		t.Errorf("%q", rows)
	}
}

// A file that has only the header is not rotated.
func TestHeaderAloneIsNotRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.csv")
	f := open(t, Options{Path: path, Format: "csv", Every: time.Minute})
	defer f.Close()
	now := time.Now()
	f.now = func() time.Time { return now.Add(10 * time.Minute) }
	deliver(t, f, linesIn(t, "csv", 1))
	if n := len(rotatedOf(t, f)); n != 0 {
		t.Errorf("%d files were moved aside", n)
	}
}

// What a file of text or CSV may end in, and what is made of it.
func TestRepairOfLines(t *testing.T) {
	text, rows, header := linesIn(t, "text", 2), linesIn(t, "csv", 2), string(lines.Header("csv"))
	whole, table := string(text.Lines(0, 2)), header+string(rows.Lines(0, 2))
	const foreign = "-"
	for _, tt := range []struct{ format, was, is string }{
		{"text", whole, whole},
		{"text", whole + "2026-03-01T12:00:0", whole},
		{"text", whole + "anything", whole}, // a style may have no time
		{"text", "2026-03-", ""},
		{"text", "root:x:0:0:root:/root:/bin/bash\n", foreign},
		{"text", "root:x:0", foreign},
		{"text", "{\"n\":1}\n", foreign},
		{"csv", table, table},
		{"csv", strings.TrimSuffix(table, "\n"), table},
		{"csv", strings.TrimSuffix(table, "\r\n"), header + string(rows.Lines(0, 1))},
		{"csv", header, header},
		{"csv", header[:20], header},
		{"csv", "a,b,c\n1,2,3\n", foreign},
		{"csv", whole, foreign},
		{"", whole, foreign},
		{"ecs", table, foreign},
	} {
		path := filepath.Join(t.TempDir(), "events")
		if err := os.WriteFile(path, []byte(tt.was), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(Options{Path: path, Format: tt.format})
		switch {
		case tt.is == foreign && (err == nil || !strings.Contains(err.Error(), "not writing to it") || read(t, path) != tt.was):
			t.Errorf("%s %.30q: %v, %q", tt.format, tt.was, err, read(t, path))
		case tt.is != foreign && (err != nil || read(t, path) != tt.is):
			t.Errorf("%s %.30q: %v, %q, want %q", tt.format, tt.was, err, read(t, path), tt.is)
		}
		if err == nil {
			f.Close()
		}
	}
}
