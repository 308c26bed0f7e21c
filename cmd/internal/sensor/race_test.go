//go:build race

package sensor

// raceDetector makes everything ten times slower.
const raceDetector = true
