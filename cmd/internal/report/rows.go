package report

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

const (
	// maxRows bounds the distinct rows that are kept. A client that makes up
	// names by the million fills them, and the rest is counted together.
	maxRows = 1000
	// maxHost is how much is kept of a host, in bytes: DNS has no longer names.
	maxHost = 253
)

// rowKey is what makes flagged findings one row of the summary.
type rowKey struct {
	client   netip.Addr
	host     string // or the server's address
	named    bool   // host is a name
	selected parse.Version
	verdict  classify.Verdict
	fix      classify.Fix
}

type row struct {
	rowKey
	count  uint64
	first  int    // the order in which rows came
	since  int64  // the time of the first finding
	reason string // of the first finding
}

type rows struct {
	byKey  map[rowKey]*row
	beyond uint64 // findings that found no row
}

func newRows() rows { return rows{byKey: make(map[rowKey]*row)} }

func (r *rows) add(f *classify.Finding) {
	key := newRowKey(f)
	if known, ok := r.byKey[key]; ok {
		known.count++
		return
	}
	if len(r.byKey) >= maxRows {
		r.beyond++
		return
	}
	key.host = strings.Clone(key.host) // what is cut off must not stay in memory
	r.byKey[key] = &row{rowKey: key, count: 1, first: len(r.byKey), since: f.Time, reason: f.Reason}
}

func newRowKey(f *classify.Finding) rowKey {
	k := rowKey{client: f.Client.Addr(), host: f.Host, named: f.Host != "", verdict: f.Verdict, fix: f.Fix}
	if !k.named {
		k.host = f.Server.Addr().String()
	}
	if len(k.host) > maxHost {
		k.host = k.host[len(k.host)-maxHost:]
	}
	if f.Answer != nil {
		k.selected = f.Answer.Version
	}
	return k
}

// top returns the n most frequent rows, and counts the findings in the others.
func (r *rows) top(n int) (most []*row, others uint64) {
	for _, known := range r.byKey {
		most = append(most, known)
	}
	slices.SortFunc(most, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.first, b.first))
	})
	others = r.beyond
	for len(most) > n {
		others += most[len(most)-1].count
		most = most[:len(most)-1]
	}
	return most, others
}
