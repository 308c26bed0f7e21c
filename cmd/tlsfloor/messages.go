package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"golang.org/x/term"
)

// messages is what goes to the person: standard error, one line each.
type messages struct {
	w      io.Writer
	color  bool // w is a terminal that shows colour
	failed bool // an error was said: the run ends with exitError
}

func newMessages(w io.Writer) *messages {
	return &messages{w: w, color: isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note says something that is no failure.
func (m *messages) note(format string, args ...any) {
	fmt.Fprintf(m.w, "tlsfloor: "+format+"\n", args...)
}

// trouble says an error that the run survives, and ends with.
func (m *messages) trouble(err error) {
	m.failed = true
	m.note("%s", printable(err.Error()))
}

// fail says an error that ends the run.
func (m *messages) fail(err error) int {
	m.trouble(err)
	return exitError
}

// printable keeps what came from a file's name or a library from moving the
// cursor, or the message from running over several lines.
func printable(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			r = '?'
		}
		out = append(out, r)
	}
	return string(out)
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return release
	}
	return info.Main.Version
}

// release is set by the Makefile: -X main.release=...
var release = "devel"

func (m *messages) printVersion(stdout io.Writer) int {
	fmt.Fprintf(stdout, "tlsfloor %s\n", version())
	return exitOK
}
