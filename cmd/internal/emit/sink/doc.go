// Package sink sends events to the outputs of a run. Each output has its own format
// and selection of events. An output that is slow, full or unreachable blocks neither
// the capture nor other outputs: its events wait in memory, then in a spool on disk,
// and those that fit in neither are dropped and counted.
package sink
