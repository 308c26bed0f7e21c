package options

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tlsfloor/cmd/internal/report"
)

// maxAgain bounds a command that is shown, in bytes: two lines of a terminal.
const maxAgain = 2*columns - 4

// Again returns the command line of this run for a shell, with other options before it,
// which replace those of the same name. It is empty if it would be longer than two lines;
// a pattern stands for files that are all that match it. It reads folders.
func (o *Options) Again(with ...string) string {
	words := append([]string{"tlsfloor"}, with...)
	if os.Getenv("SUDO_USER") != "" {
		words = append([]string{"sudo"}, words...)
	}
	args := o.without(with)
	line := report.ShellLine(append(slices.Clone(words), args...))
	if len(line) <= maxAgain {
		return line
	}
	return withPatterns(report.ShellLine(words), args)
}

// without returns the arguments without the options that others have, and without those
// that keep packets: another run would overwrite them.
func (o *Options) without(others []string) (args []string) {
	for i := 0; i < len(o.args); i++ {
		if o.args[i] == "--" {
			return append(args, o.args[i:]...)
		}
		named, takesNext := o.namesIn(o.args[i])
		last := i
		if takesNext {
			last = min(i+1, len(o.args)-1)
		}
		replaced := len(named) == 1 && slices.ContainsFunc(others, func(other string) bool {
			return other == "--"+named[0].flag.Name || other == "-"+named[0].flag.Shorthand
		})
		keeps := slices.ContainsFunc(named, func(n typedFlag) bool { return n.flag.Name == "write" || n.flag.Name == "rotate-seconds" })
		if !replaced && !keeps {
			args = append(args, o.args[i:last+1]...)
		}
		i = last
	}
	return args
}

// withPatterns adds arguments to a line for a shell, with a pattern in place of three or
// more names in a row that are all files that match it. It stops when the line is too long,
// and returns "": thousands of names would each have their folder read.
func withPatterns(line string, args []string) string {
	for len(args) > 0 {
		word, n := patternOf(args)
		if n < 3 {
			word, n = report.ShellLine(args[:1]), 1
		}
		if line += " " + word; len(line) > maxAgain {
			return ""
		}
		args = args[n:]
	}
	return line
}

// patternOf returns a pattern that matches the first arguments and nothing else, and the
// number of these; 0: there is none.
func patternOf(args []string) (pattern string, n int) {
	folder, ending := filepath.Dir(args[0]), filepath.Ext(args[0])
	before := strings.TrimSuffix(args[0], filepath.Base(args[0])) // as it was typed: "" or "./"
	if ending == "" || strings.HasPrefix(args[0], "-") || report.ShellLine([]string{ending}) != ending || strings.ContainsAny(folder, `*?[\`) {
		return "", 0
	}
	found, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil || len(found) > len(args) {
		return "", 0
	}
	for i, name := range found {
		if args[i] != before+filepath.Base(name) {
			return "", 0
		}
	}
	if before != "" {
		before = report.ShellLine([]string{before})
	}
	return before + "*" + ending, len(found)
}
