//go:build !race

package main

// raceDetector makes the senders of these tests several times slower.
const raceDetector = false
