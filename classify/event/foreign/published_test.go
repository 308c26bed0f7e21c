package foreign

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/classify/testing/jsonline"
)

// published is the folder with the definitions that others publish: ECS, OCSF and
// Suricata's EVE. It is next to the repository, not in it.
const published = root + "/../shared/schemas"

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
	for _, c := range schema.complaints(jsonline.Decode(t, line)) {
		t.Errorf("%s\n%s", c, line)
	}
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
