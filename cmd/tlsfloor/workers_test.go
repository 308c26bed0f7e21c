package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Several workers write the same events as one, for every recorded capture and for all
// together; a second run writes the same bytes.
func TestWorkersWriteTheSame(t *testing.T) {
	var all []string
	for _, name := range recorded(t) {
		path := filepath.Join(captures, name)
		all = append(all, "-r", path)
		one := replay(t, "--emit", "all", "-r", path)
		several := replay(t, "--emit", "all", "--workers", "3", "-r", path)
		if !slices.Equal(inAnyOrder(several), inAnyOrder(one)) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, several, one)
		}
	}
	args := append([]string{"--emit", "all", "--workers", "4"}, all...)
	first := replay(t, args...)
	if !bytes.Equal(replay(t, args...), first) {
		t.Error("another order the second time")
	}
	if one := replay(t, append([]string{"--emit", "all"}, all...)...); !slices.Equal(inAnyOrder(first), inAnyOrder(one)) {
		t.Error("of all captures together, 4 workers write other events than one")
	}
}

func inAnyOrder(events []byte) []string {
	lines := strings.Split(string(events), "\n")
	slices.Sort(lines)
	return lines
}
