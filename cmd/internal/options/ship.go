package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"tlsfloor/cmd/internal/emit/config"
)

// Ship is a parsed command line of "tlsfloor ship".
type Ship struct {
	Inputs         []string // folders of journals, and files of events
	to             []string
	format, emit   string
	State          string
	Once           bool
	Metrics        string
	User           string
	NoSandbox      bool
	RequireSandbox bool
	Quiet          bool
	Verbose        int
	Help           bool
	// Linked: a sensor has started it, and its socket is an inherited descriptor.
	Linked bool

	typed *Options // for messages
}

const shipSynopsis = `tlsfloor ship [options] JOURNAL|FILE... --to OUTPUT...

Delivers the events in a journal (-o journal:FOLDER) or in files of native
events, which may be rotated, as they are written. Each output has a place of
its own in them, which is kept: what the far end has not acknowledged is
delivered again.

Options:
`

func (s *Ship) flags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringArrayVar(&s.to, "to", nil, "deliver to this `output`: syslog+tls://HOST, splunk+https://HOST and others (docs/outputs.md); may be repeated")
	f.StringVar(&s.emit, "emit", "all", "which `flows` outputs get that do not say: flagged, aws (all in scope) or all")
	f.StringVar(&s.format, "format", "native", "`format` of outputs that name none: native, ecs, ocsf, eve, zeek, text or csv")
	f.StringVar(&s.State, "state", "", "`folder` for the places of outputs; files need one (default for a journal: cursors in it)")
	f.BoolVar(&s.Once, "once", false, "deliver what is there, and end; files need no --state then")
	f.StringVar(&s.Metrics, "metrics-file", "", "write counts in Prometheus' text format to this `file`, every ten seconds")
	f.StringVarP(&s.User, "user", "Z", "", "run as this `user`, when started as root (default tlsfloor-shipper if there is one, else a number that nobody has; with the group of the user tlsfloor)")
	f.BoolVar(&s.RequireSandbox, "require-sandbox", false, "do not run where the kernel cannot confine the process fully")
	f.BoolVar(&s.NoSandbox, "no-sandbox", false, "do not confine the process: keep its user, capabilities, files and system calls")
	f.BoolVarP(&s.Quiet, "quiet", "q", false, "say nothing but errors")
	f.CountVarP(&s.Verbose, "verbose", "v", "say more on standard error: each step of the sandbox")
	f.BoolVarP(&s.Help, "help", "h", false, "print this and exit")
	f.BoolVar(&s.Linked, "linked", false, "")
	f.Lookup("linked").Hidden = true
	return f
}

// ParseShip parses the arguments of "tlsfloor ship". An error names the option as it was
// typed.
func ParseShip(args []string) (*Ship, error) {
	s := new(Ship)
	f := s.flags()
	s.typed = &Options{args: args, parsed: f}
	err := f.Parse(args)
	if err != nil {
		err = s.typed.parseError(err)
	} else if !s.Help {
		s.Inputs = f.Args()
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("ship: %w", err)
	}
	return s, nil
}

func (s *Ship) check() error {
	if err := s.typed.checkEmpty(); err != nil {
		return err
	}
	switch {
	case len(s.Inputs) == 0:
		return errors.New("nothing to deliver: give a journal or a file of events; --help lists the options")
	case slices.Contains(s.Inputs, "") || slices.Contains(s.Inputs, "-"):
		return errors.New("an input is a journal, or a file with a name: the place in standard input cannot be kept")
	case len(s.to) == 0:
		return errors.New("nowhere to deliver to: give an output (--to syslog+tls://HOST)")
	case s.NoSandbox && s.RequireSandbox:
		return errors.New("--no-sandbox and --require-sandbox do not go together")
	}
	return s.checkInputs()
}

// checkInputs refuses an input that is given twice: each event would be delivered twice.
func (s *Ship) checkInputs() error {
	for i, input := range s.Inputs {
		if slices.Contains(s.Inputs[:i], input) {
			return fmt.Errorf("%s is given twice", input)
		}
	}
	return nil
}

// Outputs parses --to.
func (s *Ship) Outputs() ([]config.Config, error) {
	selection, err := config.ParseSelection(s.emit)
	if err != nil {
		return nil, fmt.Errorf("ship: --emit %s: must be flagged, aws or all", s.emit)
	}
	var outputs []config.Config
	for _, spec := range s.to {
		c, err := config.Parse(spec, config.Defaults{Format: s.format, Emit: selection})
		if err == nil && c.Spool != "" {
			err = errors.New("it needs no spool: events wait in the journal")
		}
		if err != nil {
			return nil, fmt.Errorf("ship: --to: %w", err)
		}
		outputs = append(outputs, c)
	}
	return outputs, nil
}

// ShipUsage is the text of "tlsfloor ship --help".
func ShipUsage() string {
	var text strings.Builder
	text.WriteString(shipSynopsis)
	new(Ship).flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			writeOption(&text, f)
		}
	})
	return text.String()
}
