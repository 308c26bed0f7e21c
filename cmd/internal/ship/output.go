package ship

import "tlsfloor/cmd/internal/emit/deliver"

// Output is what an output has done since the start.
type Output struct {
	Name string
	deliver.Counts
	// Lost events were damaged on disk, or removed before they were read.
	Lost uint64
	// Next is the index in the journal of the next event that is not done.
	Next    uint64
	Failing bool // the last attempt failed
}
