package report

import (
	"fmt"
	"strings"

	"tlsfloor/cmd/internal/blind"
)

// width is the longest line in columns.
const width = 80

// page is a text in the making.
type page struct {
	text  strings.Builder
	color bool
}

func (p *page) line(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " \n")
	p.text.WriteString(text + "\n")
}

func (p *page) heads(first, scope string) {
	p.line("")
	p.line("%s", p.bold(fmt.Sprintf("  %-13s%12s%12s", first, "all", scope)))
}

// counts prints a row of a table, unless there is nothing in it.
func (p *page) counts(name string, all, scoped uint64, note string) {
	if all > 0 {
		p.line("  %-13s%12s%12s  %s", name, digits(all), digits(scoped), note)
	}
}

// wrap prints lead and text, in lines that begin where lead ends.
func (p *page) wrap(lead, text string) {
	line, used := lead, len(lead)
	for _, word := range strings.Fields(text) {
		if used > len(lead) && used+1+columns(word) > width {
			p.line("%s", line)
			line, used = strings.Repeat(" ", len(lead)), len(lead)
		}
		if used > len(lead) {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+columns(word)
	}
	p.line("%s", line)
}

// columns is the width of a word without the escapes of colour.
func columns(word string) int {
	n, escape := 0, false
	for _, c := range word {
		switch {
		case c == '\x1b':
			escape = true
		case escape:
			escape = c != 'm'
		default:
			n++
		}
	}
	return n
}

func (p *page) bold(text string) string  { return p.paint("1", text) }
func (p *page) red(text string) string   { return p.paint("1;31", text) }
func (p *page) green(text string) string { return p.paint("1;32", text) }

func (p *page) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// number is n and what it counts: "1 packet", "2 packets".
func number(n uint64, of string) string {
	if n != 1 {
		of += "s"
	}
	return digits(n) + " " + of
}

// digits writes n in groups of three: "1,234".
func digits(n uint64) string { return blind.Digits(n) }

// printable writes what is not printable ASCII as \xNN, so that no name can
// send an escape to the terminal.
func printable(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
