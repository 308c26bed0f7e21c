package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"tlsfloor/classify/advice"
	"tlsfloor/cmd/internal/report"
)

const explainUsage = `tlsfloor explain           list the guides
tlsfloor explain ID...     write guides
tlsfloor explain FILE...   explain the events in files, "-" for standard input: who has
                           to change, and how
`

// explainFindings is "tlsfloor explain": it writes guides, or explains the events in
// files.
func explainFindings(args []string, stdin io.Reader, stdout io.Writer, m *messages) int {
	if asksForHelp(args) {
		fmt.Fprint(stdout, explainUsage)
		return exitOK
	}
	if len(args) == 0 {
		return m.done(report.ListGuides(stdout))
	}
	r, files, foreign := report.NewFindings(report.Selection{}), false, uint64(0)
	for i, arg := range args {
		if g, ok := advice.Lookup(arg); ok {
			if i > 0 {
				fmt.Fprint(stdout, "\n\n")
			}
			if err := report.WriteGuide(stdout, g); err != nil {
				return m.fail(err)
			}
			continue
		}
		left, err := addEvents(r, arg, stdin)
		if err != nil {
			m.trouble(err)
			continue
		}
		files, foreign = true, foreign+left
	}
	if files {
		if err := r.Write(stdout, 20); err != nil {
			return m.fail(err)
		}
	}
	if foreign > 0 {
		m.trouble(fmt.Errorf("explain: lines left out, because they are no events of tlsfloor in its native format: %d", foreign))
	}
	return m.done(nil)
}

// done returns the exit status of a subcommand.
func (m *messages) done(err error) int {
	if err != nil {
		return m.fail(err)
	}
	if m.failed {
		return exitError
	}
	return exitOK
}

// addEvents adds the events of a file, and returns how many of its lines are none. A file
// without any is an error: that nothing is flagged in it would say nothing.
func addEvents(r *report.Findings, name string, stdin io.Reader) (foreign uint64, err error) {
	from := stdin
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if os.IsNotExist(err) && !strings.ContainsRune(name, '/') {
			return 0, fmt.Errorf("explain: %s is neither a guide nor a file%s", name, similar(name))
		}
		if err != nil {
			return 0, fmt.Errorf("explain: %s: %w", name, pathCause(err))
		}
		defer f.Close()
		from = f
	}
	eventsBefore, foreignBefore := r.Lines()
	err = r.Add(from)
	events, others := r.Lines()
	switch foreign = others - foreignBefore; {
	case err != nil:
		return 0, fmt.Errorf("explain: %s: %w", name, pathCause(err))
	case events == eventsBefore && foreign == 0:
		return 0, fmt.Errorf("explain: %s: no events: it is empty; a run that flags nothing writes none, unless with --emit all", name)
	case events == eventsBefore:
		return 0, fmt.Errorf("explain: %s: no events of tlsfloor in its native format", name)
	}
	return foreign, nil
}

// similar suggests guides with a similar name.
func similar(name string) string {
	var near []string
	for _, g := range advice.All() {
		if strings.HasPrefix(g.ID, name[:min(len(name), 3)]) || strings.Contains(g.ID, name) {
			near = append(near, g.ID)
		}
	}
	if near == nil {
		return `; "tlsfloor explain" lists the guides`
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}
