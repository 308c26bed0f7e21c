package options

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"tlsfloor/cmd/internal/report"
)

// Explain is a parsed command line of "tlsfloor explain".
type Explain struct {
	Names  []string // guides, or files of events; "-": standard input
	Top    int      // how many clients are listed for a guide; 0: all
	Client string   // only this client: an address, a prefix or a program; empty: all
	Since  string   // only from this time on, or from so long ago on; empty: all
	Help   bool
}

const explainSynopsis = `tlsfloor explain                      list the guides
tlsfloor explain ID...                print these guides
tlsfloor explain [options] FILE...    explain the events in files, compressed or
                                      not, "-" for standard input: who has to
                                      change, and how

Options:
`

func (e *Explain) flags() *pflag.FlagSet {
	f := newFlagSet()
	e.Top = report.DefaultExplained
	topVar(f, &e.Top, "list at most this `number` of clients with each guide; \"all\" or 0: every one")
	f.StringVar(&e.Client, "client", "", "only this `client`: an address, a prefix like 10.0.0.0/8, or the name of a program, script, unit, container or software")
	f.StringVar(&e.Since, "since", "", "only from this `time` on: 2026-03-01, 2026-03-01T12:00:00Z (UTC if it does not say), or so long ago: 90m, 12h, 7d")
	f.BoolVarP(&e.Help, "help", "h", false, "print this and exit")
	return f
}

// ParseExplain parses the arguments of "tlsfloor explain". An error names the option as
// it was typed.
func ParseExplain(args []string) (*Explain, error) {
	e := new(Explain)
	f := e.flags()
	if err := f.Parse(args); err != nil {
		typed := &Options{args: args, parsed: f}
		return nil, fmt.Errorf("explain: %w", typed.parseError(err))
	}
	e.Names = f.Args()
	return e, nil
}

// ExplainUsage is the text of "tlsfloor explain --help".
func ExplainUsage() string {
	var text strings.Builder
	text.WriteString(explainSynopsis)
	new(Explain).flags().VisitAll(func(f *pflag.Flag) { writeOption(&text, f) })
	return text.String()
}

// top is a number of clients, of which 0 means all.
type top int

func topVar(f *pflag.FlagSet, to *int, usage string) { f.Var((*top)(to), "top", usage) }

// Set implements pflag.Value.
func (t *top) Set(text string) error {
	if text == "all" {
		*t = 0
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	*t = top(n)
	return err
}

// String implements pflag.Value.
func (t *top) String() string { return strconv.Itoa(int(*t)) }

// Type implements pflag.Value.
func (t *top) Type() string { return "top" }
