package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

const repository = "../../.."

// TestPageIsCurrent fails when docs/fields.md falls behind the schema or the recorded events.
func TestPageIsCurrent(t *testing.T) {
	want, err := makePage(repository)
	if err != nil {
		t.Fatal(err)
	}
	has, err := os.ReadFile(pagePath(repository))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(has, want) {
		t.Error(`docs/fields.md is not what "make fields" makes`)
	}
	if rows := bytes.Count(want, []byte("\n| `")); rows < 100 {
		t.Errorf("%d fields", rows)
	}
}

const small = `{"description": "All of it.", "$defs": {
	"handshake": {"description": "One.", "required": ["z"], "properties": {
		"z": {"type": "integer", "minimum": 0, "maximum": 255, "description": "Last in the alphabet. Absent never. And first here."},
		"a": {"$ref": "#/$defs/mark", "description": "It is so."},
		"list": {"type": "array", "description": "Things. Absent when there are none.", "items": {"type": "object", "properties": {
			"name": {"type": "string", "description": "Its name: a|b, or ***.", "examples": ["made up"]},
			"of": {"enum": ["x", "y"], "description": "Whose."}}}}}},
	"stats": {"description": "Counts.", "properties": {"n": {"const": "s", "description": "Always."}}},
	"mark": {"const": true, "description": "A mark. Absent when not."}}}`

const smallTables = `
## handshake

One.

| field | type | meaning | absent | example |
| --- | --- | --- | --- | --- |
| ''z'' | number, 0 to 255 | Last in the alphabet. And first here. | never | ''7'' |
| ''a'' | always ''true'' | It is so. | when not |  |
| ''list'' | list of object | Things. | when there are none | below |

### list of handshake

| field | type | meaning | absent | example |
| --- | --- | --- | --- | --- |
| ''list.name'' | text | Its name: a\|b, or \*\*\*. |  | *''"made up"''* |
| ''list.of'' | ''x'', ''y'' | Whose. |  | ''"y"'' |

## stats

Counts.

| field | type | meaning | absent | example |
| --- | --- | --- | --- | --- |
| ''n'' | always ''s'' | Always. |  |  |
`

func TestPage(t *testing.T) {
	s, err := readSchema([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	seen := examples{}
	seen.take("handshake", []byte(`{"z":7,"list":[{"of":"y"}]}`))
	page, err := s.page(seen)
	if err != nil {
		t.Fatal(err)
	}
	if _, tables, _ := strings.Cut(string(page), "made up.\n"); tables != strings.ReplaceAll(smallTables, "''", "`") {
		t.Errorf("%s", page)
	}
	for old, bad := range map[string]string{
		"Always.":        "",
		"#/$defs/mark":   "#/$defs/nothing",
		`"stats": {`:     `"counts": {`,
		`{"description"`: `["description"`,
		"Whose.":         "Absent always.",
		`"$defs": {`:     `"defs": {`,
	} {
		if s, err := readSchema([]byte(strings.Replace(small, old, bad, 1))); err == nil {
			if _, err := s.page(seen); err == nil {
				t.Errorf("with %q for %q it makes a page", bad, old)
			}
		}
	}
}
