package report

import (
	"sync"

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

// maxClients bounds the clients that are kept. Each takes 800 bytes as a rule, and 13 KB at
// the worst, with the longest names.
const maxClients = 500

// Summary counts findings. One goroutine uses it, except for Identify. Its memory is
// bounded, whatever the network sends.
type Summary struct {
	options Options
	all     tally                 // every finding
	scoped  tally                 // those in scope
	over    [parse.QUIC + 1]tally // every finding, by protocol

	mu         sync.Mutex // guards what follows
	clients    clients
	flagged    uint64
	violations uint64 // flagged ones with this verdict
	exceptions exceptions
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
	return &Summary{options: o, clients: clients{limit: maxClients}}
}

// Add counts a judged finding, and keeps nothing of it.
func (s *Summary) Add(f *classify.Finding) {
	s.all.add(f)
	s.over[f.Protocol].add(f)
	if f.InScope {
		s.scoped.add(f)
	}
}

// Identify counts a flagged or excepted finding, when all that will be known about the
// client is known: process, software, advice and exception. It is to be called once for
// each, before or after Add, by any goroutine. It keeps only strings of f.
func (s *Summary) Identify(f *classify.Finding) {
	if !f.Flagged && f.Exception == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Exception != nil {
		s.exceptions.add(f)
		return
	}
	s.flagged++
	if f.Verdict == classify.Violation {
		s.violations++
	}
	s.clients.add(f)
}

// Flagged is the number of flagged findings so far, and of those with the verdict
// violation.
func (s *Summary) Flagged() (all, violations uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flagged, s.violations
}

// Excepted is the number of findings so far that are excepted. by says in a line by whom.
func (s *Summary) Excepted() (n uint64, by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exceptions.flows, s.exceptions.owners()
}

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

// Merge adds what another summary of the same run was given by Add. Identify is for the
// summary that is written.
func (s *Summary) Merge(o *Summary) {
	s.all.merge(&o.all)
	s.scoped.merge(&o.scoped)
	for i := range s.over {
		s.over[i].merge(&o.over[i])
	}
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
