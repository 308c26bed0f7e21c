package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"tlsfloor/classify/advice"
	"tlsfloor/cmd/internal/report"
)

// explainFindings is "tlsfloor explain": it writes guides, or explains the events in
// files.
func explainFindings(args []string, stdin io.Reader, stdout io.Writer, m *messages) int {
	if len(args) == 0 {
		return m.done(report.ListGuides(stdout))
	}
	r, files := report.NewFindings(), false
	for _, arg := range args {
		if g, ok := advice.Lookup(arg); ok {
			if err := report.WriteGuide(stdout, g); err != nil {
				return m.fail(err)
			}
			continue
		}
		if err := addEvents(r, arg, stdin); err != nil {
			m.trouble(err)
			continue
		}
		files = true
	}
	if files {
		if err := r.Write(stdout); err != nil {
			return m.fail(err)
		}
	}
	if n := r.Foreign(); n > 0 {
		m.trouble(fmt.Errorf("explain: lines left out, because they are no events of tlsfloor in its native format: %d", n))
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

func addEvents(r *report.Findings, name string, stdin io.Reader) error {
	if name == "-" {
		return r.Add(stdin)
	}
	f, err := os.Open(name)
	if os.IsNotExist(err) && !strings.ContainsRune(name, '/') {
		return fmt.Errorf("explain: %s is neither a guide nor a file%s", name, similar(name))
	}
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	defer f.Close()
	if err := r.Add(f); err != nil {
		return fmt.Errorf("explain: %s: %w", name, err)
	}
	return nil
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
