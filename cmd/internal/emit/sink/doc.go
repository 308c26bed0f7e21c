// Package sink sends events to the outputs of a run. Each output has its own format
// and selection of events. An output that is slow, full or unreachable blocks neither
// the capture nor other outputs: its events wait in memory, and those that do not fit are
// dropped and counted. A run over captures waits for room.
package sink
