package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"tlsfloor/classify/advice"
	"tlsfloor/cmd/internal/wording"
)

// DefaultExplained is how many clients are listed for a guide, unless somebody asks for
// more.
const DefaultExplained = 20

// Write writes the findings, with each guide once, below the clients that it is for, and
// what could not be seen. top is how many clients are listed for a guide; 0: all.
func (r *Findings) Write(w io.Writer, top int) error {
	p, rows := new(page), r.clients.rows()
	all := r.unseen.totals()
	blindToo := len(all.spots) > 0 || r.unseen.unknown > 0
	if r.clients.flows == 0 {
		p.wrap("", r.nothing(blindToo, &all))
	} else {
		p.wrap("", r.something(len(rows), blindToo, &all)+r.beside(&all))
	}
	if r.period.first != 0 || r.period.last != 0 {
		p.line("Events from %s.", r.period.text())
	}
	left := r.clients.flows
	for _, s := range sectionsOf(rows) {
		left -= p.section(s, top)
	}
	if left > 0 {
		p.line("")
		p.wrap(margin(digits(left)), wording.Noun(left, "flagged flow*")+" of clients beyond the first "+digits(maxExplained)+" by address, or for which more than "+
			digits(maxProblems)+" things have to change: explain fewer at a time, with --client or --since.")
	}
	p.exceptions(&r.excepted, top)
	p.blindSpots(all.spots)
	if r.unseen.unknown > 0 {
		p.line("")
		p.wrap("", "These events are of a newer tlsfloor, and list more that could not be seen, of kinds that this one does not know.")
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// something is the result in one sentence, if something is flagged.
func (r *Findings) something(clients int, blindToo bool, all *totals) string {
	text := number(r.clients.flows, "flagged flow") + " of " + r.clients.count(clients) + r.among() + " in " + number(r.events, "event") + "."
	if !r.selection.all() {
		text = r.selection.text() + ": " + text
	}
	return text + r.missing(blindToo, all)
}

// missing says in sentences what is not known beside the flows that were counted.
func (r *Findings) missing(blindToo bool, all *totals) (text string) {
	if r.unread || r.foreign > 0 {
		text += " Not everything could be read."
	}
	if counted := all.flagged - all.held; counted > r.clients.flows+r.left {
		text += " The runs have counted " + number(counted, "flagged flow") + ": the events about the others are somewhere else."
	}
	if blindToo {
		text += " Not everything could be seen: see below."
	}
	return text
}

// beside says in sentences what there is beside the flagged flows.
func (r *Findings) beside(all *totals) (text string) {
	if all.held > 0 {
		text = " " + number(all.held, "more flagged flow") + " had not been written when these events end (--every)."
	}
	if n := r.exceptedFlows(all); n > 0 {
		text += " " + r.exceptedText(n)
	}
	return text
}

// exceptedFlows is how many handshakes are excepted. Events that say which are written with
// --emit aws or all only.
func (r *Findings) exceptedFlows(all *totals) uint64 {
	if !r.selection.all() {
		return r.excepted.flows
	}
	return max(r.excepted.flows, all.excepted)
}

func (r *Findings) exceptedText(n uint64) string {
	text := "Excepted: " + number(n, "handshake") + " below the floor"
	if r.excepted.flows < n {
		return text + " (--emit aws writes which)."
	}
	return text + ", see below."
}

// among says of how many flagged flows a selection is.
func (r *Findings) among() string {
	if r.selection.all() {
		return ""
	}
	return ", of " + number(r.clients.flows+r.left, "flagged flow")
}

// nothing is the result in one sentence, if nothing is flagged. That there is nothing to
// change is only said of events that were all read, and were all seen.
func (r *Findings) nothing(blindToo bool, all *totals) string {
	counted := all.flagged
	events := number(r.events, "event")
	switch {
	case !r.selection.all():
		return r.selection.text() + ": no flagged flow" + r.among() + " in " + events + "." + r.missing(blindToo, all) + r.beside(all)
	case r.unread || r.foreign > 0:
		return "Nothing is flagged in " + events + ", but not everything could be read."
	case counted > 0:
		return "Nothing is flagged in " + events + ", but the runs have counted " + number(counted, "flagged flow") + ": the events about these are somewhere else."
	case blindToo:
		return "Nothing is flagged in " + events + ", but not everything could be seen: see below." + r.beside(all)
	}
	if n := r.exceptedFlows(all); n > 0 {
		return "Nothing is flagged in " + events + ". " + r.exceptedText(n)
	}
	return "Nothing is flagged in " + events + ": there is nothing to change."
}

// section is a guide with its clients.
type section struct {
	guide *advice.Guide
	flows uint64
	rows  []row
}

// sectionsOf returns the guides, the most flows first.
func sectionsOf(rows []row) []*section {
	byID := map[string]*section{}
	var all []*section
	for i := range rows {
		for _, of := range rows[i].problems.list {
			s := byID[of.key.guide]
			if s == nil {
				g, _ := advice.Lookup(of.key.guide)
				s = &section{guide: g}
				byID[of.key.guide] = s
				all = append(all, s)
			}
			s.flows += of.value.flows
			if n := len(s.rows); n == 0 || s.rows[n-1].client != rows[i].client {
				s.rows = append(s.rows, rows[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b *section) int {
		return cmp.Or(cmp.Compare(b.flows, a.flows), strings.Compare(a.guide.ID, b.guide.ID))
	})
	return all
}

// section writes a guide below its clients, and returns the number of their flows.
func (p *page) section(s *section, top int) uint64 {
	flowsOf := func(r *row) uint64 { _, n := r.problemsFor(s.guide.ID); return n }
	slices.SortStableFunc(s.rows, func(a, b row) int { return cmp.Compare(flowsOf(&b), flowsOf(&a)) })
	p.line("")
	p.line("")
	p.title(s.guide)
	p.line("%s of %s, the most flows first:", number(s.flows, "flagged flow"), number(uint64(len(s.rows)), "client"))
	p.line("")
	shown, left := s.rows[:shownOf(len(s.rows), top)], s.flows
	for i := range shown {
		left -= p.row(&shown[i], view{most: maxDestinations, guide: s.guide.ID})
		p.line("")
	}
	if n := len(s.rows) - len(shown); n > 0 {
		p.more(left, n)
		p.line("")
	}
	p.guide(s.guide)
	return s.flows
}
