// Command tlsfloor watches TLS handshakes and flags those to AWS that run
// below TLS 1.2. See the README, or run it with --help.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"tlsfloor/cmd/internal/explain"
	"tlsfloor/cmd/internal/inherited"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/signals"
)

// The main goroutine keeps the main thread and only waits. Linux delivers a signal for
// the process to its main thread if that thread is in an interruptible wait. A request
// to a file system in user space (FUSE) is such a wait, but an interrupted one goes on
// waiting for the reply: a SIGTERM would stay pending at that thread for as long.
func init() { runtime.LockOSThread() }

func main() {
	status := make(chan int)
	go func() { status <- run(os.Args[1:], os.Stdin, standardOutput(), os.Stderr) }()
	os.Exit(<-status)
}

// Exit statuses.
const (
	exitOK     = 0
	exitError  = 1 // wrong usage, or an error at run time, with a message
	exitFailOn = 3 // --fail-on asked for it
)

// run is main for tests. Of the process it uses only its arguments and the signals.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	m := newMessages(stderr)
	text := &checkedOutput{to: stdout}
	if len(args) > 0 && args[0] == shipCommand {
		return shipEvents(args[1:], stdout, m)
	}
	if len(args) > 0 {
		if sub, ok := subcommands[args[0]]; ok {
			signals.ExitOnQuit()
			return m.finish(sub(args[1:], stdin, text, m), text)
		}
	}
	o, err := options.Parse(args)
	switch {
	case err != nil:
		return m.fail(err)
	case o.Help:
		return m.finish(m.usage(text), text)
	case o.Version:
		return m.finish(m.printVersion(text), text)
	case o.List:
		return m.finish(listInterfaces(text, m), text)
	}
	return watch(o, stdin, stdout, m)
}

// subcommands are the commands other than watching and reading.
var subcommands = map[string]func(args []string, stdin io.Reader, stdout io.Writer, m *messages) int{
	"explain":     explainFindings,
	"host":        describeHosts,
	"help":        printUsage,
	"version":     printRelease,
	finderCommand: findProcesses,
	openerCommand: openProcesses,
}

// explainFindings is "tlsfloor explain".
func explainFindings(args []string, stdin io.Reader, stdout io.Writer, m *messages) int {
	o, err := options.ParseExplain(args)
	if err != nil {
		return m.fail(err)
	}
	if o.Help {
		fmt.Fprint(stdout, options.ExplainUsage())
		return exitOK
	}
	c := &explain.Command{Stdin: stdin, Stdout: stdout, Report: m.trouble}
	if err := c.Run(o); err != nil {
		return m.fail(err)
	}
	if m.failed {
		return exitError
	}
	return exitOK
}

// printUsage is "tlsfloor help", or "tlsfloor help explain" and the like.
func printUsage(args []string, stdin io.Reader, stdout io.Writer, m *messages) int {
	if len(args) == 1 {
		switch args[0] {
		case "explain":
			return explainFindings([]string{"--help"}, stdin, stdout, m)
		case "host":
			return describeHosts([]string{"--help"}, stdin, stdout, m)
		case shipCommand:
			return shipEvents([]string{"--help"}, stdout, m)
		}
	}
	return m.usage(stdout)
}

func (m *messages) usage(stdout io.Writer) int {
	fmt.Fprint(stdout, options.Usage())
	return exitOK
}

func printRelease(_ []string, _ io.Reader, stdout io.Writer, m *messages) int {
	return m.printVersion(stdout)
}

// asksForHelp reports whether the arguments of a subcommand are a question about it.
func asksForHelp(args []string) bool {
	return len(args) == 1 && (args[0] == "--help" || args[0] == "-h")
}

// standardOutput is the program's standard output, as it was started.
func standardOutput() io.Writer {
	if inherited.Missing(1) {
		return closedOutput{}
	}
	return os.Stdout
}

// closedOutput is a standard output that was closed when the program was started.
type closedOutput struct{}

func (closedOutput) Write([]byte) (int, error) { return 0, errOutputClosed{} }

// errOutputClosed is os.ErrClosed with a text of its own.
type errOutputClosed struct{}

func (errOutputClosed) Error() string        { return "standard output is closed" }
func (errOutputClosed) Is(target error) bool { return target == os.ErrClosed }

// checkedOutput keeps the first error in writing.
type checkedOutput struct {
	to  io.Writer
	err error
}

func (c *checkedOutput) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	if c.err == nil {
		c.err = err
	}
	if err != nil {
		err = reportedError{err}
	}
	return n, err
}

// reportedError is an error that finish reports, and nothing before it.
type reportedError struct{ error }

// finish returns the exit status of a command that wrote text. A reader that closes
// early, like head, is not an error.
func (m *messages) finish(status int, out *checkedOutput) int {
	switch {
	case out.err == nil, errors.Is(out.err, syscall.EPIPE):
		return status
	case errors.Is(out.err, os.ErrClosed):
		return m.fail(out.err)
	}
	return m.fail(fmt.Errorf("standard output: %w", out.err))
}
