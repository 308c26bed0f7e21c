package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tlsfloor/classify/advice"
)

// maxGroupsShown bounds the groups that are listed with a guide.
const maxGroupsShown = 20

// WriteGuide writes a guide.
func WriteGuide(w io.Writer, g *advice.Guide) error {
	p := new(page)
	p.guide(g)
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (p *page) guide(g *advice.Guide) {
	p.line("%s", g.Title)
	p.line("%s", strings.Repeat("=", len(g.Title)))
	p.line("")
	p.wrap("", g.Summary)
	p.line("")
	if g.Today != "" {
		p.wrap("Today: ", g.Today)
		p.line("")
	}
	for i, s := range g.Steps {
		p.wrap(fmt.Sprintf("%2d. ", i+1), s.Text)
		for _, c := range s.Commands {
			p.command(c.Lines, c.Prints)
		}
	}
	if g.Question != "" {
		p.line("")
		p.wrap("", g.Question)
		for _, l := range g.Leads {
			p.wrap(fmt.Sprintf("  tlsfloor explain %-20s  ", l.Guide), l.When)
		}
	}
	p.line("")
	p.wrap("Proof: ", g.Proof)
	p.command(watching, nil)
	p.placeholders(g)
	p.line("")
	p.line("Sources, checked on %s:", g.Checked.Format(time.DateOnly))
	for _, s := range g.Sources {
		p.wrap("  - ", s.Name)
		if s.URL != "" {
			p.line("    %s", s.URL)
		}
	}
}

// watching is how to see what proves that a change has worked.
var watching = []string{
	`sudo tlsfloor -i any --emit all | jq -r '[.src_ip, .host, .verdict,`,
	`  .client.max_version, .server.version] | @tsv'`,
}

// command writes lines that are not wrapped, so that they can be copied, and what they
// print.
func (p *page) command(lines, prints []string) {
	for _, line := range lines {
		p.line("      %s", line)
	}
	for _, line := range prints {
		p.line("        -> %s", line)
	}
}

// placeholders are the words in commands that stand for a member of the event, and how
// they are recognised.
var placeholders = []struct{ word, in, member string }{
	{"HOST", "HOST", "host"}, {"PID", "/proc/PID", "process.pid"}, {"ADDRESS", "ADDRESS", "src_ip"},
}

// placeholders says what those stand for that are in a guide's commands.
func (p *page) placeholders(g *advice.Guide) {
	text := ""
	for _, it := range placeholders {
		switch {
		case !g.Mentions(it.in):
		case text == "":
			text = "In commands, " + it.word + " stands for the event's " + it.member
		default:
			text += ", " + it.word + " for its " + it.member
		}
	}
	if text != "" {
		p.line("")
		p.wrap("", text+".")
	}
}

// ListGuides lists all guides, a line each.
func ListGuides(w io.Writer) error {
	p := new(page)
	for _, g := range advice.All() {
		p.line("%-22s %s", g.ID, g.Title)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// Write writes the findings, each group with its guide, and what could not be seen.
func (r *Findings) Write(w io.Writer) error {
	p := new(page)
	spots := r.unseen.spots()
	switch {
	case r.flagged == 0 && (len(spots) > 0 || r.unseen.unknown > 0):
		p.wrap("", "Nothing is flagged in "+number(r.events, "event")+", but not everything could be seen: see below.")
	case r.flagged == 0:
		p.line("Nothing is flagged in %s: there is nothing to change.", number(r.events, "event"))
	}
	guides, groups := r.sorted()
	for i, id := range guides {
		if i > 0 {
			p.line("")
			p.line("")
		}
		p.groups(groups[id])
		g, _ := advice.Lookup(id)
		p.guide(g)
	}
	if r.ungrouped > 0 {
		p.line("")
		p.wrap("", number(r.ungrouped, "more flagged flow")+" found no room here: explain fewer events at a time.")
	}
	p.blindSpots(spots)
	if r.unseen.unknown > 0 {
		p.line("")
		p.wrap("", "These events are of a newer tlsfloor, and list more that could not be seen, of kinds that this one does not know.")
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// groups lists the groups that the guide below is for.
func (p *page) groups(groups []*group) {
	for _, g := range groups[:min(len(groups), maxGroupsShown)] {
		p.group(g)
	}
	if n := len(groups) - maxGroupsShown; n > 0 {
		p.line("... and %s more like these", digits(uint64(n)))
		p.line("")
	}
}

func (p *page) group(g *group) {
	p.wrap("", bounded(g.source)+": "+number(g.times, "flagged flow"))
	for _, line := range [][2]string{
		{"  process:  ", g.process}, {"  software: ", g.software}, {"  to:       ", g.destinations()},
		{"  version:  ", strings.Join(g.versions, ", ")}, {"  why:      ", g.reason}, {"  seen:     ", g.span()}, {"  do first: ", g.summary},
	} {
		if line[1] != "" {
			p.wrap(line[0], bounded(line[1]))
		}
	}
	p.line("")
}

// maxText bounds a text from the network, in bytes.
const maxText = 1000

func bounded(text string) string { return printable(text[:min(len(text), maxText)]) }

func (g *group) destinations() string {
	text := strings.Join(g.hosts, ", ")
	if g.moreHosts {
		text += " and others"
	}
	return text
}

func (g *group) span() string {
	if g.first == g.last {
		return g.first
	}
	return g.first + " to " + g.last
}
