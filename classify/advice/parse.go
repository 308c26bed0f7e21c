package advice

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// parse reads a guide: fields, one in each line; an empty line; and the steps. A step is
// a paragraph that begins with "- ", and its further lines with two spaces. A command
// begins with four spaces and a dollar sign, and its further lines with six spaces. What
// it prints begins with four spaces and ">".
func parse(id, text string) (*Guide, error) {
	head, steps, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, errors.New("there are no steps")
	}
	g := &Guide{ID: id}
	for line := range strings.SplitSeq(head, "\n") {
		if err := g.field(line); err != nil {
			return nil, err
		}
	}
	if err := g.parseSteps(steps); err != nil {
		return nil, err
	}
	switch {
	case g.Title == "" || g.Summary == "" || len(g.Steps) == 0:
		return nil, errors.New("title, summary or steps are missing")
	case g.Checked.IsZero() || len(g.Sources) == 0:
		return nil, errors.New("checked or source is missing")
	case (g.Question == "") != (len(g.Leads) == 0):
		return nil, errors.New("question and leads need each other")
	}
	if g.Proof == "" {
		g.Proof = proof(len(g.Services)+len(g.APIs) > 0)
	}
	return g, nil
}

// proof is the proof of most guides, which do not write it again.
func proof(ofServer bool) string {
	if ofServer {
		return `The next connections have the verdict "ok" and server.version TLSv1.2 or TLSv1.3. Clients that offer less have the verdict "attempt" now: they have to change, too.`
	}
	return `The client's next connections have the verdict "ok" and client.max_version TLSv1.2 or TLSv1.3. The verdict "exposed" says that it still offers older versions as well.`
}

func (g *Guide) field(line string) (err error) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("%q is not a field", line)
	}
	switch name {
	case "title":
		g.Title = value
	case "summary":
		g.Summary = value
	case "software":
		g.Software = strings.Fields(value)
	case "services":
		g.Services = strings.Fields(value)
	case "apis":
		g.APIs = strings.Fields(value)
	case "destinations":
		g.Targets = strings.Fields(value)
	case "starttls":
		g.StartTLS = strings.Fields(value)
	case "programs":
		g.Programs = strings.Fields(value)
	case "today":
		g.Today = value
	case "no-hello":
		g.noHello = value
	case "question":
		g.Question = value
	case "proof":
		g.Proof = value
	case "checked":
		g.Checked, err = time.Parse(time.DateOnly, value)
	default:
		return g.pair(name, value)
	}
	return err
}

// pair reads a field that a guide may have several times.
func (g *Guide) pair(name, value string) error {
	if name == "source" {
		title, url, _ := strings.Cut(value, " https://")
		if url != "" {
			url = "https://" + url
		}
		g.Sources = append(g.Sources, source{strings.TrimSuffix(title, ","), url})
		return nil
	}
	first, second, ok := strings.Cut(value, ": ")
	switch {
	case !ok:
		return fmt.Errorf("%q has one part only", value)
	case name == "lead":
		g.Leads = append(g.Leads, lead{first, second})
	case name == "since":
		g.sinces = append(g.sinces, since{first, second})
	case name == "argument":
		g.arguments = append(g.arguments, argument{strings.Fields(first), second})
	case name == "protocol":
		g.protocols = append(g.protocols, named{first, second})
	case name == "variable":
		g.variables = append(g.variables, named{first, second})
	default:
		return fmt.Errorf("there is no field %q", name)
	}
	return nil
}

func (g *Guide) parseSteps(text string) error {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "- ") {
			g.Steps = append(g.Steps, step{Text: line[2:]})
			continue
		}
		if len(g.Steps) == 0 {
			return fmt.Errorf("%q is before the first step", line)
		}
		if err := g.Steps[len(g.Steps)-1].add(line); err != nil {
			return err
		}
	}
	return nil
}

// add adds a line that is not the first one of the step.
func (s *step) add(line string) error {
	if text, ok := strings.CutPrefix(line, "    $ "); ok {
		s.Commands = append(s.Commands, command{Lines: []string{text}})
		return nil
	}
	if len(s.Commands) == 0 {
		text, ok := strings.CutPrefix(line, "  ")
		if !ok {
			return fmt.Errorf("%q is neither text nor command", line)
		}
		s.Text += " " + text
		return nil
	}
	last := &s.Commands[len(s.Commands)-1]
	if text, ok := strings.CutPrefix(line, "    > "); ok {
		last.Prints = append(last.Prints, text)
		return nil
	}
	text, ok := strings.CutPrefix(line, "      ")
	if !ok || last.Prints != nil {
		return fmt.Errorf("%q is neither a command nor what it prints", line)
	}
	last.Lines = append(last.Lines, text)
	return nil
}
