//go:build !race

package names

// floodShare divides the lengths of the floods.
const floodShare = 1
