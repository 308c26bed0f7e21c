package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"tlsfloor/capture/decode"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// options is the parsed command line.
type options struct {
	interfaces []string
	files      []string
	expression string // BPF
	first      string // the first word of expression, if it was not behind "--"

	outputs      []string
	format       string
	spool        string
	emit         string
	scope        []string
	minVersion   string
	failOn       []string
	certificates bool

	count    uint64
	snaplen  int
	buffer   int // KiB, as in tcpdump; 0: see ring
	promisc  bool
	follow   bool
	vxlan    []uint
	tunnels  []string
	names    string
	ranges   string
	flagAddr bool
	quiet    bool
	sensor   string
	memory   int // MiB
	workers  int

	process bool

	user           string
	noSandbox      bool
	requireSandbox bool
	metrics        string
	statsEvery     time.Duration

	list, help, version bool

	args   []string       // as they were typed
	parsed *pflag.FlagSet // of args
}

func (o *options) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("tlsfloor", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.StringArrayVarP(&o.interfaces, "interface", "i", nil, "watch this `interface`; may be repeated; \"any\" is all of them")
	f.StringArrayVarP(&o.files, "read", "r", nil, "read this capture `file`, a folder with all below it, or \"-\"; may be repeated, and more may follow")
	f.BoolVarP(&o.list, "list-interfaces", "D", false, "list the interfaces and exit")
	f.StringVar(&o.emit, "emit", "flagged", "which `flows` to write: flagged, aws (all in scope) or all")
	f.StringArrayVarP(&o.outputs, "output", "o", nil, "send events to this `output`: stdout, file:PATH, syslog+tls://HOST and others (docs/outputs.md); may be repeated (default stdout)")
	f.StringVar(&o.format, "format", "native", "`format` of outputs that do not say: native, ecs, ocsf, eve or zeek")
	f.StringVar(&o.spool, "spool", "", "`folder` in which events wait for outputs that are away or full")
	f.StringArrayVar(&o.scope, "scope", nil, "destinations that matter: aws, aws-all, or a `pattern` like *.example.com; may be repeated (default aws)")
	f.StringVar(&o.minVersion, "min-version", "1.2", "the floor, a `version` of TLS: 1.2 or 1.3")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with status 3 when a flow was flagged with this `verdict`: violation, or attempt (which includes violation); or when not everything could be seen: blind; or several, with commas")
	f.BoolVar(&o.certificates, "certificates", false, "read the server's certificate even where SNI names the destination")
	f.BoolVar(&o.process, "process", false, "name the process behind each connection of this host (Linux; root, or the capabilities in docs/security.md)")
	f.StringVar(&o.names, "names", "", "names of addresses: a hosts `file`, or a Zeek dns.log")
	f.StringVar(&o.ranges, "aws-ip-ranges", "", "published addresses of AWS: a `file`, its ip-ranges.json")
	f.BoolVar(&o.flagAddr, "flag-addresses", false, "also flag flows known to be AWS's by address only")
	f.Uint64VarP(&o.count, "count", "c", 0, "stop after this `number` of packets")
	f.BoolVar(&o.follow, "follow", false, "go on reading a capture that is still being written, also when it is rotated or not there yet")
	f.UintSliceVar(&o.vxlan, "vxlan-port", nil, "a UDP `port` that carries VXLAN, beside 4789 and 8472; may be repeated")
	f.Lookup("vxlan-port").DefValue = "" // pflag would print "(default [])"
	f.StringSliceVar(&o.tunnels, "tunnels", nil, "believe the tunnels (VXLAN, GENEVE, GRE and others) of these `senders`: all, none, own (each about connections of which it is the client), or by the address or prefix of their outer source; or several, with commas (default own on interfaces, all in captures)")
	f.IntVarP(&o.snaplen, "snapshot-length", "s", 262144, "capture so many `bytes` of each packet")
	f.IntVarP(&o.buffer, "buffer-size", "B", 0, "kernel buffer of each interface, in `KiB` (default: what --memory leaves for it, 65536 at most)")
	f.BoolVar(&o.promisc, "promiscuous", false, "see what is not for this host, too")
	f.BoolP("no-lookup", "n", false, "accepted for tcpdump's sake: tlsfloor never looks up a name")
	f.IntVar(&o.memory, "memory", 256, "bound on the memory of the process, in `MiB`, beside 20 for the program itself; what does not fit is given up, the least promising first")
	f.IntVar(&o.workers, "workers", 1, "find and judge handshakes with this `number` of goroutines; more than one pays from a million packets a second")
	f.StringVar(&o.metrics, "metrics-file", "", "write counts in Prometheus' text format to this `file`, every ten seconds")
	f.DurationVar(&o.statsEvery, "stats-every", 0, "write an event with the counts so far each `duration` (such as 5m), and at the end (default never)")
	f.StringVar(&o.user, "user", "", "run as this `user` after everything is open, when started as root (default tlsfloor, else nobody)")
	f.BoolVar(&o.requireSandbox, "require-sandbox", false, "do not run where the kernel cannot confine the process fully")
	f.BoolVar(&o.noSandbox, "no-sandbox", false, "keep the user, the capabilities and the files")
	f.StringVar(&o.sensor, "sensor-name", "", "`name` of this sensor in events (default: the host's)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary at the end")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	f.BoolVarP(&o.help, "help", "h", false, "print this and exit")
	return f
}

