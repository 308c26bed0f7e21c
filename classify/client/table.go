package client

import (
	"iter"
	"slices"
	"strings"
)

// table yields the rows of tab-separated text by their line, without comments
// and the line of column names.
func table(text string) iter.Seq2[int, []string] {
	return func(yield func(int, []string) bool) {
		named := false
		for i, line := range strings.Split(text, "\n") {
			switch {
			case line == "" || line[0] == '#':
			case !named:
				named = true
			case !yield(i+1, strings.Split(line, "\t")):
				return
			}
		}
	}
}

// must is for the embedded tables: what is wrong with them is wrong in every run.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// IDs returns the ID of every software that can be named, in order.
func IDs() []string {
	ids := make([]string, 0, len(softwareNames))
	for id := range softwareNames {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
