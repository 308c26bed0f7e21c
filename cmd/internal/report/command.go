package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// command is the command line of the last flow of a client.
type command struct {
	at      int64 // of the flow
	line    []string
	folder  string // working directory
	several bool   // other flows had other command lines
}

// maxCommand bounds a command line, in bytes.
const maxCommand = 400

// add adds the command line of a process. Of two flows at the same time, the command line
// that sorts last counts.
func (c *command) add(at int64, p *classify.Process) {
	if len(p.CommandLine) > 0 {
		c.merge(&command{at: at, line: shortLine(p.CommandLine), folder: local(p.Folder)})
	}
}

func (c *command) merge(o *command) {
	if o.line == nil {
		return
	}
	several := c.several || o.several || c.line != nil && !slices.Equal(c.line, o.line)
	if c.line == nil || cmp.Or(cmp.Compare(o.at, c.at), slices.Compare(o.line, c.line), strings.Compare(o.folder, c.folder)) > 0 {
		*c = *o
	}
	c.several = several
}

// shortLine returns the beginning of a command line.
func shortLine(line []string) []string {
	room := maxCommand
	for i, argument := range line {
		if argument = jsontext.LocalText(argument); len(argument) > room {
			return append(localTexts(line[:i]), beginning(argument, room)+"...")
		}
		room -= len(argument) + 1
	}
	return localTexts(line)
}

func localTexts(line []string) []string { return append([]string(nil), jsontext.LocalTexts(line)...) }

// beginning returns the beginning of a text, at most n bytes of whole characters, in
// memory of its own.
func beginning(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n = max(n, 0); n > 0 && !utf8.RuneStart(text[n]); n-- {
	}
	return strings.Clone(text[:n])
}

// text returns the command line for a person.
func (c *command) text() string {
	if c.line == nil {
		return ""
	}
	text := ShellLine(c.line)
	if c.folder != "" && c.folder != "/" {
		text += " (in " + c.folder + ")"
	}
	if c.several {
		text += " (the last of several)"
	}
	return text
}

// ShellLine returns arguments as a line that a shell divides into the same arguments.
func ShellLine(arguments []string) string {
	quoted := make([]string, len(arguments))
	for i, a := range arguments {
		quoted[i] = shellWord(a)
	}
	return strings.Join(quoted, " ")
}

// shellWord returns an argument in quotes, if it needs them. What cannot be printed is
// written in the quotes of C (POSIX.1-2024, 2.2.4).
func shellWord(a string) string {
	switch {
	case a == "":
		return "''"
	case strings.ContainsFunc(a, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }):
		return "$'" + escapeC(a) + "'"
	case strings.Trim(a, plainInShell) != "":
		return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return a
}

const plainInShell = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

// escapeC writes bytes outside of printable ASCII in octal: a hexadecimal escape would
// take a digit behind it for its own.
func escapeC(a string) string {
	var b strings.Builder
	for i := range len(a) {
		switch c := a[i]; {
		case c == '\\' || c == '\'':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c > '~':
			b.WriteString(`\` + string([]byte{'0' + c>>6, '0' + c>>3&7, '0' + c&7}))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
