package report

import (
	"fmt"
	"strings"
	"time"

	"tlsfloor/classify"
)

// view is how much of a client is shown.
type view struct {
	most  int    // destinations, and reasons
	guide string // only what this guide is for; empty: all, with the names of the guides
}

// row writes a client: who it is, and for each thing that has to change the times,
// destinations and reasons. It returns how many flows these are.
func (p *page) row(r *row, v view) (flows uint64) {
	shown, kept := r.problemsFor(v.guide)
	if flows = kept; v.guide == "" {
		flows = r.flows
	}
	p.wrap(margin(digits(flows)), p.bold(r.addressText())+r.programText())
	if r.process != (program{}) {
		p.item("software", r.softwareText())
		p.item("command", printable(r.command.text()))
	}
	for i := range shown {
		p.problem(r, &shown[i].key, &shown[i].value, v)
	}
	if flows > kept {
		p.item("also", number(flows-kept, "flow")+" for which other things have to change")
	}
	return flows
}

// problemsFor returns the problems that a guide is for, the most flows first, and the
// number of these flows. Empty: all problems.
func (c *client) problemsFor(guide string) (of []pair[problem, span], flows uint64) {
	for _, p := range c.problems.byCount(func(s span) uint64 { return s.flows }) {
		if guide == "" || p.key.guide == guide {
			of, flows = append(of, p), flows+p.value.flows
		}
	}
	return of, flows
}

// problem writes what is known about the flows that have a problem.
func (p *page) problem(r *row, of *problem, s *span, v view) {
	p.item("seen", times(s.flows)+", "+s.text())
	p.items("to", listed(&r.destinations, of, (*destination).text, v.most, s.flows))
	p.items("why", listed(&r.reasons, of, (*reason).text, v.most, s.flows))
	fix := of.side()
	switch {
	case v.guide == "" && of.guide != "":
		fix += ": tlsfloor explain " + of.guide
	case of.summary != "":
		fix += ". " + of.summary
	}
	p.item("fix", printable(fix))
}

// times is a number of times.
func times(n uint64) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return digits(n) + " times"
}

func (p *page) item(name, text string) { p.items(name, []string{text}) }

// items writes texts behind a name, each from a line of its own, except for empty ones.
func (p *page) items(name string, texts []string) {
	lead := fmt.Sprintf("%s%-10s", margin(""), name+":")
	for _, text := range texts {
		if text == "" {
			continue
		}
		p.wrap(lead, text)
		lead = strings.Repeat(" ", len(lead))
	}
}

// listed returns the most frequent things of flows with a problem, with their counts if
// there are several. flows is the number of these flows.
func listed[K ordered[K]](all *firsts[with[K], uint64], of *problem, text func(*K) string, most int, flows uint64) (lines []string) {
	left, hidden := flows, 0
	for _, p := range all.byCount(func(n uint64) uint64 { return n }) {
		switch {
		case p.key.problem != *of:
			continue
		case len(lines) == most:
			hidden++
			continue
		}
		line := text(&p.key.what)
		if p.value < flows {
			line += " (" + digits(p.value) + ")"
		}
		lines, left = append(lines, line), left-p.value
	}
	if left > 0 {
		others := "others"
		if !all.more {
			others = number(uint64(hidden), "other")
		}
		if len(lines) == 0 {
			others = "not kept: the client has too many"
		}
		lines = append(lines, others+" ("+digits(left)+")")
	}
	return lines
}

func (id *identity) addressText() string {
	switch {
	case id.address.IsValid():
		return id.address.String()
	case id.other != "":
		return strings.ReplaceAll(printable(id.other), " ", "_")
	}
	return "unknown client"
}

// programText returns what follows the address: the program, or else the software.
func (r *row) programText() string {
	id := &r.process
	if *id == (program{}) {
		if text := r.softwareText(); text != "" {
			return ", " + text
		}
		return ""
	}
	text := ", " + id.file + id.name
	if id.file+id.name == "" {
		text = ", unknown program"
	}
	if id.script != "" {
		text += " " + id.script
	}
	var of []string
	for _, part := range [...][2]string{{"user ", id.user}, {"unit ", id.unit}, {"container ", shortContainer(id.container)}} {
		if part[1] != "" {
			of = append(of, part[0]+part[1])
		}
	}
	if of != nil {
		text += " (" + strings.Join(of, ", ") + ")"
	}
	if id.starter != "" {
		text += ", started by " + id.starter
	}
	if id.login != "" {
		text += ", login " + id.login
	}
	return printable(text)
}

// shortContainer returns the part of a container's id that Docker and Podman print.
func shortContainer(id string) string {
	if len(id) == 64 {
		return id[:12]
	}
	return id
}

// softwareText returns a text like "likely Node.js 10 (OpenSSL 1.1.1)".
func (c *client) softwareText() string {
	var texts []string
	for i := range c.software.list {
		s := &c.software.list[i]
		texts = append(texts, certainty[s.value]+s.key.text())
	}
	if c.software.more {
		texts = append(texts, "others")
	}
	return strings.Join(texts, ", ")
}

// certainty is the prefix of a name, by confidence, as in lines of text.
var certainty = map[classify.Confidence]string{classify.Medium: "likely ", classify.Low: "perhaps "}

// text leaves out a library that is the software itself.
func (s *softwareName) text() string {
	text := strings.TrimSpace(s.name + " " + s.version)
	if s.library != "" && s.library != text && s.library != s.name {
		text += " (" + s.library + ")"
	}
	return printable(text)
}

// text returns the times in UTC, to the second.
func (s *span) text() string {
	if s.first == 0 && s.last == 0 {
		return "at an unknown time"
	}
	const day, clock = time.DateOnly, time.TimeOnly
	first, last := time.Unix(0, s.first).UTC(), time.Unix(0, s.last).UTC()
	from, to := first.Format(day+" "+clock), last.Format(day+" "+clock)
	switch {
	case from == to:
		return from + " UTC"
	case from[:len(day)] == to[:len(day)]:
		to = last.Format(clock)
	}
	return from + " to " + to + " UTC"
}
