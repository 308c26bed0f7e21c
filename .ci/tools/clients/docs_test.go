package main

import (
	"os"
	"strings"
	"testing"
)

// TestDocs checks that docs/clients.md has the figures that "make clients" prints.
func TestDocs(t *testing.T) {
	s := scored(t)
	page, err := os.ReadFile("../../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	var figures strings.Builder
	s.print(&figures)
	for line := range strings.Lines(figures.String()) {
		if !strings.Contains(string(page), line) {
			t.Errorf("docs/clients.md does not have %q: paste what \"make clients\" prints", line)
		}
	}
}
