package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Lines of a journal are native events, and their readers get the events as they were.
func TestRecordedEvents(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "docs", "event.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(root, "testdata", "golden", "*.jsonl"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	events := uint64(0)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for event := range bytes.Lines(text) {
			event = bytes.TrimSuffix(event, []byte("\n"))
			line := bytes.TrimSuffix(appendLine(nil, event, events), []byte("\n"))
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
			if err == nil {
				err = schema.Validate(value)
			}
			index, body, ok := checked(line)
			if err != nil || !ok || index != events || string(line[:body])+"}" != string(event) {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
			events++
		}
	}
	t.Logf("%d events", events)
}
