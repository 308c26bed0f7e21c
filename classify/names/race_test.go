//go:build race

package names

// The race detector makes each step some ten times as dear, and there is one
// goroutine to watch.
const floodShare = 16
