package main

import (
	"bytes"
	"fmt"
	"strings"
)

const introduction = `<!-- made by "make fields" of event.schema.json: change that -->
# Fields

Every line that tlsfloor writes in its native format is one JSON object, of the kind
[handshake](#handshake) or [stats](#stats). This page is made of
[event.schema.json](event.schema.json), which programs can use to check events.
[outputs.md](outputs.md) has the other formats, the [causes](outputs.md#what-could-not-be-seen)
of what could not be seen, and the [anomalies](outputs.md#anomalies).

%s

Where the column "absent" is empty, a field is absent when it is not known. The last column
has a value of a recorded event; those in *italics* are made up.
`

// page returns the page, with the examples where there are any.
func (s *schema) page(seen examples) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, introduction, wrapped(s.Description))
	for _, kind := range []string{"handshake", "stats"} {
		of, known := s.Defs[kind]
		if !known {
			return nil, fmt.Errorf("the schema does not define %s", kind)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", kind, wrapped(of.Description))
		if err := s.table(&b, seen, kind, "", of); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// table writes the table of an object's members, and below it those of the objects in it.
func (s *schema) table(b *bytes.Buffer, seen examples, kind, prefix string, of schema) error {
	fmt.Fprintf(b, "\n| field | type | meaning | absent | example |\n| --- | --- | --- | --- | --- |\n")
	inner := []property{}
	for _, p := range of.Properties {
		whole, err := s.resolve(p.of)
		if err != nil {
			return err
		}
		members, err := s.members(p.of)
		if err != nil {
			return err
		}
		if err := s.row(b, seen, kind+"."+prefix+p.name, prefix+p.name, whole, of.requires(p.name), members.Properties != nil); err != nil {
			return err
		}
		if members.Properties != nil {
			inner = append(inner, property{p.name, members})
		}
	}
	for _, p := range inner {
		fmt.Fprintf(b, "\n### %s%s of %s\n", prefix, p.name, kind)
		if err := s.table(b, seen, kind, prefix+p.name+".", p.of); err != nil {
			return err
		}
	}
	return nil
}

// row writes the row of a field.
func (s *schema) row(b *bytes.Buffer, seen examples, path, name string, of schema, required, object bool) error {
	kind, err := s.typeName(of)
	if err != nil {
		return err
	}
	means := meaning(of.Description)
	if means == "" {
		return fmt.Errorf("the schema does not say what %s is", path)
	}
	absent := strings.Join(absences(of.Description), " ")
	if required {
		absent = "never"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", name, kind, words(means), words(withoutWord(absent)), example(seen[path], of, object))
	return nil
}

// withoutWord returns "when it is so" of "Absent when it is so."
func withoutWord(absence string) string {
	return strings.TrimSuffix(strings.TrimPrefix(absence, "Absent "), ".")
}

// example returns the cell with a value. An object has its members in a table of their own.
func example(recorded string, of schema, object bool) string {
	switch {
	case object:
		return "below"
	case recorded != "":
		return code(recorded)
	case len(of.Examples) > 0:
		return "*" + code(string(of.Examples[0])) + "*"
	}
	return ""
}

func code(text string) string { return "`" + cell(shortened(text)) + "`" }

// words makes a text one that a table can hold and that is shown as it is.
func words(text string) string { return strings.ReplaceAll(cell(text), "*", `\*`) }

// cell makes a text one that a table can hold.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// wrapped breaks a text into lines of at most 90 characters.
func wrapped(text string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > 90 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}
