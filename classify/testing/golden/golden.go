// Package golden compares what a test got with a file that a person has checked.
package golden

import (
	"bytes"
	"os"
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
