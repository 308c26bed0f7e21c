package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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

// floors has the lowest allowed figures, by score and figure. The figure "fields" is for
// all fields without a line of their own.
type floors map[[2]string]float64

// readFloors reads lines "SCORE FIGURE FLOOR"; "#" begins a comment.
func readFloors(name string) (floors, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	limits := floors{}
	for number, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 3 {
			return nil, fmt.Errorf("%s:%d: want SCORE FIGURE FLOOR", name, number+1)
		}
		limit, err := strconv.ParseFloat(words[2], 64)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
		}
		limits[[2]string{words[0], words[1]}] = limit
	}
	return limits, nil
}

// floor returns the lowest allowed value of a figure.
func (f floors) floor(score, figure string) (float64, error) {
	if limit, ok := f[[2]string{score, figure}]; ok {
		return limit, nil
	}
	if limit, ok := f[[2]string{score, "fields"}]; ok {
		return limit, nil
	}
	return 0, fmt.Errorf("corpus: no floor for %s %s", score, figure)
}

// compare returns an error that names every value below its floor.
func (f floors) compare(score string, values map[string]float64) error {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var failed error
	for _, name := range names {
		limit, err := f.floor(score, name)
		if err == nil && values[name] < limit {
			err = fmt.Errorf("corpus: %s %s is %.4f, below its floor %.4f", score, name, values[name], limit)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
