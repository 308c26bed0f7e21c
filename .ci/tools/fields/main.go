// Fields writes docs/fields.md: every field of the events, by docs/event.schema.json.
//
//	go run ./fields FOLDER
//
// FOLDER holds the repository. A field's description in the schema is its meaning here; a
// sentence of it that begins with "Absent" says when the field is not there. The example is
// the first in testdata/golden, else the schema's own.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: fields FOLDER")
	}
	page, err := makePage(os.Args[1])
	if err == nil {
		err = os.WriteFile(pagePath(os.Args[1]), page, 0o644)
	}
	if err != nil {
		log.Fatalf("fields: %v", err)
	}
}

func pagePath(folder string) string { return filepath.Join(folder, "docs", "fields.md") }

// makePage returns the page for the schema and the recorded events below folder.
func makePage(folder string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(folder, "docs", "event.schema.json"))
	if err != nil {
		return nil, err
	}
	s, err := readSchema(text)
	if err != nil {
		return nil, err
	}
	seen, err := readExamples(filepath.Join(folder, "testdata", "golden"))
	if err != nil {
		return nil, err
	}
	return s.page(seen)
}
