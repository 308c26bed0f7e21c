package report

import (
	"fmt"
	"io"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

// maxRowsShown bounds the rows of flagged flows in the summary.
const maxRowsShown = 10

// Run is what the summary has to know about the run at its end.
type Run struct {
	Packets uint64       // read
	Blind   []blind.Spot // what could not be seen, the most important first
	// Hint says what to try next, in one or more lines; empty: nothing.
	Hint string
}

// Write writes the summary in one Write, in lines of at most 80 columns. It contains
// escape sequences only if color is set, whatever the names from the network contain.
func (s *Summary) Write(w io.Writer, run Run, color bool) error {
	p := &page{color: color}
	s.headline(p, run)
	if s.all.total > 0 {
		s.versions(p)
		s.verdicts(p)
		s.outcomes(p)
	}
	s.list(p)
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
	if len(run.Blind) > 0 {
		seen, rest, good = " that could be seen", " Not everything could be seen: see below.", p.bold
	}
	switch {
	case s.all.total == 0:
		p.wrap("", p.bold("No TLS handshake seen")+" in "+number(run.Packets, "packet")+"."+rest)
	case s.flagged > 0:
		p.wrap("", p.red(number(s.flagged, "handshake")+" flagged")+" of "+digits(s.all.total)+" seen; "+s.reached()+rest)
	default:
		p.wrap("", good("0 flagged")+" of "+number(s.all.total, "TLS handshake")+seen+"; "+s.reached()+rest)
	}
}

// reached says how many of the handshakes in scope reach the floor.
func (s *Summary) reached() string {
	floor := s.options.Floor.String() + " or better"
	switch good, total := s.scoped.good(), s.scoped.total; {
	case total == 0:
		return "none " + s.options.Scope + "."
	case good == total:
		return digits(total) + " " + s.options.Scope + ", all " + floor + "."
	default:
		return digits(total) + " " + s.options.Scope + ", " + digits(good) + " of them " + floor + s.unflagged() + "."
	}
}

// unflagged accounts for the handshakes in scope that neither reach the floor nor are
// flagged: no answer came to a client that offers the floor, or the destination is known
// by address only.
func (s *Summary) unflagged() string {
	text := ""
	if n := s.scoped.verdicts[classify.Undetermined]; n > 0 {
		text += ", " + digits(n) + " without an answer"
	}
	below := s.scoped.verdicts[classify.Violation] + s.scoped.verdicts[classify.Attempt]
	if below > s.flagged {
		text += ", " + digits(below-s.flagged) + " below it but known by address only"
	}
	return text
}

func (s *Summary) versions(p *page) {
	p.heads("selected", s.options.Scope)
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
		p.counts(name, s.all.versions[i], s.scoped.versions[i], note)
	}
}

// verdictRows are the verdicts from bad to good, with what they mean; %s is the floor.
var verdictRows = []struct {
	verdict classify.Verdict
	note    string
}{
	{classify.Violation, "selected less than %s"},
	{classify.Attempt, "offered less than %s, got nothing"},
	{classify.Exposed, "fine, but less is offered as well"},
	{classify.OK, "%s or better; no lower offer seen"},
	{classify.Undetermined, "offered %s, no answer seen"},
}

func (s *Summary) verdicts(p *page) {
	p.heads("verdict", s.options.Scope)
	for _, r := range verdictRows {
		note := strings.ReplaceAll(r.note, "%s", s.options.Floor.String())
		p.counts(r.verdict.String(), s.all.verdicts[r.verdict], s.scoped.verdicts[r.verdict], note)
	}
}

func (s *Summary) outcomes(p *page) {
	p.heads("outcome", s.options.Scope)
	for o := classify.Established; o <= classify.Truncated; o++ {
		p.counts(o.String(), s.all.outcomes[o], s.scoped.outcomes[o], "")
	}
	p.counts("not known", s.all.outcomes[classify.OutcomeUnknown], s.scoped.outcomes[classify.OutcomeUnknown], "")
}

func (s *Summary) list(p *page) {
	most, others := s.rows.top(maxRowsShown)
	if len(most) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.bold("Flagged")+", the most frequent first:")
	for _, r := range most {
		p.line("")
		p.wrap(margin(digits(r.count)), r.client.String()+" -> "+p.bold(r.destination()))
		p.wrap(margin(""), printable(r.reason)+". "+r.caveat()+blame[r.fix])
		for _, line := range s.clients.of(r.rowKey) {
			p.wrap(margin(""), line)
		}
	}
	if others > 0 {
		p.line("")
		p.wrap(margin(digits(others)), "others")
	}
}

var blame = map[classify.Fix]string{
	classify.FixClient:  "The client has to change.",
	classify.FixServer:  "The server has to change.",
	classify.FixUnknown: "Who has to change is not known.",
}

// margin is the beginning of a row of the list.
func margin(count string) string { return fmt.Sprintf("%9s  ", count) }

// destination is the host, in at most one line. A name that is too long loses its
// beginning: the end says whose it is.
func (r *row) destination() string {
	host, room := printable(r.host), width-len(margin(""))
	if len(host) > room {
		return "..." + host[len(host)-room+3:]
	}
	return host
}

func (r *row) caveat() string {
	if r.named {
		return ""
	}
	return "Known to be AWS by its address only. "
}
