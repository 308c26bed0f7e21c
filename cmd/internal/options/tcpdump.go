package options

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// habit is an option of tcpdump that hands type without thinking: one that changes
// nothing here is taken, and one whose absence would be missed is refused, with what to
// use instead.
type habit struct {
	letter  string
	name    string // tcpdump's long name; empty: it has none
	takes   bool   // a value
	instead string // empty: taken, without effect
}

const (
	noPackets = "tlsfloor prints no packets: -w FILE keeps those of flagged flows, and tcpdump -r FILE prints them"
	noSizes   = "files of packets are not bounded by size: -G SECONDS begins a new one in time"
	noClocks  = "times are those that the kernel gives: capture with tcpdump -j TYPE -w FILE, and read it with -r FILE"
	noNanos   = "times are written in microseconds"
	ownLink   = "an interface is read with the link type that it has: tcpdump -L lists it"
)

// habits are the options in tcpdump's manual that are none of tlsfloor's own.
var habits = []habit{
	{letter: "b"},
	{letter: "f"},
	{letter: "H"},
	{letter: "K", name: "dont-verify-checksums"},
	{letter: "l"},
	{letter: "n"},
	{letter: "N"},
	{letter: "O", name: "no-optimize"},
	{letter: "S", name: "absolute-tcp-sequence-numbers"},
	{letter: "u"},
	{letter: "U", name: "packet-buffered"}, // packets are written at once anyway
	{name: "immediate-mode"},
	{name: "print"},
	{name: "micro"},

	{letter: "A", instead: noPackets},
	{letter: "x", instead: noPackets},
	{letter: "X", instead: noPackets},
	{letter: "#", name: "number", instead: "lines are not numbered: cat -n numbers them"},
	{letter: "d", instead: "tlsfloor does not show compiled expressions: tcpdump -d EXPRESSION does"},
	{letter: "C", takes: true, instead: noSizes},
	{letter: "W", takes: true, instead: noSizes},
	{letter: "z", takes: true, instead: "no command is run when a file is complete: it can be read, or moved, while tlsfloor runs"},
	{letter: "E", takes: true, instead: "tlsfloor decrypts nothing: capture at the end of the tunnel, on the interface that it has there"},
	{letter: "M", takes: true, instead: "signatures of TCP segments are not checked: tcpdump -M does that"},
	{letter: "m", takes: true, instead: "tlsfloor reads TLS, and no SNMP: tcpdump -m does"},
	{letter: "T", takes: true, instead: "TLS is recognised by its bytes, on any port; a port of VXLAN is named with --vxlan-port PORT"},
	{letter: "Q", name: "direction", takes: true, instead: "a version is known from both directions of a connection: choose connections with an expression"},
	{letter: "I", name: "monitor-mode", instead: "frames of Wi-Fi are not read: capture where they have become Ethernet, behind the access point"},
	{letter: "j", name: "time-stamp-type", takes: true, instead: noClocks},
	{letter: "J", name: "list-time-stamp-types", instead: noClocks},
	{name: "time-stamp-precision", takes: true, instead: noNanos},
	{name: "nano", instead: noNanos},
	{letter: "L", name: "list-data-link-types", instead: ownLink},
	{letter: "y", name: "linktype", takes: true, instead: ownLink},
}

// tcpdumpNames are long names of tcpdump for options that have another one here.
var tcpdumpNames = map[string]string{"relinquish-privileges": "user"}

// renamed gives an option the name that it has here.
func renamed(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if own, ok := tcpdumpNames[name]; ok {
		name = own
	}
	return pflag.NormalizedName(name)
}

func (o *Options) tcpdumps(f *pflag.FlagSet) {
	f.BoolVarP(&o.noPromiscuous, "no-promiscuous-mode", "p", false, "")
	f.Lookup("no-promiscuous-mode").Hidden = true // it is the default
	for _, h := range habits {
		name := h.name
		if name == "" {
			name = h.letter // pflag wants one
		}
		f.VarP(h, name, h.letter, "")
		added := f.Lookup(name)
		if added.Hidden = true; !h.takes {
			added.NoOptDefVal = "true"
		}
	}
}

// tcpdumpsText is what --help says about these options.
func tcpdumpsText() string {
	all := []string{"-p"}
	for _, h := range habits {
		switch {
		case h.instead != "":
		case h.letter != "":
			all = append(all, "-"+h.letter)
		default:
			all = append(all, "--"+h.name)
		}
	}
	return strings.Join(all, " ") + " are taken, and change nothing. Others are refused, with a line on what to use instead."
}

// errRefused is the error of Set for an option that is refused.
var errRefused = errors.New("refused")

// Set implements pflag.Value.
func (h habit) Set(value string) error {
	if h.instead == "" || h.name == "time-stamp-precision" && value == "micro" {
		return nil
	}
	return errRefused
}

// Type implements pflag.Value.
func (h habit) Type() string {
	if h.takes {
		return "string"
	}
	return "bool"
}

// String implements pflag.Value.
func (habit) String() string { return "" }

// refusal returns the error for an option that is refused, or nil.
func (o *Options) refusal(f *pflag.Flag) error {
	if h, ok := f.Value.(habit); ok && h.instead != "" {
		return fmt.Errorf("%s: %s", o.Typed(f.Name), h.instead)
	}
	return nil
}
