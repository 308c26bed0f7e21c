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

// score is a way of scoring: a script of the corpus, the handshakes that it expects, and
// options.
type score struct {
	name, script, expected string
	options                []string
}

// scores are all ways: TLS from the first byte of connections outside of tunnels, all of
// TLS, and DTLS and QUIC.
var scores = []score{
	{"plain", "score.py", "expected.jsonl", []string{"--no-starttls", "--no-tunnels"}},
	{"all", "score.py", "expected.jsonl", nil},
	{"datagrams", "score_datagram.py", "datagram-expected.jsonl", nil},
}

// measure prints the tables of the script, and returns its figures: recall, precision, and
// one for each field.
func (s score) measure(corpus string, outputs []string) (map[string]float64, error) {
	fmt.Printf("\ncorpus: %s %s\n", s.name, strings.Join(s.options, " "))
	tables := s.command(corpus, outputs)
	tables.Stdout = os.Stdout
	if err := tables.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.script, err)
	}
	summary, err := s.command(corpus, outputs, "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --json: %w", s.script, err)
	}
	return figures(summary)
}

func (s score) command(corpus string, outputs []string, options ...string) *exec.Cmd {
	arguments := []string{
		filepath.Join(corpus, s.script), "--all",
		"--expected", filepath.Join(corpus, s.expected),
		"--pcaps", filepath.Join(corpus, "pcaps.jsonl"),
	}
	command := exec.Command("python3", slices.Concat(arguments, options, s.options, outputs)...)
	command.Stderr = os.Stderr
	return command
}

// figures parses the JSON summary of a script. It leaves out fields that no flow has.
func figures(summary []byte) (map[string]float64, error) {
	var read struct {
		Recall, Precision float64
		Fields            map[string]struct{ Ratio *float64 }
	}
	if err := json.Unmarshal(summary, &read); err != nil {
		return nil, fmt.Errorf("the summary of the scores: %w", err)
	}
	values := map[string]float64{"recall": read.Recall, "precision": read.Precision}
	for name, field := range read.Fields {
		if field.Ratio != nil {
			values[name] = *field.Ratio
		}
	}
	return values, nil
}
