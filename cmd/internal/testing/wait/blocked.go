package wait

import (
	"bytes"
	"regexp"
	"testing"
)

// resting is how a goroutine's stack begins that waits for another one, or for
// the network.
var resting = regexp.MustCompile(`^goroutine \d+ \[(sync\.|chan |select|semacquire|IO wait)`)

// UntilBlocked waits until a goroutine that is in a function waits for another
// goroutine, or for the network. The function is called as in a stack:
// pkg.(*Type).Method.
func UntilBlocked(t testing.TB, function string) {
	t.Helper()
	Until(t, func() bool { return isBlocked(function) })
}

func isBlocked(function string) bool {
	for stack := range bytes.SplitSeq(goroutines(), []byte("\n\n")) {
		if resting.Match(stack) && bytes.Contains(stack, []byte(function+"(")) {
			return true
		}
	}
	return false
}
