package event

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// published is the folder with the definitions that others publish: ECS, OCSF and
// Suricata's EVE. It is next to the repository, not in it.
const published = "../../../shared/schemas"

// definition is the path of a published definition.
func definition(t testing.TB, name ...string) string {
	t.Helper()
	file := filepath.Join(append([]string{published}, name...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("needs the published definitions: %v", err)
	}
	return file
}

// complainer checks an event against a definition, and returns a line for each error.
type complainer interface {
	complaints(event map[string]any) []string
}

func validateWith(t *testing.T, schema complainer, line []byte) {
	t.Helper()
	for _, c := range schema.complaints(decodeEvent(t, line)) {
		t.Errorf("%s\n%s", c, line)
	}
}

// decodeEvent keeps numbers as they are written.
func decodeEvent(t testing.TB, line []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var event map[string]any
	if err := d.Decode(&event); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return event
}

func readJSON(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// at returns the value at a path of an event; nil: absent.
func at(event any, path ...string) any {
	for _, key := range path {
		object, _ := event.(map[string]any)
		event = object[key]
	}
	return event
}

// literal is a value as JSON writes it.
func literal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
