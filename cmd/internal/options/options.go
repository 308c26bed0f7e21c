package options

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"tlsfloor/capture/decode"
	"tlsfloor/classify/event/lines"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/memory"
	"tlsfloor/parse"
)

// Options is a parsed command line.
type Options struct {
	Interfaces []string
	Files      []string
	Lists      []string // files with the names of captures; "-": standard input

	Expression     string // BPF
	ExpressionFile string // Expression is in this file
	first          string // the first word of Expression, if it was not behind "--"

	Outputs      []string
	format       string
	json         bool
	place        bool // -e
	times        int  // how often -t was typed
	spool        string
	Emit         string
	Scope        []string
	minVersion   string
	failOn       []string
	Certificates bool

	Count         uint64
	Snaplen       int // bytes
	buffer        int // KiB, as in tcpdump; 0: see Ring
	Promiscuous   bool
	noPromiscuous bool
	Follow        bool
	vxlan         []uint
	tunnels       []string
	Names         string
	Ranges        string
	flagAddresses bool
	Except        string
	Quiet         bool
	Top           int // clients in the summary; 0: all
	Verbose       int // how often -v was typed
	sensor        string
	Write         string // file for packets; "-": standard output; empty: none
	rotate        int    // seconds; 0: never
	memory        int    // MiB
	Workers       int

	Process bool

	User           string
	NoSandbox      bool
	RequireSandbox bool
	Metrics        string
	StatsEvery     time.Duration
	Every          time.Duration // 0: each finding is an event

	List, Help, Version bool

	args   []string       // as they were typed
	parsed *pflag.FlagSet // of args
}

// Parse parses the arguments of the program. An error names the option as it was typed.
func Parse(args []string) (*Options, error) {
	o := new(Options)
	f := o.flags()
	o.args, o.parsed = args, f
	if err := f.Parse(args); err != nil {
		return nil, o.parseError(err)
	}
	if o.Snaplen == 0 {
		o.Snaplen = maxSnaplen // as tcpdump has it
	}
	if o.Help || o.Version || o.List {
		return o, nil
	}
	if err := o.checkEmpty(); err != nil {
		return nil, err
	}
	if err := o.operands(f.Args(), f.ArgsLenAtDash()); err != nil {
		return nil, err
	}
	return o, o.check()
}

// operands reads the arguments that are not options, of which dash come before "--" (-1:
// there is none). After -r, names of existing files are more captures, which a shell
// makes of *.pcap. The rest is the expression.
func (o *Options) operands(args []string, dash int) error {
	for len(o.Files) > 0 && len(args) > 0 && dash != 0 && (args[0] == "-" || exists(args[0])) {
		o.Files, args, dash = append(o.Files, args[0]), args[1:], dash-1
	}
	o.Expression = strings.Join(args, " ")
	if len(args) > 0 && dash != 0 {
		o.first = args[0]
	}
	if len(o.Files)+len(o.Lists) == 0 && !o.Live() && len(args) > 0 && exists(args[0]) {
		return fmt.Errorf("%s: to read a capture, use -r %s", args[0], args[0])
	}
	return nil
}

// UseExpression replaces the expression by one that is not of the command line.
func (o *Options) UseExpression(text string) { o.Expression, o.first = text, "" }

// BadExpression returns the error for an expression that cannot be compiled. After -r,
// one that begins with what looks like a name is taken for a file that does not exist.
func (o *Options) BadExpression(err error) error {
	alone := o.first == o.Expression && !strings.ContainsRune(o.first, ' ')
	named := strings.ContainsRune(o.first, '/') || strings.ContainsFunc(filepath.Ext(o.first), unicode.IsLetter)
	if o.first == "" || !alone && !named {
		return err
	}
	return fmt.Errorf("%s: no such file; if it begins an expression, put the expression behind --", o.first)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// Floor is the lowest version that is not flagged.
func (o *Options) Floor() parse.Version {
	if o.minVersion == "1.3" {
		return parse.TLSv13
	}
	return parse.TLSv12
}

// SensorName is the name of this sensor in events, or empty.
func (o *Options) SensorName() string {
	if o.sensor != "" {
		return o.sensor
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// Decoding returns the options of decoders.
func (o *Options) Decoding() (d decode.Options) {
	for _, p := range o.vxlan {
		d.VXLANPorts = append(d.VXLANPorts, uint16(p))
	}
	d.Trust, _ = o.trust() // check has checked it
	return d
}

// Policy returns the policy that the options describe.
func (o *Options) Policy() (*policy.Policy, error) {
	scope, err := policy.NewScope(o.Scope)
	if err != nil {
		return nil, fmt.Errorf("--%w", err) // it begins with "scope"
	}
	return policy.New(policy.Options{Floor: o.Floor(), Scope: scope, FlagAddresses: o.flagAddresses})
}

// Live reports whether packets come from interfaces.
func (o *Options) Live() bool { return len(o.Interfaces) > 0 }

func (o *Options) formatFor(terminal bool) string {
	if terminal && len(o.Outputs) == 0 && !o.json && !o.parsed.Changed("format") {
		return "text"
	}
	return o.format
}

// Style is how lines of text look; color says whether the terminal shows colours.
func (o *Options) Style(color bool) lines.Style {
	return lines.Style{Color: color, Place: o.place, Time: timeStyles[o.times]}
}

// timeStyles are the styles of times, by how often -t was typed.
var timeStyles = map[int]lines.TimeStyle{0: lines.TimeUTC, 1: lines.TimeNone, 2: lines.TimeSeconds, 4: lines.TimeUTC}

// Budget is --memory, for its division.
func (o *Options) Budget() memory.Budget {
	return memory.Budget{Bytes: int64(o.memory) << 20, Workers: o.Workers, Packets: o.Write != "", Series: o.Every > 0}
}
