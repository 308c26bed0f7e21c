package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tlsfloor/classify/advice"
)

// WriteGuide writes a guide.
func WriteGuide(w io.Writer, g *advice.Guide) error {
	p := new(page)
	p.title(g)
	p.guide(g)
	_, err := io.WriteString(w, p.text.String())
	return err
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

func (p *page) title(g *advice.Guide) {
	p.line("%s", g.Title)
	p.line("%s", strings.Repeat("=", len(g.Title)))
	p.line("")
}

// guide writes a guide without its title.
func (p *page) guide(g *advice.Guide) {
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
	p.legend(g)
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
// print, which a shell takes for a comment.
func (p *page) command(lines, prints []string) {
	for _, line := range lines {
		p.line("      %s", line)
	}
	for _, line := range prints {
		p.line("      # %s", line)
	}
}

// placeholders are the words in commands that stand for a member of the event, and how
// they are recognised.
var placeholders = []struct{ word, in, member string }{
	{"HOST", "HOST", "host"}, {"PID", "/proc/PID", "process.pid"}, {"ADDRESS", "ADDRESS", "src_ip"},
}

// legend says what in a guide's commands stands for something else.
func (p *page) legend(g *advice.Guide) {
	var text strings.Builder
	if g.Prints() {
		text.WriteString("After # is what the command prints, with ... for what varies. ")
	}
	before := "In commands, %s stands for the event's %s"
	for _, it := range placeholders {
		if g.Mentions(it.in) {
			fmt.Fprintf(&text, before, it.word, it.member)
			before = ", %s for its %s"
		}
	}
	if text.Len() > 0 {
		p.line("")
		p.wrap("", strings.TrimSuffix(text.String(), ". ")+".")
	}
}
