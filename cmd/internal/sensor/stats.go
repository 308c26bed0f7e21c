package sensor

// add adds the counts of a shard: of its table, and of what it judged.
func (s *Stats) add(o *Stats) {
	s.Flow.Add(&o.Flow)
	s.ClientHellos += o.ClientHellos
	s.ServerHellos += o.ServerHellos
	s.Malformed += o.Malformed
	s.Incomplete += o.Incomplete
	s.Handshakes += o.Handshakes
	for v := range s.Verdicts {
		s.Verdicts[v] += o.Verdicts[v]
	}
	s.Flagged += o.Flagged
	s.InScope += o.InScope
	s.Faults += o.Faults
}
