//go:build race

package sensor

// raceDetector: the race detector is on, which makes everything ten times slower.
const raceDetector = true
