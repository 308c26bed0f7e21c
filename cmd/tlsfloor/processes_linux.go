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

// The subcommands that run as other processes. The finder finds the process of a
// connection, and never sees a packet. The opener has the rights to inspect processes of
// other users, and parses nothing that an attacker can write.
const (
	finderCommand = "process-finder"
	openerCommand = "process-opener"
)

// finderUser is the user of both if root starts them, so that they share nothing with
// the sensor.
const finderUser = "tlsfloor-finder"

// startFinder starts the finder, while the process still has the rights for it.
func (w *watcher) startFinder() error {
	if !w.options.Process {
		return nil
	}
	ours, err := confine.Child{Command: finderCommand, Args: w.finderOptions(), Log: w.logOf(finderCommand)}.Start()
	if err != nil {
		return fmt.Errorf("--process: %w", err)
	}
	w.processes, err = attribute.New(ours, attribute.Options{
		Deliver: w.deliver,
		Note:    func(line string) { w.say("%s", printable(line)) },
	})
	if err != nil {
		return fmt.Errorf("--process: %w", err)
	}
	return nil
}

// logOf returns a function that takes lines of another process's standard error.
func (m *messages) logOf(command string) func(line string) {
	return func(line string) { m.say("%s: %s", command, printable(strings.TrimPrefix(line, "tlsfloor: "))) }
}

func (w *watcher) finderOptions() (args []string) {
	if w.options.NoSandbox {
		args = append(args, "--no-sandbox")
	}
	if w.options.RequireSandbox {
		args = append(args, "--require-sandbox")
	}
	return args
}

// findProcesses is the main function of the finder.
func findProcesses(args []string, _ io.Reader, _ io.Writer, m *messages) int {
	return runChild(m, finderCommand, func(socket *os.File) error {
		finder, err := openFinder(args, m)
		if err != nil {
			return attribute.Refuse(socket, err)
		}
		return attribute.Serve(socket, finder)
	})
}

// openProcesses is the main function of the opener.
func openProcesses(args []string, _ io.Reader, _ io.Writer, m *messages) int {
	return runChild(m, openerCommand, func(socket *os.File) error {
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

// runChild is the main function of both. They ignore signals and end when the sensor
// closes its socket, because the last findings still need their processes.
func runChild(m *messages, command string, serve func(socket *os.File) error) int {
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

// childOptions parses the command line of the finder or opener.
func childOptions(command string, args []string) (o confine.Options, free bool, err error) {
	o = confine.Options{Own: finderUser, Child: true}
	f := pflag.NewFlagSet(command, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&o.Require, "require-sandbox", false, "")
	f.BoolVar(&free, "no-sandbox", false, "")
	err = f.Parse(args)
	return o, free, err
}

// confineChild confines the finder or opener. It reports only degraded steps: the sensor
// reports the others.
func (m *messages) confineChild(command string, o confine.Options) error {
	steps, err := confine.Apply(o)
	for _, s := range steps {
		if s.Degraded {
			m.say("sandbox: %s", printable(s.String()))
		}
	}
	if err == nil {
		attack(command)
	}
	return err
}

// openFinder starts the opener, opens what the finder needs, and confines the process.
func openFinder(args []string, m *messages) (*finder, error) {
	o, free, err := childOptions(finderCommand, args)
	if err != nil {
		return nil, err
	}
	if free {
		processes, err := proc.Open()
		return &finder{processes}, err
	}
	opener, err := confine.Child{Command: openerCommand, Args: args, Log: m.logOf(openerCommand)}.Start()
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

// finderMemory is the memory limit of the garbage collector, in bytes.
const finderMemory = 64 << 20

// finder converts processes for events.
type finder struct{ processes *proc.Finder }

func (f *finder) Limits() []string { return f.processes.Limits() }

func (f *finder) Find(client, server netip.AddrPort, udp bool) *classify.Process {
	find := f.processes.Find
	if udp {
		find = f.processes.FindUDP
	}
	p, err := find(client, server)
	if err != nil {
		return nil
	}
	found := &classify.Process{
		PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User,
		LoginUser: p.LoginUser, Started: p.Started, Folder: p.Folder, Script: p.Script,
		Variables: p.Variables,
		Unit:      p.Unit, Container: p.Container, Cgroup: p.Cgroup, Libraries: p.Libraries,
		GoVersion: p.GoVersion, GoModules: p.GoModules,
	}
	for _, parent := range p.Parents {
		found.Parents = append(found.Parents, classify.Parent(parent))
	}
	return found
}
