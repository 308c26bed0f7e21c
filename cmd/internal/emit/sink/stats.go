package sink

import "sync/atomic"

// OutputStats are the counts of one output so far.
type OutputStats struct {
	Name    string
	Sent    uint64 // events that the far end has, as far as its protocol tells
	Refused uint64 // events that the far end will never take
	Dropped uint64 // events that found no room, could not be encoded, or were lost in a damaged spool
	Spooled uint64 // events that were written to the spool
	Retries uint64 // attempts that failed
	Waiting uint64 // events that are not sent yet, in memory and in the spool
}

// counts are what OutputStats are made of.
type counts struct {
	sent, refused, dropped, spooled, retries atomic.Uint64
}

// Stats returns the counts of the outputs, in the order in which they were
// configured. It is cheap, and may be called at any time.
func (s *Set) Stats() []OutputStats {
	all := make([]OutputStats, len(s.outputs))
	for i, o := range s.outputs {
		all[i] = o.stats()
	}
	return all
}

func (o *output) stats() OutputStats {
	memory, spooled := o.backlog.waiting()
	return OutputStats{
		Name: o.config.Name(), Sent: o.sent.Load(), Refused: o.refused.Load(), Dropped: o.dropped.Load(),
		Spooled: o.spooled.Load(), Retries: o.retries.Load(), Waiting: uint64(memory + spooled),
	}
}
