package report

import (
	"cmp"
	"slices"
)

// firsts keeps values of keys, of a bounded number of keys: those that come first in an
// order. What it keeps depends on the keys that it is given, and not on the order in
// which it is given them, so that goroutines and several workers do not show. The values
// of the keys that it keeps are complete: a key that was left out once, because enough
// others come before it, stays out.
type firsts[K ordered[K], V any] struct {
	list []pair[K, V] // in the order of the keys
	more bool         // than are kept
}

type pair[K ordered[K], V any] struct {
	key   K
	value V
}

// ordered is a type whose values have an order. compare is called with values, not with
// pointers to them, because these would be allocated.
type ordered[K any] interface {
	compare(K) int // less than 0: the receiver comes first
}

// at returns the value of a key, which is the zero value at first; nil: limit keys that
// come before it are kept. The pointer is valid until the next call.
func (f *firsts[K, V]) at(key K, limit int) *V {
	i, found := slices.BinarySearchFunc(f.list, key, func(p pair[K, V], k K) int { return p.key.compare(k) })
	switch {
	case found:
		return &f.list[i].value
	case i >= limit:
		f.more = true
		return nil
	case len(f.list) >= limit:
		f.more = true
		f.list = slices.Delete(f.list, limit-1, len(f.list))
	}
	f.list = slices.Insert(f.list, i, pair[K, V]{key: key})
	return &f.list[i].value
}

// mergeFirsts adds the keys and values of another list. It may keep memory of that.
func mergeFirsts[K ordered[K], V any](to, from *firsts[K, V], limit int, merge func(to, from *V)) {
	to.more = to.more || from.more
	for i := range from.list {
		if v := to.at(from.list[i].key, limit); v != nil {
			merge(v, &from.list[i].value)
		}
	}
}

func addCount(to, from *uint64) { *to += *from }

// byCount returns the pairs, the largest count first, and by key among equals.
func (f *firsts[K, V]) byCount(count func(V) uint64) []pair[K, V] {
	list := slices.Clone(f.list)
	slices.SortStableFunc(list, func(a, b pair[K, V]) int { return cmp.Compare(count(b.value), count(a.value)) })
	return list
}
