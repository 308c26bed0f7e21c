package options

import (
	"strings"

	"github.com/spf13/pflag"
)

const synopsis = `tlsfloor watches TLS handshakes, and flags those to AWS that run below TLS 1.2.
It only listens: it never sends a packet.

  tlsfloor -i INTERFACE [options] [expression]    watch an interface
  tlsfloor -r FILE... [options] [expression]      read captures (pcap, pcapng;
                                                  compressed or not)
  tlsfloor explain ID|FILE...                     what to change, and how
  tlsfloor ship JOURNAL|FILE... --to OUTPUT...    deliver what another tlsfloor
                                                  writes
  tlsfloor host NAME...                           what names of AWS mean

Flows are written to standard output, one a line: as text on a terminal, else as
JSON. The expression is a packet filter, as tcpdump has it.
`

// columns is the width of --help, that of a terminal which nobody has resized, and indent
// where its descriptions begin.
const columns, indent = 80, 28

// Usage is the text of --help. It does not use that of pflag, which widens its columns by
// "[=true|false]" at each switch.
func Usage() string {
	var text strings.Builder
	text.WriteString(synopsis)
	for _, g := range groups {
		text.WriteString("\n" + g.title + ":\n")
		if g.text != "" {
			text.WriteString("  " + strings.Join(wrap(g.text, columns-2), "\n  ") + "\n")
		}
		f := newFlagSet()
		g.define(new(Options), f)
		f.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				writeOption(&text, f)
			}
		})
	}
	return text.String()
}

// writeOption writes an option and its description, which begins on a line of its own if
// there is no room beside the option.
func writeOption(text *strings.Builder, f *pflag.Flag) {
	value, description := pflag.UnquoteUsage(f)
	if f.Value.Type() == "count" {
		value = ""
	}
	if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "false" && !strings.Contains(description, "(default ") {
		description += " (default " + f.DefValue + ")"
	}
	head := "      --" + f.Name
	switch {
	case f.Name == f.Shorthand: // tcpdump has no long name for it
		head = "  -" + f.Name
	case f.Shorthand != "":
		head = "  -" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		head += " " + value
	}
	lines := wrap(description, columns-indent)
	if len(head) > indent-2 {
		text.WriteString(head + "\n")
		head = ""
	}
	for _, line := range lines {
		text.WriteString(head + strings.Repeat(" ", indent-len(head)) + line + "\n")
		head = ""
	}
}

// wrap breaks a text at its spaces into lines of at most width columns, unless a word is
// longer.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