func parseOptions(args []string) (*options, error) {
	o := new(options)
	f := o.flags()
	o.args, o.parsed = args, f
	if err := f.Parse(args); err != nil {
		return nil, fmt.Errorf("%w (--help lists the options)", o.parseError(err))
	}
	if o.help || o.version || o.list {
		return o, nil
	}
	if err := o.operands(f.Args(), f.ArgsLenAtDash()); err != nil {
		return nil, err
	}
	return o, o.check()
}

// kinds are the values that options take, by the types of pflag.
var kinds = map[string]string{
	"bool": "true or false", "int": "a whole number", "uint64": "a whole number, 0 or more",
	"duration": "a time such as 30s or 5m", "uintSlice": "numbers, with commas between several",
	"stringSlice": "words, with commas between several",
}

// parseError returns an error of pflag in words for the user: pflag's may be those of the
// functions that it calls.
func (o *options) parseError(err error) error {
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &value):
		return o.valueError(value.GetFlag(), value.GetValue())
	case errors.As(err, &missing):
		return fmt.Errorf("%s: needs a value", o.typed(missing.GetFlag().Name))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("unknown flag: -%s", unknown.GetSpecifiedName())
	}
	return err
}

func (o *options) valueError(f *pflag.Flag, value string) error {
	kind, known := kinds[f.Value.Type()]
	switch {
	case !known:
		return fmt.Errorf("%s %s: not a value of this option", o.typed(f.Name), value)
	case f.Value.Type() != "duration" && f.Value.Type() != "bool" && value != "" && strings.Trim(value, "0123456789") == "":
		return fmt.Errorf("%s %s: too large", o.typed(f.Name), value)
	}
	return fmt.Errorf("%s %s: must be %s", o.typed(f.Name), value, kind)
}

// typed returns an option as the user typed it last: -s or --snapshot-length.
func (o *options) typed(name string) string {
	last := "--" + name
	if o.parsed == nil {
		return last
	}
	for i := 0; i < len(o.args) && o.args[i] != "--"; i++ {
		named, takesNext := o.namesIn(o.args[i])
		for _, n := range named {
			if n.flag.Name == name {
				last = n.typed
			}
		}
		if takesNext {
			i++
		}
	}
	return last
}

// typedFlag is an option in an argument.
type typedFlag struct {
	flag  *pflag.Flag
	typed string
}

// namesIn returns the options in an argument, which may be several of one letter. It
// reports whether the next argument is the value of the last one.
func (o *options) namesIn(arg string) (named []typedFlag, takesNext bool) {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, hasValue := strings.Cut(long, "=")
		f := o.parsed.Lookup(name)
		if f == nil {
			return nil, false
		}
		return []typedFlag{{f, "--" + name}}, !hasValue && f.NoOptDefVal == ""
	}
	if !strings.HasPrefix(arg, "-") {
		return nil, false
	}
	for i := 1; i < len(arg); i++ {
		f := o.parsed.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return named, false
		}
		named = append(named, typedFlag{f, "-" + f.Shorthand})
		if f.NoOptDefVal == "" {
			return named, i == len(arg)-1
		}
	}
	return named, false
}

// operands reads the arguments that are not options, of which dash come before "--" (-1:
// there is none). After -r, names of existing files are more captures, which a shell
// makes of *.pcap. The rest is the expression.
func (o *options) operands(args []string, dash int) error {
	for len(o.files) > 0 && len(args) > 0 && dash != 0 && (args[0] == "-" || exists(args[0])) {
		o.files, args, dash = append(o.files, args[0]), args[1:], dash-1
	}
	o.expression = strings.Join(args, " ")
	if len(args) > 0 && dash != 0 {
		o.first = args[0]
	}
	if len(o.files) == 0 && len(o.interfaces) == 0 && len(args) > 0 && exists(args[0]) {
		return fmt.Errorf("%s: to read a capture, use -r %s", args[0], args[0])
	}
	return nil
}

