package report

import (
	"io"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/wording"
	"tlsfloor/parse"
)

// mostInSummary bounds the destinations, and the reasons, that are shown of a client.
const mostInSummary = 2

// Run is what the summary has to know about the run at its end.
type Run struct {
	Packets uint64       // read
	Blind   []blind.Spot // what could not be seen, the most important first
	// Hint says what to try next, in one or more lines; empty: nothing.
	Hint string
	// Top is how many clients are listed; 0: all.
	Top int
	// First and Last are the times that the run covers, in nanoseconds since the Unix
	// epoch; both 0: not known.
	First, Last int64
}

// DefaultTop is how many clients a summary lists, unless somebody asks for more.
const DefaultTop = 10

// Write writes the summary in one Write, in lines of at most 80 columns. It contains
// escape sequences only if color is set, whatever the names from the network contain.
func (s *Summary) Write(w io.Writer, run Run, color bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, rows := &page{color: color}, s.clients.rows()
	s.headline(p, run)
	if run.First != 0 || run.Last != 0 {
		p.line("Packets from %s.", (&span{first: min(run.First, run.Last), last: max(run.First, run.Last)}).text())
	}
	if s.all.total > 0 {
		s.versions(p)
		s.verdicts(p)
		s.outcomes(p)
	}
	s.list(p, rows, run.Top)
	p.exceptions(&s.exceptions, run.Top)
	p.blindSpots(run.Blind)
	if run.Hint != "" {
		p.line("")
		p.line("%s", run.Hint)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// headline is the result in one sentence. It claims nothing about what was not seen.
func (s *Summary) headline(p *page, run Run) {
	seen, rest, good := "", "", p.green
	if n := s.exceptions.flows; n > 0 {
		seen, good = ", "+digits(n)+" excepted", p.bold
	}
	excepted := seen
	if len(run.Blind) > 0 {
		seen, rest, good = " that could be seen"+excepted, " Not everything could be seen: see below.", p.bold
	}
	switch {
	case s.all.total == 0:
		p.wrap("", p.bold("No TLS handshake seen")+" in "+number(run.Packets, "packet")+"."+rest)
	case s.flagged > 0:
		p.wrap("", p.red(number(s.flagged, "handshake")+" flagged")+" of "+digits(s.all.total)+" seen"+excepted+"; "+s.reached()+rest)
	default:
		p.wrap("", good("0 flagged")+" of "+number(s.all.total, "TLS handshake")+seen+"; "+s.reached()+rest)
	}
}

// reached says how many of the handshakes in scope reach the floor.
func (s *Summary) reached() string {
	floor := s.options.Floor.String() + " or better"
	switch good, total := s.scoped.good(), s.scoped.total; {
	case total > 0 && good == 0:
		return digits(total) + " " + s.options.Scope + ", none of them " + floor + s.unflagged() + "."
	case total == 0:
		return "none " + s.options.Scope + "."
	case good == total:
		return digits(total) + " " + s.options.Scope + ", all " + floor + "."
	default:
		return digits(total) + " " + s.options.Scope + ", " + digits(good) + " of them " + floor + s.unflagged() + "."
	}
}

// unflagged accounts for the handshakes in scope that neither reach the floor nor are
// flagged: no answer came to a client that offers the floor, somebody has excepted it, or
// the destination is known by address only.
func (s *Summary) unflagged() string {
	text := ""
	if n := s.scoped.verdicts[classify.Undetermined]; n > 0 {
		text += ", " + digits(n) + " without an answer"
	}
	below := s.scoped.verdicts[classify.Violation] + s.scoped.verdicts[classify.Attempt]
	if n := s.exceptions.flows; n > 0 {
		text += ", " + digits(n) + " below it but excepted"
	}
	if told := s.flagged + s.exceptions.flows; below > told {
		text += ", " + digits(below-told) + " below it but known by address only"
	}
	return text
}

func (s *Summary) versions(p *page) {
	p.heads("selected", s.options.Scope, s.protocols()...)
	for i, v := range versionRows {
		name, note := v.String(), ""
		switch {
		case v == otherVersion:
			name = "other"
		case v == noVersion:
			name = "none"
		case v.Rank() < s.options.Floor:
			note = "below the floor"
		}
		p.counts(name, note, s.row(func(t *tally) uint64 { return t.versions[i] })...)
	}
}

// protocols are the heads of a column for each protocol, if there is another than TLS. In
// the table of versions, DTLS counts as the TLS that it is made of.
func (s *Summary) protocols() []string {
	if s.over[parse.TLS].total == s.all.total {
		return nil
	}
	return []string{"TLS", "DTLS", "QUIC"}
}

// row is a count of all findings, of those in scope, and of those of each protocol, if
// there is another than TLS.
func (s *Summary) row(count func(*tally) uint64) []uint64 {
	row := []uint64{count(&s.all), count(&s.scoped)}
	for i := range s.protocols() {
		row = append(row, count(&s.over[i]))
	}
	return row
}

// verdictRows are the verdicts from bad to good, with what they mean; %s is the floor.
var verdictRows = []struct {
	verdict classify.Verdict
	note    string
}{
	{classify.Violation, "selected less than %s"},
	{classify.Attempt, "offered less than %s, got nothing"},
	{classify.Exposed, "%s or better; lower offer seen"},
	{classify.OK, "%s or better; no lower offer seen"},
	{classify.Undetermined, "offered %s, no answer seen"},
}

func (s *Summary) verdicts(p *page) {
	p.heads("verdict", s.options.Scope)
	for _, r := range verdictRows {
		note := strings.ReplaceAll(r.note, "%s", s.options.Floor.String())
		p.counts(r.verdict.String(), note, s.all.verdicts[r.verdict], s.scoped.verdicts[r.verdict])
	}
}

func (s *Summary) outcomes(p *page) {
	p.heads("outcome", s.options.Scope, s.protocols()...)
	of := func(o classify.Outcome) []uint64 { return s.row(func(t *tally) uint64 { return t.outcomes[o] }) }
	for o := classify.Established; o <= classify.Truncated; o++ {
		p.counts(o.String(), "", of(o)...)
	}
	p.counts("not known", "", of(classify.OutcomeUnknown)...)
}

// list lists the clients with flagged flows.
func (s *Summary) list(p *page, rows []row, top int) {
	if s.flagged == 0 {
		return
	}
	p.line("")
	p.line("%s", p.bold("Flagged")+": "+s.clients.count(len(rows))+", the most flows first:")
	shown := rows[:shownOf(len(rows), top)]
	for i := range shown {
		p.line("")
		p.row(&shown[i], view{most: mostInSummary})
	}
	p.hidden(&s.clients, rows, len(shown), s.flagged)
}

// hidden says whose flows are not shown: those of rows beyond the first, and those of
// clients without room.
func (p *page) hidden(c *clients, rows []row, shown int, flows uint64) {
	var known uint64
	for i := range rows {
		flows -= rows[i].flows
		if i >= shown {
			known += rows[i].flows
		}
	}
	if n := len(rows) - shown; n > 0 {
		p.line("")
		p.more(known, n)
	}
	if flows > 0 {
		p.line("")
		p.wrap(margin(digits(flows)), wording.Noun(flows, "flow*")+" of clients beyond the first "+digits(uint64(c.limit))+", by address")
	}
}

// more says how many clients with how many flows are left out of a list.
func (p *page) more(flows uint64, clients int) {
	p.wrap(margin(digits(flows)), wording.Noun(flows, "flow*")+" of "+number(uint64(clients), "more client")+": --top 0 lists all")
}

// shownOf is how many of n rows are shown; top 0: all.
func shownOf(n, top int) int {
	if top <= 0 {
		return n
	}
	return min(n, top)
}
