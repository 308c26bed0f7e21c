// Command tlsfloor watches TLS handshakes and flags those to AWS that run
// below TLS 1.2. See the README, or run it with --help.
package main

import (
	"io"
	"os"
	"runtime"
)

// The main goroutine keeps the main thread, and does nothing but wait. Linux gives
// a signal that is sent to a process to its main thread, and to no other, where that
// thread waits in a way that a signal may interrupt. A request to a file system in
// user space (FUSE) is such a wait, but goes on after it: SIGTERM would stay with
// that thread for as long as the file system does not answer.
func init() { runtime.LockOSThread() }

func main() {
	status := make(chan int)
	go func() { status <- run(os.Args[1:], os.Stdin, standardOutput(), os.Stderr) }()
	os.Exit(<-status)
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
