// Package jsonline looks into lines of JSON for tests.
package jsonline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// Decode reads an object. It keeps numbers as they are written.
func Decode(t testing.TB, line []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var event map[string]any
	if err := d.Decode(&event); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return event
}

// At returns the value at a path of an object; nil: absent.
func At(object any, path ...string) any {
	for _, key := range path {
		members, _ := object.(map[string]any)
		object = members[key]
	}
	return object
}

// Literal is a value as JSON writes it.
func Literal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// CheckPrintable fails unless a line is printable ASCII.
func CheckPrintable(t testing.TB, line []byte) {
	t.Helper()
	for i, c := range line {
		if c < ' ' || c > '~' {
			t.Fatalf("byte %d is %#x: %q", i, c, line)
		}
	}
}

// Difference returns where two lines begin to differ.
func Difference(got, want []byte) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(i-40, 0)
	return fmt.Sprintf("at byte %d: got %.200s, want %.200s", i, got[from:], want[from:])
}
