// Package golden compares what a test got with a file that a person has checked.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Compare fails the test unless the file holds got. With update, which is the test's own
// -update flag, it writes got to the file.
func Compare(t testing.TB, file string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s\n(go test -update writes it anew)", file, got, want)
	}
}

// Events returns the golden native events, by the name of their capture. The tests of
// cmd/tlsfloor compare them with the captures. root is the path to the repository.
func Events(t testing.TB, root string) map[string][][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "testdata", "golden", "*.jsonl"))
	if err != nil || len(paths) < 100 {
		t.Fatalf("only %d captures: %v", len(paths), err)
	}
	all := make(map[string][][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		for line := range bytes.Lines(text) {
			all[name] = append(all[name], bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return all
}
