package sink

import (
	"fmt"

	"tlsfloor/classify"
)

// Selection says which findings are written.
type Selection uint8

// The selections, by the values of --emit.
const (
	Flagged Selection = iota // flagged flows in scope
	AWS                      // all flows in scope
	All                      // every TLS handshake
)

// ParseSelection reads a value of --emit.
func ParseSelection(text string) (Selection, error) {
	switch text {
	case "flagged":
		return Flagged, nil
	case "aws":
		return AWS, nil
	case "all":
		return All, nil
	}
	return 0, fmt.Errorf("no such selection %q: there are flagged, aws and all", text)
}

// Wants reports whether a judged finding is written.
func (s Selection) Wants(f *classify.Finding) bool {
	return f.Flagged || s == All || s == AWS && f.InScope
}
