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

// Child is another process of this program, which is going to be confined. It inherits
// no open file but a socket to its parent, and no environment, which may hold tokens. It
// has its own session, without a terminal, and ends with its parent.
type Child struct {
	Command string   // the subcommand to run
	Args    []string // of the subcommand
	// Log is called for each line on standard error, from another goroutine. The line may
	// have any bytes. At most maxLogLines are passed on.
	Log func(line string)
}

const (
	// childSocket is the descriptor of a Child's socket.
	childSocket = 3
	maxLogLines = 512
	// maxLine bounds a line, in bytes; a longer one is divided.
	maxLine = 4 << 10
)

// Start starts the process and returns the socket to it, a non-blocking SOCK_SEQPACKET.
// Reading from it gives io.EOF when the process has ended.
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
	go c.forwardLog(said)
	return nil
}

// startAndWait starts a command on a thread that exists until the command ends: for
// Pdeathsig, the kernel takes the end of this thread for the end of the parent.
func startAndWait(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the socket shows its end
		}
	}()
	return <-started
}

// forwardLog passes on the lines that the process writes, up to a bound.
func (c Child) forwardLog(said *os.File) {
	defer said.Close()
	lines := bufio.NewReaderSize(said, maxLine)
	for n := 0; ; n++ {
		line, _, err := lines.ReadLine()
		switch {
		case err != nil:
			return
		case n < maxLogLines:
			c.Log(string(line))
		case n == maxLogLines:
			c.Log("and more, which is left out")
		}
	}
}

// closeOnExec sets FD_CLOEXEC on all descriptors, so that programs do not inherit them.
// libpcap and the C library open some without it.
func closeOnExec() error {
	const first = childSocket // those before it are replaced
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

// Begin is the first call of a Child. It closes descriptors that were inherited by
// mistake, empties the environment, and returns the socket to the parent.
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

// closeInherited closes a descriptor that was inherited: those that the Go runtime has
// opened since have FD_CLOEXEC.
func closeInherited(fd int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return nil // closed meanwhile, or opened by this process
	}
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return nil
}
