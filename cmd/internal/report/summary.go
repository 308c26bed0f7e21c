package report

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Options are what a summary has to know about the run at its beginning.
type Options struct {
	// Floor is the lowest version that is good enough.
	Floor parse.Version
	// Scope is the phrase for a destination in scope, such as "to AWS". Empty: "in
	// scope".
	Scope string
}

// Summary counts findings. One goroutine uses it, except for Identify. Its memory is
// bounded, whatever the network sends.
type Summary struct {
	options Options
	all     tally // every finding
	scoped  tally // those in scope
	flagged uint64
	rows    rows
	clients clients
}

// tally counts findings: all of them, or those in scope.
type tally struct {
	total    uint64
	verdicts [classify.Violation + 1]uint64
	outcomes [classify.Truncated + 1]uint64
	versions [len(versionRows)]uint64
}

// New returns an empty Summary.
func New(o Options) *Summary {
	if o.Scope == "" {
		o.Scope = "in scope"
	}
	return &Summary{options: o, rows: newRows(), clients: newClients()}
}

// Add counts a judged finding. It keeps only strings of f.
func (s *Summary) Add(f *classify.Finding) {
	s.all.add(f)
	if f.InScope {
		s.scoped.add(f)
	}
	if f.Flagged {
		s.flagged++
		s.rows.add(f)
	}
}

// Flagged is the number of flagged findings so far.
func (s *Summary) Flagged() uint64 { return s.flagged }

func (t *tally) add(f *classify.Finding) {
	t.total++
	t.verdicts[f.Verdict]++
	t.outcomes[f.Outcome]++
	t.versions[versionRow(f.Answer)]++
}

// good counts handshakes at the floor or better.
func (t *tally) good() uint64 { return t.verdicts[classify.OK] + t.verdicts[classify.Exposed] }

// versionRows are the selected versions in the order of the summary, with other versions
// and handshakes without an answer last.
var versionRows = [...]parse.Version{
	parse.TLSv13, parse.TLSv12, parse.TLSv11, parse.TLSv1, parse.SSLv3, parse.SSLv2, otherVersion, noVersion,
}

// Placeholders for the last two rows.
const (
	otherVersion parse.Version = 0xffff
	noVersion    parse.Version = 0
)

func versionRow(a *classify.ServerHello) int {
	if a == nil {
		return len(versionRows) - 1
	}
	for i, v := range versionRows {
		if v == a.Version.Rank() {
			return i
		}
	}
	return len(versionRows) - 2
}

const (
	// maxRows bounds the rows. A client that invents millions of names fills them, and
	// further findings are only counted.
	maxRows = 1000
	// maxHost bounds a host name, in bytes. Names in DNS are not longer.
	maxHost = 253
)

// rowKey is equal for the flagged findings of one row.
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
	first  int    // the position of the row by its first finding
	since  int64  // the time of the first finding
	reason string // of the first finding
}

type rows struct {
	byKey     map[rowKey]*row
	uncounted uint64 // findings without a row
}

func newRows() rows { return rows{byKey: make(map[rowKey]*row)} }

func (r *rows) add(f *classify.Finding) {
	key := newRowKey(f)
	if known, ok := r.byKey[key]; ok {
		known.count++
		return
	}
	if len(r.byKey) >= maxRows {
		r.uncounted++
		return
	}
	key.host = strings.Clone(key.host) // so that the part that was cut off is freed
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

// top returns the n most frequent rows, by client among equals, and the number of findings in the others.
func (r *rows) top(n int) (most []*row, others uint64) {
	for _, known := range r.byKey {
		most = append(most, known)
	}
	slices.SortFunc(most, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.count, a.count), a.client.Compare(b.client), cmp.Compare(a.first, b.first))
	})
	others = r.uncounted
	for len(most) > n {
		others += most[len(most)-1].count
		most = most[:len(most)-1]
	}
	return most, others
}

// Merge adds the counts of another summary of the same run, which must not be used
// afterwards. The rows are then ordered by the times of their first findings, because
// the order in which both summaries got them is not known.
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
	r.uncounted += o.uncounted
	for _, other := range o.sorted() {
		switch known, ok := r.byKey[other.rowKey]; {
		case !ok && len(r.byKey) >= maxRows:
			r.uncounted += other.count
		case !ok:
			r.byKey[other.rowKey] = other
		default:
			known.count += other.count
			if other.since < known.since {
				known.since, known.reason = other.since, other.reason
			}
		}
	}
	for i, known := range r.sorted() {
		known.first = i
	}
}

func (r *rows) sorted() []*row {
	return slices.SortedFunc(maps.Values(r.byKey), func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.since, b.since), a.client.Compare(b.client), cmp.Compare(a.host, b.host),
			cmp.Compare(a.selected, b.selected), cmp.Compare(a.verdict, b.verdict), cmp.Compare(a.fix, b.fix))
	})
}
