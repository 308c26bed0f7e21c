package report

import (
	"cmp"
	"maps"
	"slices"
)

// Merge adds the counts of another summary of the same run, which is not to be
// used any more. Rows are then in the order of the times of their first
// findings, since nobody knows the order in which they came.
func (s *Summary) Merge(o *Summary) {
	s.all.merge(&o.all)
	s.scoped.merge(&o.scoped)
	s.flagged += o.flagged
	s.rows.merge(&o.rows)
	s.clients.merge(&o.clients)
}

func (t *tally) merge(o *tally) {
	t.total += o.total
	add(t.verdicts[:], o.verdicts[:])
	add(t.outcomes[:], o.outcomes[:])
	add(t.versions[:], o.versions[:])
}

func add(to, from []uint64) {
	for i := range to {
		to[i] += from[i]
	}
}

func (r *rows) merge(o *rows) {
	r.beyond += o.beyond
	for _, other := range o.inOrder() {
		switch known, ok := r.byKey[other.rowKey]; {
		case !ok && len(r.byKey) >= maxRows:
			r.beyond += other.count
		case !ok:
			r.byKey[other.rowKey] = other
		default:
			known.count += other.count
			if other.since < known.since {
				known.since, known.reason = other.since, other.reason
			}
		}
	}
	for i, known := range r.inOrder() {
		known.first = i
	}
}

func (r *rows) inOrder() []*row {
	return slices.SortedFunc(maps.Values(r.byKey), func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.since, b.since), a.client.Compare(b.client), cmp.Compare(a.host, b.host),
			cmp.Compare(a.selected, b.selected), cmp.Compare(a.verdict, b.verdict), cmp.Compare(a.fix, b.fix))
	})
}
