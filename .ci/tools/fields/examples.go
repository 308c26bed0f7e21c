package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// longExample is from how many bytes on an example is shortened.
const longExample = 90

// examples are values of fields, by the path of names: "handshake.client.ja4".
type examples map[string]string

// readExamples reads the values of recorded events. The first of a field counts.
func readExamples(folder string) (examples, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("no recorded events in " + folder)
	}
	seen := examples{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			var event map[string]json.RawMessage
			if err := json.Unmarshal(line, &event); err != nil {
				return nil, err
			}
			var kind string
			if err := json.Unmarshal(event["kind"], &kind); err != nil {
				return nil, err
			}
			seen.take(kind, line)
		}
	}
	return seen, nil
}

// take remembers a value, and those in it.
func (x examples) take(path string, value json.RawMessage) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(value, &object) == nil:
		for name, v := range object {
			x.take(path+"."+name, v)
		}
		return
	case json.Unmarshal(value, &list) == nil:
		for _, v := range list {
			if len(v) > 0 && v[0] == '{' {
				x.take(path, v)
			}
		}
	}
	if _, known := x[path]; !known {
		x[path] = string(value)
	}
}

// shortened returns an example that fits into a cell.
func shortened(text string) string {
	if len(text) <= longExample {
		return text
	}
	return text[:longExample] + "..."
}
