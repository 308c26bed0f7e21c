package confine

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Child is a process of this program that is started in order to be confined. It
// has nothing that its parent has open but a socket to it, and nothing of its
// parent's environment, which holds tokens. It is in a session of its own, without
// a terminal, and ends with its parent.
type Child struct {
	Command string   // the subcommand that it runs
	Args    []string // of the subcommand
	// Said takes what it writes to standard error: one line at a time, from another
	// goroutine, with bytes of any kind in it. At most maxSaid lines are taken.
	Said func(line string)
}

const (
	// childSocket is where a Child has its socket.
	childSocket = 3
	maxSaid     = 512
	// maxLine bounds a line of what is said, in bytes; a longer one is divided.
	maxLine = 4 << 10
)

// Start starts the process, and returns the socket to it: SOCK_SEQPACKET, not
// waiting. The process has ended when reading it gives io.EOF.
func (c Child) Start() (*os.File, error) {
	if err := closeOnExec(); err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), c.Command), os.NewFile(uintptr(fds[1]), "parent")
	defer theirs.Close()
	if err := c.run(theirs); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return ours, nil
}

func (c Child) run(socket *os.File) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	said, stderr, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stderr.Close()
	cmd := exec.Command(self, append([]string{c.Command}, c.Args...)...)
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.ExtraFiles, cmd.Stderr = []*os.File{socket}, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	if err := startAndWait(cmd); err != nil {
		return errors.Join(err, said.Close())
	}
	go c.listen(said)
	return nil
}

// startAndWait starts a command on a thread that stays until the command has
// ended: the kernel takes the end of the thread for that of the parent.
func startAndWait(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its end is seen on the socket
		}
	}()
	return <-started
}

// listen passes on what the process says, up to a bound.
func (c Child) listen(said *os.File) {
	defer said.Close()
	lines := bufio.NewReaderSize(said, maxLine)
	for n := 0; ; n++ {
		line, _, err := lines.ReadLine()
		switch {
		case err != nil:
			return
		case n < maxSaid:
			c.Said(string(line))
		case n == maxSaid:
			c.Said("and more, which is left out")
		}
	}
}

// closeOnExec marks everything that is open, so that no program which is started
// has it: libpcap and the C library leave it out.
func closeOnExec() error {
	const first = childSocket // what is before it is given anew
	if err := unix.CloseRange(first, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); err == nil {
		return nil
	}
	return markEach(first) // before Linux 5.11
}

func markEach(first int) error {
	return eachDescriptor(first, func(fd int) error {
		unix.CloseOnExec(fd)
		return nil
	})
}

// eachDescriptor calls f with each open descriptor from first on.
func eachDescriptor(first int, f func(fd int) error) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd < first {
			continue
		}
		if err := f(fd); err != nil {
			return err
		}
	}
	return nil
}

var errByHand = errors.New("it is started by tlsfloor itself, not by hand")

// Begin is what a Child calls before all else: it closes what it was left by
// mistake, empties the environment, and returns the socket to its parent.
func Begin() (*os.File, error) {
	if kind, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, errByHand
	}
	os.Clearenv()
	unix.CloseOnExec(childSocket)
	if err := eachDescriptor(childSocket+1, closeInherited); err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(childSocket, true); err != nil {
		return nil, err
	}
	return os.NewFile(childSocket, "parent"), nil
}

// closeInherited closes a descriptor that came with the program's start: what
// the Go runtime has opened since is marked to be closed at the next one.
func closeInherited(fd int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return nil // it was closed meanwhile, or is our own
	}
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return nil
}