// badExpression returns the error for an expression that cannot be compiled. After -r,
// one that begins with what looks like a name is taken for a file that does not exist.
func (o *options) badExpression(err error) error {
	alone := o.first == o.expression && !strings.ContainsRune(o.first, ' ')
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

func (o *options) check() error {
	switch {
	case len(o.files) == 0 && len(o.interfaces) == 0:
		return errors.New("nothing to watch: give an interface (-i eth0) or a capture (-r file.pcap); --help lists the options")
	case len(o.files) > 0 && len(o.interfaces) > 0:
		return errors.New("-i and -r do not go together: watch an interface, or read captures")
	case !oneOf(o.emit, "flagged", "aws", "all"):
		return fmt.Errorf("--emit %s: must be flagged, aws or all", o.emit)
	case !oneOf(o.minVersion, "1.2", "1.3"):
		return fmt.Errorf("--min-version %s: must be 1.2 or 1.3", o.minVersion)
	case o.snaplen < 64 || o.snaplen > 262144:
		return fmt.Errorf("%s %d: must be from 64 to 262144 bytes", o.typed("snapshot-length"), o.snaplen)
	case o.buffer != 0 && o.buffer < 64 || o.buffer > 2<<20:
		return fmt.Errorf("%s %d: must be from 64 to 2097152 KiB", o.typed("buffer-size"), o.buffer)
	case o.workers < 1 || o.workers > maxWorkers:
		return fmt.Errorf("--workers %d: must be from 1 to %d", o.workers, maxWorkers)
	case o.statsEvery < 0 || o.statsEvery > 0 && o.statsEvery < time.Second:
		return fmt.Errorf("--stats-every %s: must be a second or more", o.statsEvery)
	case o.noSandbox && o.requireSandbox:
		return errors.New("--no-sandbox and --require-sandbox do not go together")
	case o.memory < 64 || o.memory > 1<<20:
		return fmt.Errorf("--memory %d: must be from 64 to 1048576 MiB", o.memory)
	case o.process && len(o.interfaces) == 0:
		return errors.New("--process goes with -i: the processes of a capture are long gone")
	case o.flagAddr && o.ranges == "":
		return errors.New("--flag-addresses needs --aws-ip-ranges")
	}
	if err := o.checkFailOn(); err != nil {
		return err
	}
	if err := o.checkWorkers(); err != nil {
		return err
	}
	if _, err := o.trust(); err != nil {
		return err
	}
	return o.checkPorts()
}

func (o *options) checkFailOn() error {
	for _, on := range o.failOn {
		if !oneOf(on, "violation", "attempt", "blind") {
			return fmt.Errorf("--fail-on %s: must be violation, attempt or blind", on)
		}
	}
	return nil
}

// failsOn reports whether --fail-on contains on.
func (o *options) failsOn(on string) bool { return slices.Contains(o.failOn, on) }

func (o *options) checkPorts() error {
	for _, p := range o.vxlan {
		if p == 0 || p > 65535 {
			return fmt.Errorf("--vxlan-port %d: must be from 1 to 65535", p)
		}
	}
	return nil
}

func oneOf(s string, allowed ...string) bool {
	for _, a := range allowed {
		if s == a {
			return true
		}
	}
	return false
}

func (o *options) floor() parse.Version {
	if o.minVersion == "1.3" {
		return parse.TLSv13
	}
	return parse.TLSv12
}

// sensorName is the name of this sensor in events, or empty.
func (o *options) sensorName() string {
	if o.sensor != "" {
		return o.sensor
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// decoding returns the options of decoders.
func (o *options) decoding() (d decode.Options) {
	for _, p := range o.vxlan {
		d.VXLANPorts = append(d.VXLANPorts, uint16(p))
	}
	d.Trust, _ = o.trust() // check has checked it
	return d
}

// policy returns the policy that the options describe.
func (o *options) policy() (*policy.Policy, error) {
	scope, err := policy.NewScope(o.scope)
	if err != nil {
		return nil, fmt.Errorf("--%w", err) // it begins with "scope"
	}
	return policy.New(policy.Options{Floor: o.floor(), Scope: scope, FlagAddresses: o.flagAddr})
}

const synopsis = `tlsfloor watches TLS handshakes, and flags those to AWS that run below TLS 1.2.
It only listens: it never sends a packet.

  tlsfloor -i INTERFACE [options] [expression]    watch an interface
  tlsfloor -r FILE... [options] [expression]      read captures (pcap, pcapng; compressed or not)
  tlsfloor explain ID|FILE...                     what to change, and how
  tlsfloor host NAME...                           what AWS names say

Flows are written to standard output, one JSON object a line. The expression is
a packet filter, as tcpdump has it. Options:

`

func (m *messages) usage(stdout io.Writer) int {
	fmt.Fprint(stdout, synopsis, new(options).flags().FlagUsages())
	return exitOK
}
