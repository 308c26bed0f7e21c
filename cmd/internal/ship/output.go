package ship

import "tlsfloor/cmd/internal/emit/deliver"

// Output is what an output has done since the start.
type Output struct {
	Name string
	deliver.Counts
	// Lost events were damaged on disk, or removed before they were read.
	Lost uint64
	// Next is the index in the journal of the next event that is not done.
	Next uint64
	// Failure says why the last attempt failed, in words; empty: it did not. A far end has
	// a say in its length, so the sensor is not told: a packet to it is bounded.
	Failure string `json:"-"`
}
