package main

import (
	"bytes"
	"fmt"
)

// coverage is a set of blocks of statements, each as a line of a profile.
type coverage map[string]bool

// parseProfile parses a profile of "go test -covermode=set": a line for each block, which
// ends in 1 if the block was reached.
func parseProfile(text []byte) (coverage, error) {
	c := coverage{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case bytes.HasPrefix(line, []byte("mode: set")), bytes.HasSuffix(line, []byte(" 0")):
		case bytes.HasSuffix(line, []byte(" 1")):
			c[string(line)] = true
		default:
			return nil, fmt.Errorf("not a line of a profile: %q", line)
		}
	}
	return c, nil
}

// beyond counts the blocks of c that are not in known.
func (c coverage) beyond(known coverage) (n int) {
	for block := range c {
		if !known[block] {
			n++
		}
	}
	return n
}

func (c coverage) add(more coverage) {
	for block := range more {
		c[block] = true
	}
}
