package sensor

import (
	"cmp"
	"slices"

	"tlsfloor/classify"
)

// found keeps a finding for when the batch is done.
func (s *shard) found(f *classify.Finding) {
	b := s.batch
	b.found[s.number] = append(b.found[s.number], found{s.at, f})
}

// keep keeps a fault for when the batch is done.
func (s *shard) keep(f *Fault) {
	b := s.batch
	b.faults[s.number] = append(b.faults[s.number], f)
}

// deliver delivers the findings of a batch that is done, in the order of the
// packets that led to them; where one packet's time ended several connections,
// in the order in which these began.
func (b *batch) deliver(to func(*classify.Finding)) {
	b.all = b.all[:0]
	for i, of := range b.found {
		b.all = append(b.all, of...)
		clear(of) // the findings are no longer ours
		b.found[i] = of[:0]
	}
	slices.SortStableFunc(b.all, found.compare)
	for i := range b.all {
		to(b.all[i].finding)
	}
	clear(b.all)
}

func (f found) compare(o found) int {
	if f.at != o.at {
		return cmp.Compare(f.at, o.at)
	}
	a, b := &f.finding.Observation, &o.finding.Observation
	return cmp.Or(cmp.Compare(a.Time, b.Time), a.Client.Compare(b.Client), a.Server.Compare(b.Server))
}
