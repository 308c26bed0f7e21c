package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	"tlsfloor/cmd/internal/emit/transport"
)

// messages is what goes to the person: standard error, one line each.
type messages struct {
	w        io.Writer       // masks secrets: everything goes through it
	mask     *transport.Mask // of w
	terminal bool            // w is a terminal
	color    bool            // that shows colour
	failed   bool            // an error was said: the run ends with exitError
}

func newMessages(w io.Writer) *messages {
	mask := new(transport.Mask)
	m := &messages{w: maskedWriter{w, mask}, mask: mask, terminal: isTerminal(w)}
	m.color = m.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	// net/http logs what servers say unasked.
	log.SetFlags(0)
	log.SetOutput(logged{m})
	return m
}

// maskedWriter hides secrets in what is written, a message at a time.
type maskedWriter struct {
	to   io.Writer
	mask *transport.Mask
}

func (w maskedWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.mask.Hide(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// logged makes messages of what libraries log.
type logged struct{ *messages }

func (l logged) Write(p []byte) (int, error) {
	l.note("%s", printable(strings.TrimRight(string(p), "\n")))
	return len(p), nil
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

// version is what the build knows of itself: of a clone, a number that go build
// makes of the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return release
	}
	return info.Main.Version
}

// release is the version of a build that knows of none: of a folder that is no
// clone, and of tests. Who makes packages of such a folder sets it, with
// -ldflags '-X main.release=...'.
var release = "devel"

func (m *messages) printVersion(stdout io.Writer) int {
	fmt.Fprintf(stdout, "tlsfloor %s\n", version())
	return exitOK
}
