package main

import (
	"os"
	"strconv"
	"testing"
)

// soakVariable makes TestSoak long: 1 is the full length that "make soak" has, about half an
// hour; 0.1 is a tenth of that. Without it, TestSoak takes less than a minute.
const soakVariable = "SOAK"

// soak returns how many of something there are: few, or many in a long run.
func soak(few, many int) int {
	share, err := strconv.ParseFloat(os.Getenv(soakVariable), 64)
	if err != nil {
		return few
	}
	return max(few, int(share*float64(many)))
}

// TestSoak runs a sensor and a shipper, as processes, through what can happen to them, to
// their journal, and to the far ends. It prints the figures of docs/reliability.md.
func TestSoak(t *testing.T) {
	binary := buildForNetworks(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, string)
	}{
		{"far ends away", testAway},
		{"far ends restarted", testRestarted},
		{"far ends slow and wrong", testWrong},
		{"kill -9", testKills},
		{"kill -9 of a sensor with its shipper", testKillsOfOne},
		{"clock steps", testClockSteps},
		{"full disk", testFullJournal},
		{"read-only disk", testReadOnlyJournal},
		{"damaged segments", testDamagedJournal},
		{"all outputs", testAllOutputs},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, binary) })
	}
}
