package combine

import (
	"cmp"
	"container/heap"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/report"
)

// period is a time in which findings that are alike are held.
type period struct {
	like   report.Likeness
	ends   int64             // in nanoseconds
	number uint64            // of those that end at the same time, the one that began first comes first
	at     int               // its index in periods
	bytes  int64             // without last
	last   *classify.Finding // the latest one that is held; nil: none
	series series            // of those that are held
}

// series counts findings.
type series classify.Series

func (s *series) add(at int64) {
	if s.Count == 0 {
		s.First, s.Last = at, at
	}
	s.Count++
	s.First, s.Last = min(s.First, at), max(s.Last, at)
}

// periods is a heap: the one that ends first is at the beginning.
type periods []*period

func (p *periods) push(one *period) { heap.Push(p, one) }
func (p *periods) drop(one *period) { heap.Remove(p, one.at) }
func (p *periods) sink(one *period) { heap.Fix(p, one.at) }

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (p periods) Len() int { return len(p) }

func (p periods) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(p[i].ends, p[j].ends), cmp.Compare(p[i].number, p[j].number)) < 0
}

func (p periods) Swap(i, j int) {
	p[i], p[j] = p[j], p[i]
	p[i].at, p[j].at = i, j
}

func (p *periods) Push(one any) {
	o := one.(*period)
	o.at = len(*p)
	*p = append(*p, o)
}

func (p *periods) Pop() any {
	last := len(*p) - 1
	one := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return one
}
