package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// score is a way of scoring: options for score.py.
type score struct {
	name    string
	options []string
}

// scores are all ways: TLS from the first byte of connections outside of tunnels, and
// everything.
var scores = []score{
	{"plain", []string{"--no-starttls", "--no-tunnels"}},
	{"all", nil},
}

// measure prints the tables of score.py, and returns its figures: recall, precision, and
// one for each field.
func (s score) measure(corpus string, outputs []string) (map[string]float64, error) {
	fmt.Printf("\ncorpus: %s %s\n", s.name, strings.Join(s.options, " "))
	tables := s.command(corpus, outputs)
	tables.Stdout = os.Stdout
	if err := tables.Run(); err != nil {
		return nil, fmt.Errorf("score.py: %w", err)
	}
	summary, err := s.command(corpus, outputs, "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("score.py --json: %w", err)
	}
	return figures(summary)
}

func (s score) command(corpus string, outputs []string, options ...string) *exec.Cmd {
	arguments := []string{
		filepath.Join(corpus, "score.py"), "--all",
		"--expected", filepath.Join(corpus, "expected.jsonl"),
		"--pcaps", filepath.Join(corpus, "pcaps.jsonl"),
	}
	command := exec.Command("python3", slices.Concat(arguments, options, s.options, outputs)...)
	command.Stderr = os.Stderr
	return command
}

// figures parses the JSON summary of score.py. It leaves out fields that no flow has.
func figures(summary []byte) (map[string]float64, error) {
	var read struct {
		Recall, Precision float64
		Fields            map[string]struct{ Ratio *float64 }
	}
	if err := json.Unmarshal(summary, &read); err != nil {
		return nil, fmt.Errorf("score.py --json: %w", err)
	}
	values := map[string]float64{"recall": read.Recall, "precision": read.Precision}
	for name, field := range read.Fields {
		if field.Ratio != nil {
			values[name] = *field.Ratio
		}
	}
	return values, nil
}
