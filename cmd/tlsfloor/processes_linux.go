package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"tlsfloor/capture/proc"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/attribute"
	"tlsfloor/cmd/internal/confine"
)

// The subcommands that are other processes. The finder says which process has a
// connection, and never sees a packet; the opener has the rights that looking at
// others' processes takes, and reads nothing that others have written.
const (
	finderCommand = "process-finder"
	openerCommand = "process-opener"
)

// finderUser is the user that both become where root has started them, so that
// they share nothing with the sensor.
const finderUser = "tlsfloor-finder"

// startFinder starts the finder, while there are still the rights for it.
func (w *watcher) startFinder() error {
	if !w.options.process {
		return nil
	}
	ours, err := confine.Child{Command: finderCommand, Args: w.finderOptions(), Log: w.saidBy(finderCommand)}.Start()
	if err != nil {
		return fmt.Errorf("--process: %w", err)
	}
	w.processes, err = attribute.New(ours, attribute.Options{
		Deliver: w.deliver,
		Note:    func(line string) { w.note("%s", printable(line)) },
	})
	if err != nil {
		return fmt.Errorf("--process: %w", err)
	}
	return nil
}

// saidBy takes lines that another process writes to its standard error.
func (m *messages) saidBy(command string) func(line string) {
	return func(line string) { m.note("%s: %s", command, printable(strings.TrimPrefix(line, "tlsfloor: "))) }
}

func (w *watcher) finderOptions() (args []string) {
	if w.options.noSandbox {
		args = append(args, "--no-sandbox")
	}
	if w.options.requireSandbox {
		args = append(args, "--require-sandbox")
	}
	return args
}

// findProcesses is the finder's main.
func findProcesses(args []string, _ io.Reader, _ io.Writer, m *messages) int {
	return asChild(m, finderCommand, func(socket *os.File) error {
		finder, err := openFinder(args, m)
		if err != nil {
			return attribute.Refuse(socket, err)
		}
		return attribute.Serve(socket, finder)
	})
}

// openProcesses is the opener's main.
func openProcesses(args []string, _ io.Reader, _ io.Writer, m *messages) int {
	return asChild(m, openerCommand, func(socket *os.File) error {
		o, _, err := childOptions(openerCommand, args)
		if err != nil {
			return err
		}
		o.Examine = true
		if err := m.confineChild(openerCommand, o); err != nil {
			return err
		}
		return proc.ServeOpener(socket)
	})
}

// asChild is the main of a process that tlsfloor starts. What ends the sensor ends
// the others when it closes its sockets, in that order: the last findings want
// their processes, too.
func asChild(m *messages, command string, serve func(socket *os.File) error) int {
	socket, err := confine.Begin()
	if err != nil {
		return m.fail(fmt.Errorf("%s: %w", command, err))
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE)
	debug.SetMemoryLimit(finderMemory)
	if err := serve(socket); err != nil {
		return m.fail(err)
	}
	return exitOK
}

// childOptions reads the command line of such a process.
func childOptions(command string, args []string) (o confine.Options, free bool, err error) {
	o = confine.Options{Own: finderUser, Child: true}
	f := pflag.NewFlagSet(command, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&o.Require, "require-sandbox", false, "")
	f.BoolVar(&free, "no-sandbox", false, "")
	err = f.Parse(args)
	return o, free, err
}

// confineChild confines such a process. What could not be done is said: the rest
// is said of the sensor.
func (m *messages) confineChild(command string, o confine.Options) error {
	steps, err := confine.Apply(o)
	for _, s := range steps {
		if s.Degraded {
			m.note("%s", printable(s.String()))
		}
	}
	if err == nil {
		attack(command)
	}
	return err
}

// openFinder opens everything, and gives up what looking does not take.
func openFinder(args []string, m *messages) (*finder, error) {
	o, free, err := childOptions(finderCommand, args)
	if err != nil {
		return nil, err
	}
	if free {
		processes, err := proc.Open()
		return &finder{processes}, err
	}
	opener, err := confine.Child{Command: openerCommand, Args: args, Log: m.saidBy(openerCommand)}.Start()
	if err != nil {
		return nil, err
	}
	processes, err := proc.OpenWith(opener)
	if err != nil {
		return nil, err
	}
	o.ReadPaths = []string{"/proc"}
	if err := m.confineChild(finderCommand, o); err != nil {
		return nil, err
	}
	return &finder{processes}, nil
}

// finderMemory is what the collector aims at, in bytes.
const finderMemory = 64 << 20

// finder puts processes into the words of events.
type finder struct{ processes *proc.Finder }

func (f *finder) Limits() []string { return f.processes.Limits() }

func (f *finder) Find(client, server netip.AddrPort) *classify.Process {
	p, err := f.processes.Find(client, server)
	if err != nil {
		return nil
	}
	return &classify.Process{
		PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User,
		Unit: p.Unit, Container: p.Container, Cgroup: p.Cgroup, Libraries: p.Libraries,
		GoVersion: p.GoVersion, GoModules: p.GoModules,
	}
}
