package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// schema is a JSON schema, or a part of one, with the members that are used here.
type schema struct {
	Ref         string            `json:"$ref"`
	Description string            `json:"description"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Const       any               `json:"const"`
	Enum        []string          `json:"enum"`
	Required    []string          `json:"required"`
	Properties  properties        `json:"properties"`
	Items       *schema           `json:"items"`
	Examples    []json.RawMessage `json:"examples"`
	Minimum     *int              `json:"minimum"`
	Maximum     *int              `json:"maximum"`
	Defs        map[string]schema `json:"$defs"`
}

// properties are the members of an object, in the order of the file.
type properties []property

type property struct {
	name string
	of   schema
}

// UnmarshalJSON reads an object of schemas.
func (p *properties) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var of schema
		if err := d.Decode(&of); err != nil {
			return err
		}
		*p = append(*p, property{name.(string), of})
	}
	return nil
}

func readSchema(text []byte) (*schema, error) {
	s := new(schema)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	if len(s.Defs) == 0 {
		return nil, fmt.Errorf("the schema defines nothing")
	}
	return s, nil
}

// resolve returns what a schema says together with what it refers to. Its own words come first.
func (s *schema) resolve(of schema) (schema, error) {
	if of.Ref == "" {
		return of, nil
	}
	name := strings.TrimPrefix(of.Ref, "#/$defs/")
	to, ok := s.Defs[name]
	if !ok {
		return of, fmt.Errorf("the schema refers to %s, which is not there", of.Ref)
	}
	if of.Description != "" {
		// What is said of all marks is said of this one, too.
		to.Description = strings.Join(append([]string{meaning(of.Description)}, absences(of.Description+" "+to.Description)...), " ")
	}
	if of.Examples != nil {
		to.Examples = of.Examples
	}
	return s.resolve(to)
}

// typeName returns the type of a field in words.
func (s *schema) typeName(of schema) (string, error) {
	of, err := s.resolve(of)
	if err != nil {
		return "", err
	}
	switch {
	case of.Const != nil:
		return fmt.Sprintf("always `%v`", of.Const), nil
	case of.Enum != nil:
		return "`" + strings.Join(of.Enum, "`, `") + "`", nil
	case of.Type == "array":
		items, err := s.typeName(*of.Items)
		return "list of " + items, err
	case of.Type == "integer" && of.Maximum != nil:
		return fmt.Sprintf("number, %d to %d", *of.Minimum, *of.Maximum), nil
	case of.Type == "integer":
		return "number", nil
	case of.Type == "boolean":
		return "`true`, `false`", nil
	case of.Format == "date-time":
		return "time (RFC 3339, UTC)", nil
	case of.Type == "string":
		return "text", nil
	}
	return of.Type, nil
}

// members returns the members of an object, or of the objects in a list.
func (s *schema) members(of schema) (schema, error) {
	of, err := s.resolve(of)
	if err == nil && of.Items != nil {
		return s.resolve(*of.Items)
	}
	return of, err
}

func (s *schema) requires(name string) bool { return slices.Contains(s.Required, name) }

// meaning returns a description without the sentences that say when the field is absent.
func meaning(description string) string {
	return strings.Join(slices.DeleteFunc(sentences(description), isAbsence), " ")
}

// absences returns those sentences.
func absences(description string) []string {
	return slices.DeleteFunc(sentences(description), func(s string) bool { return !isAbsence(s) })
}

func isAbsence(sentence string) bool { return strings.HasPrefix(sentence, "Absent ") }

func sentences(text string) (all []string) {
	for text != "" {
		one, rest, found := strings.Cut(text, ". ")
		if found {
			one += "."
		}
		all, text = append(all, one), rest
	}
	return all
}
