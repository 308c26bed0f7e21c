package options

import (
	"io"

	"github.com/spf13/pflag"

	"tlsfloor/cmd/internal/report"
)

// group is options for one task, under a title in --help, which text may follow.
type group struct {
	title  string
	define func(*Options, *pflag.FlagSet)
	text   string
}

var groups = []group{
	{"Watch interfaces", (*Options).watching, ""},
	{"Read captures", (*Options).reading, ""},
	{"What to look for", (*Options).looking, ""},
	{"What to write", (*Options).writing, ""},
	{"Where to", (*Options).sending, ""},
	{"Packets", (*Options).keeping, ""},
	{"Limits and safety", (*Options).limiting, ""},
	{"Other options of tcpdump", (*Options).tcpdumps, tcpdumpsText()},
	{"Help", (*Options).helping, ""},
}

// flags are the options of all groups.
func (o *Options) flags() *pflag.FlagSet {
	f := newFlagSet()
	for _, g := range groups {
		g.define(o, f)
	}
	return f
}

func newFlagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet("tlsfloor", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.SetNormalizeFunc(renamed)
	return f
}

func (o *Options) watching(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.Interfaces, "interface", "i", nil, "watch this `interface`; may be repeated; \"any\" is all of them")
	f.BoolVarP(&o.List, "list-interfaces", "D", false, "list the interfaces and exit")
	f.BoolVar(&o.Process, "process", false, "name the process behind each connection of this host (Linux; root, or the capabilities in docs/security.md)")
	f.BoolVar(&o.Promiscuous, "promiscuous", false, "capture packets that are for other hosts, too")
	f.IntVarP(&o.Snaplen, "snapshot-length", "s", maxSnaplen, "capture at most so many `bytes` of each packet; 0: all")
	f.IntVarP(&o.buffer, "buffer-size", "B", 0, "kernel buffer of each interface, in `KiB` (default: what --memory leaves for it, 65536 at most)")
}

func (o *Options) reading(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.Files, "read", "r", nil, "read this capture `file`, a folder with all below it, or \"-\"; may be repeated, and more may follow")
	f.StringArrayVarP(&o.Lists, "V", "V", nil, "read the captures whose names this `file` lists, one a line; \"-\" is standard input")
	f.BoolVar(&o.Follow, "follow", false, "go on reading a capture that is still being written, also when it is rotated or not there yet")
}

func (o *Options) looking(f *pflag.FlagSet) {
	f.StringVarP(&o.ExpressionFile, "F", "F", "", "take the expression from this `file`; one on the command line is ignored")
	f.StringArrayVar(&o.Scope, "scope", nil, "destinations that matter: aws, aws-all, or a `pattern` like *.example.com; may be repeated (default aws)")
	f.StringVar(&o.minVersion, "min-version", "1.2", "the floor, a `version` of TLS: 1.2 or 1.3")
	f.Uint64VarP(&o.Count, "count", "c", 0, "stop after this `number` of packets")
	f.BoolVar(&o.Certificates, "certificates", false, "read the server's certificate even where SNI names the destination")
	f.StringVar(&o.Names, "names", "", "names of addresses: a hosts `file`, or a Zeek dns.log")
	f.StringVar(&o.Ranges, "aws-ip-ranges", "", "addresses that AWS has published: a `file`, its ip-ranges.json")
	f.BoolVar(&o.flagAddresses, "flag-addresses", false, "also flag flows known to be AWS's by address only")
	f.StringVar(&o.Except, "except", "", "do not flag what the exceptions in this `file` are about, each with an owner, a reason and a last day (docs/outputs.md)")
	f.StringSliceVar(&o.tunnels, "tunnels", nil, "believe the tunnels (VXLAN, GENEVE, GRE and others) of these `senders`: all, none, own (each about connections of which it is the client), or by the address or prefix of their outer source; or several, with commas (default own on interfaces, all in captures)")
	f.UintSliceVar(&o.vxlan, "vxlan-port", nil, "a UDP `port` that carries VXLAN, beside 4789 and 8472; may be repeated")
	f.Lookup("vxlan-port").DefValue = "" // pflag would print "(default [])"
}

func (o *Options) writing(f *pflag.FlagSet) {
	f.StringVar(&o.Emit, "emit", "flagged", "which `flows` to write: flagged, aws (all in scope) or all")
	f.StringVar(&o.format, "format", "native", "`format` of outputs that name none: native, ecs, ocsf, eve, zeek, text or csv (default native; text on a terminal)")
	f.BoolVar(&o.json, "json", false, "write JSON to a terminal, too: --format native")
	f.BoolVarP(&o.place, "e", "e", false, "in text, show the interface or capture, VLANs and tunnels")
	f.CountVarP(&o.times, "t", "t", "in text, write no time; -tt: seconds since 1970; -tttt: date and time in UTC, as without")
	f.StringVar(&o.sensor, "sensor-name", "", "`name` of this sensor in events (default: the host's)")
	f.DurationVar(&o.Every, "every", 0, "write what one client does to one destination again and again once in each `duration` (such as 1h), with its count; the first time at once")
	f.DurationVar(&o.StatsEvery, "stats-every", 0, "write an event with the counts so far every `duration` (such as 5m), and at the end (default never)")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with status 3 when a flow was flagged with this `verdict`: violation, or attempt (which includes violation); or when not everything could be seen: blind; or several, with commas")
	o.Top = report.DefaultTop
	topVar(f, &o.Top, "list at most this `number` of clients in the summary; \"all\" or 0: every one")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "say nothing but errors: no summary, no notes")
	f.CountVarP(&o.Verbose, "verbose", "v", "say more on standard error: each step of the sandbox, whose tunnels are believed")
}

func (o *Options) sending(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.Outputs, "output", "o", nil, "send events to this `output`: stdout, file:PATH, journal:FOLDER, syslog+tls://HOST and others (docs/outputs.md); may be repeated (default stdout)")
	f.StringVar(&o.spool, "spool", "", "`folder` for the journal in which events wait for outputs on the network (default /var/spool/tlsfloor for root)")
	f.StringVar(&o.Metrics, "metrics-file", "", "write counts in Prometheus' text format to this `file`, every ten seconds")
}

func (o *Options) limiting(f *pflag.FlagSet) {
	f.IntVar(&o.memory, "memory", 256, "the most memory to use, in `MiB`, besides 20 for the program itself; what does not fit is given up, the least promising first")
	f.IntVar(&o.Workers, "workers", 1, "find and judge handshakes with this `number` of workers at once; more than one pays from a million packets a second")
	f.StringVarP(&o.User, "user", "Z", "", "run as this `user` after everything is open, when started as root (default tlsfloor, else nobody)")
	f.BoolVar(&o.RequireSandbox, "require-sandbox", false, "do not run where the kernel cannot confine the process fully")
	f.BoolVar(&o.NoSandbox, "no-sandbox", false, "do not confine the process: keep its user, capabilities, files and system calls")
}

func (o *Options) helping(f *pflag.FlagSet) {
	f.BoolVarP(&o.Help, "help", "h", false, "print this and exit")
	f.BoolVar(&o.Version, "version", false, "print the version and exit")
}
