package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/classify/event"
	formats "tlsfloor/classify/event/lines"
)

// TestFormatsOfEvents compares what a run writes in each format with what is made of its
// native events, read back.
func TestFormatsOfEvents(t *testing.T) {
	all := []string{"native", "ecs", "ocsf", "eve", "zeek", "text", "csv"}
	written := 0
	for _, name := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			args := []string{"--certificates", "--emit", "all"}
			for _, format := range all {
				args = append(args, "--output", "file:"+filepath.Join(folder, format)+"?format="+format)
			}
			replay(t, append(args, "-r", filepath.Join(captures, name))...)
			for _, format := range all {
				got := reformatted(t, filepath.Join(folder, "native"), format)
				want, err := os.ReadFile(filepath.Join(folder, format))
				if err != nil {
					t.Fatal(err)
				}
				written += bytes.Count(want, []byte("\n"))
				if !bytes.Equal(got, want) {
					t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
				}
			}
		})
	}
	if written < 1000 {
		t.Errorf("only %d events", written)
	}
}

// reformatted returns the native events of a file in another format.
func reformatted(t *testing.T, file, format string) []byte {
	t.Helper()
	native, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	encode, err := formats.ParseFormat(format, event.Sensor{}, formats.Style{})
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(formats.Header(format))
	for line := range bytes.Lines(native) {
		f, counts, err := event.Read(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		before := len(out)
		if f != nil {
			out = encode.AppendFinding(out, f)
		} else {
			out = encode.AppendStats(out, counts)
		}
		if len(out) > before {
			out = append(out, '\n')
		}
	}
	return out
}
