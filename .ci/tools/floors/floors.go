// Package floors reads and checks the lowest figures that a score may have.
package floors

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Floors has the lowest allowed figures, by score and figure. The figure "fields" is for
// all fields without a line of their own.
type Floors map[[2]string]float64

// Read reads lines "SCORE FIGURE FLOOR"; "#" begins a comment.
func Read(name string) (Floors, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	limits := Floors{}
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
func (f Floors) floor(score, figure string) (float64, error) {
	if limit, ok := f[[2]string{score, figure}]; ok {
		return limit, nil
	}
	if limit, ok := f[[2]string{score, "fields"}]; ok {
		return limit, nil
	}
	return 0, fmt.Errorf("no floor for %s %s", score, figure)
}

// Compare returns an error that names every value below its floor.
func (f Floors) Compare(score string, values map[string]float64) error {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var failed error
	for _, name := range names {
		limit, err := f.floor(score, name)
		if err == nil && values[name] < limit {
			err = fmt.Errorf("%s %s is %.4f, below its floor %.4f", score, name, values[name], limit)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
