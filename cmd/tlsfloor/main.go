// Command tlsfloor watches TLS handshakes and flags those to AWS that run
// below TLS 1.2. See the README, or run it with --help.
package main

import (
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, standardOutput(), os.Stderr))
}

// Exit statuses.
const (
	exitOK     = 0
	exitError  = 1 // usage, or trouble at run time: one line says what
	exitFailOn = 3 // --fail-on asked for it
)

// run is main, for tests: it touches nothing of the process but what it is
// given and the signals.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	m := newMessages(stderr)
	text := &checkedOutput{to: stdout}
	if len(args) > 0 {
		if sub, ok := subcommands[args[0]]; ok {
			return m.finish(sub(args[1:], stdin, text, m), text)
		}
	}
	o, err := parseOptions(args)
	switch {
	case err != nil:
		return m.fail(err)
	case o.help:
		return m.finish(m.usage(text), text)
	case o.version:
		return m.finish(m.printVersion(text), text)
	case o.list:
		return m.finish(listInterfaces(text, m), text)
	}
	return watch(o, stdin, stdout, m)
}

// subcommands are the work that is not watching.
var subcommands = map[string]func(args []string, stdin io.Reader, stdout io.Writer, m *messages) int{
	"explain":     explainFindings,
	"host":        describeHosts,
	finderCommand: findProcesses,
	openerCommand: openProcesses,
}
