package report

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Options are what a summary has to know of the run before it begins.
type Options struct {
	// Floor is the lowest version that is good enough.
	Floor parse.Version
	// Scope is how a sentence says that a destination is in scope: "to AWS".
	// Empty: "in scope".
	Scope string
}

// Summary counts findings. It is used by one goroutine, but for Identify, and its
// memory is bounded whatever the network sends.
type Summary struct {
	options Options
	all     tally // every finding
	scoped  tally // those in scope
	flagged uint64
	rows    rows
	clients clients
}

// tally counts findings of one kind.
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

// Add counts a judged finding. It keeps nothing of f but strings.
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

// good counts what runs at the floor or better.
func (t *tally) good() uint64 { return t.verdicts[classify.OK] + t.verdicts[classify.Exposed] }

// versionRows are the selected versions as the summary lists them. Below them
// come what is none of these, and what has no answer.
var versionRows = [...]parse.Version{
	parse.TLSv13, parse.TLSv12, parse.TLSv11, parse.TLSv1, parse.SSLv3, parse.SSLv2, otherVersion, noVersion,
}

// Stand-ins for two rows that are no version.
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
