//go:build race

package names

// The race detector makes each step about ten times slower, and there is only one
// goroutine.
const floodShare = 16
