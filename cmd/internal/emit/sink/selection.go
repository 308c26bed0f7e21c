package sink

import (
	"fmt"

	"tlsfloor/classify"
)

// Selection says which findings are written.
type Selection uint8

// The selections, by the values of --emit.
const (
	selectFlagged Selection = iota // flagged flows in scope
	selectScoped                      // all flows in scope
	selectAll                      // every TLS handshake
)

// ParseSelection reads a value of --emit.
func ParseSelection(text string) (Selection, error) {
	switch text {
	case "flagged":
		return selectFlagged, nil
	case "aws":
		return selectScoped, nil
	case "all":
		return selectAll, nil
	}
	return 0, fmt.Errorf("no such selection %q: there are flagged, aws and all", text)
}

// Wants reports whether a judged finding is written.
func (s Selection) Wants(f *classify.Finding) bool {
	return f.Flagged || s == selectAll || s == selectScoped && f.InScope
}
