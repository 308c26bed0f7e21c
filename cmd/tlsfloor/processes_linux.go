package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"tlsfloor/capture/proc"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/attribute"
	"tlsfloor/cmd/internal/confine"
)

// finderCommand is the subcommand that is the other process: it may look at
// processes, and never sees a packet.
const finderCommand = "process-finder"

// finderSocket is the file descriptor on which it is asked.
const finderSocket = 3

// startFinder starts the finder, while there are still the rights for it.
func (w *watcher) startFinder() error {
	if !w.options.process {
		return nil
	}
	ours, err := spawnFinder(w.finderOptions())
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

func (w *watcher) finderOptions() (args []string) {
	if w.options.user != "" {
		args = append(args, "--user="+w.options.user)
	}
	if w.options.noSandbox {
		args = append(args, "--no-sandbox")
	}
	if w.options.requireSandbox {
		args = append(args, "--require-sandbox")
	}
	return args
}

// spawnFinder runs this program again, with one end of a socket.
func spawnFinder(args []string) (*os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "process finder"), os.NewFile(uintptr(fds[1]), "sensor")
	defer theirs.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.Command(self, append([]string{finderCommand}, args...)...)
	child.ExtraFiles, child.Stderr = []*os.File{theirs}, os.Stderr
	if err := child.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	go func() { _ = child.Wait() }() // its end is seen on the socket
	return ours, nil
}

// findProcesses is the finder's main.
func findProcesses(args []string, _ io.Reader, _ io.Writer, m *messages) int {
	// What ends the sensor ends the finder, in that order: the last findings
	// want their processes, too.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE)
	if _, err := unix.GetsockoptInt(finderSocket, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return m.fail(fmt.Errorf("%s is started by tlsfloor --process, not by hand", finderCommand))
	}
	if err := unix.SetNonblock(finderSocket, true); err != nil {
		return m.fail(err)
	}
	socket := os.NewFile(finderSocket, "sensor")
	finder, err := openFinder(args)
	if err != nil {
		if err := attribute.Refuse(socket, err); err != nil {
			return m.fail(err)
		}
		return exitError
	}
	if err := attribute.Serve(socket, finder); err != nil {
		return m.fail(fmt.Errorf("%s: %w", finderCommand, err))
	}
	return exitOK
}

// openFinder opens everything, and gives up what looking does not take.
func openFinder(args []string) (*finder, error) {
	o := confine.Options{Examine: true}
	f := pflag.NewFlagSet(finderCommand, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.User, "user", "", "")
	f.BoolVar(&o.Require, "require-sandbox", false, "")
	free := f.Bool("no-sandbox", false, "")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	debug.SetMemoryLimit(finderMemory)
	processes, err := proc.Open()
	if err != nil {
		return nil, err
	}
	if *free {
		return &finder{processes}, nil
	}
	if _, err := confine.Apply(o); err != nil {
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
