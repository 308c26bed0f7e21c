// Package sink sends events to the outputs of a run, each with its own format
// and selection. An output that is slow, full or away neither blocks the capture
// nor another output: its events wait in memory, then in a spool on disk, and
// what does not fit there is counted.
package sink
