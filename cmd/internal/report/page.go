package report

import (
	"fmt"
	"iter"
	"strings"

	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/wording"
)

// width bounds a line, in columns.
const width = 80

// page is a text that is being written.
type page struct {
	text  strings.Builder
	color bool
}

func (p *page) line(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " \n")
	p.text.WriteString(text + "\n")
}

func (p *page) heads(first, scope string, more ...string) {
	p.line("")
	p.line("%s", p.bold(cells(first, append([]string{"all", scope}, more...))))
}

// counts adds a row of a table, unless its first count, that of all, is 0.
func (p *page) counts(name, note string, counts ...uint64) {
	if counts[0] == 0 {
		return
	}
	var texts []string
	for _, n := range counts {
		texts = append(texts, digits(n))
	}
	p.line("%s  %s", cells(name, texts), note)
}

// cells is a row of a table: a name and two columns, or more, which are then narrower.
func cells(name string, texts []string) string {
	size := 12
	if len(texts) > 2 {
		size = 9
	}
	row := fmt.Sprintf("  %-13s", name)
	for _, text := range texts {
		row += fmt.Sprintf(" %*s", size-1, text) // large counts must not run into each other
	}
	return row
}

// margin is the beginning of a row of a list.
func margin(count string) string { return fmt.Sprintf("%9s  ", count) }

// wrap adds lead and text, with all lines of the text indented by the width of lead. A
// word that is too long for a line is divided.
func (p *page) wrap(lead, text string) {
	line, used := lead, len(lead)
	for word := range fittingWords(text, width-len(lead)) {
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

// fittingWords yields the words of a text, in pieces of at most room columns. A word with
// an escape sequence is not divided.
func fittingWords(text string, room int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, word := range strings.Fields(text) {
			for len(word) > room && !strings.ContainsRune(word, '\x1b') {
				if !yield(word[:room]) {
					return
				}
				word = word[room:]
			}
			if !yield(word) {
				return
			}
		}
	}
}

// columns is the width of a word without escape sequences.
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

// number is n with a noun: "1 packet", "2 packets".
func number(n uint64, of string) string {
	return digits(n) + " " + wording.Noun(n, of+"*")
}

// digits writes n with its digits in groups of three: "1,234".
func digits(n uint64) string { return blind.Digits(n) }

// printable writes bytes that are not printable ASCII as \xNN, so that no name contains
// an escape sequence.
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

// maxSpotsShown bounds the blind spots on a page.
const maxSpotsShown = 10

// blindSpots lists what could not be seen, with what to do about it. Advice that several
// causes have in common is written once, after the first.
func (p *page) blindSpots(spots []blind.Spot) {
	if len(spots) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.bold("Could not be seen")+":")
	p.line("")
	given := map[string]bool{}
	for i := range spots[:min(len(spots), maxSpotsShown)] {
		s := &spots[i]
		text, advice := s.Text()+".", s.Cause.Advice()
		if !given[advice] {
			text += " " + advice
		}
		given[advice] = true
		p.wrap(margin(digits(s.Count)), text)
	}
	if n := len(spots) - maxSpotsShown; n > 0 {
		p.wrap(margin(""), "And "+number(uint64(n), "more cause")+": --stats-every 1h writes them all.")
	}
}
