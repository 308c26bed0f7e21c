package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"
	"unicode"

	"golang.org/x/term"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/wording"
)

// messages writes messages for the user to standard error, one line each.
type messages struct {
	w        io.Writer       // standard error, with secrets masked
	mask     *transport.Mask // of w
	terminal bool            // w is a terminal
	color    bool            // colours are shown
	quiet    bool            // errors only
	failed   bool            // an error was reported: the run ends with exitError
}

func newMessages(w io.Writer) *messages {
	mask := new(transport.Mask)
	m := &messages{w: maskedWriter{w, mask}, mask: mask, terminal: isTerminal(w)}
	m.color = m.terminal && showsColors()
	// net/http logs unexpected responses.
	log.SetFlags(0)
	log.SetOutput(logged{m})
	return m
}

// maskedWriter masks secrets in each message.
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

// logged makes messages of the log lines of libraries.
type logged struct{ *messages }

func (l logged) Write(p []byte) (int, error) {
	l.note("%s", printable(strings.TrimRight(string(p), "\n")))
	return len(p), nil
}

// showsColors reports whether terminals may be sent colours (https://no-color.org).
func showsColors() bool { return os.Getenv("NO_COLOR") == "" && movesCursor() }

// movesCursor reports whether the terminal knows escape sequences, as far as TERM tells.
func movesCursor() bool { return os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb" }

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note writes a message, unless only errors are wanted.
func (m *messages) note(format string, args ...any) {
	if !m.quiet {
		m.say(format, args...)
	}
}

// say writes a message that -q does not suppress: an error, or what was asked for.
func (m *messages) say(format string, args ...any) {
	fmt.Fprintf(m.w, "tlsfloor: "+format+"\n", args...)
}

// noteLine and sayLine write a text that is not made here.
func (m *messages) noteLine(line string) { m.note("%s", printable(line)) }
func (m *messages) sayLine(line string)  { m.say("%s", printable(line)) }

// trouble reports an error that does not end the run, but is in its exit status.
func (m *messages) trouble(err error) {
	m.failed = true
	var reported reportedError
	if errors.As(err, &reported) {
		return
	}
	m.say("%s", printable(wording.Of(err)))
}

// fail reports an error that ends the run.
func (m *messages) fail(err error) int {
	m.trouble(err)
	return exitError
}

// printable replaces what names of files or libraries may contain and a terminal would
// obey: control characters move the cursor or begin another line, and those of
// bidirectional text turn a line around.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// version is the program's version. In a clone, go build makes it of the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return release
	}
	return info.Main.Version
}

// release is the version of a build outside of a clone, and of tests. Packages that are
// built from such a folder set it with -ldflags '-X main.release=...'.
var release = "devel"

func (m *messages) printVersion(stdout io.Writer) int {
	fmt.Fprintf(stdout, "tlsfloor %s\n", version())
	return exitOK
}
