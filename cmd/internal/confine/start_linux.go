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

	"tlsfloor/cmd/internal/inherited"
)

// Child is another process of this program, which is going to be confined. It inherits
// no open file but a socket to its parent. It has its own session, without a terminal, and
// ends with its parent.
type Child struct {
	Command string   // the subcommand to run
	Args    []string // of the subcommand
	Env     []string // its environment, which may hold tokens; nil: it is empty
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
	s, err := c.start("/", startAndWait)
	if err != nil {
		return nil, err
	}
	go c.ForwardLog(s.Said)
	return s.Socket, nil
}

// Started is a process that was started: the socket to it, the other end of its standard
// error, and its number.
type Started struct {
	Socket, Said *os.File
	PID          int
}

// StartEarly starts the process before this one executes the program anew (Again), which
// takes over what is returned. It leaves open what this process has inherited; the Child
// closes that. The Child has the same working folder, for the names of files in Args.
//
// The caller has locked its thread, and calls Again in it: for the kernel, this thread is
// the parent.
func (c Child) StartEarly() (*Started, error) { return c.start("", (*exec.Cmd).Start) }

func (c Child) start(folder string, start func(*exec.Cmd) error) (*Started, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), c.Command), os.NewFile(uintptr(fds[1]), "parent")
	defer theirs.Close()
	s, err := c.run(theirs, folder, start)
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	s.Socket = ours
	return s, nil
}

func (c Child) run(socket *os.File, folder string, start func(*exec.Cmd) error) (*Started, error) {
	self, err := executable()
	if err != nil {
		return nil, err
	}
	said, stderr, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	cmd := exec.Command(self, append([]string{c.Command}, c.Args...)...)
	cmd.Env, cmd.Dir = append([]string{}, c.Env...), folder
	cmd.ExtraFiles, cmd.Stderr = []*os.File{socket}, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	if err := start(cmd); err != nil {
		return nil, errors.Join(err, said.Close())
	}
	return &Started{Said: said, PID: cmd.Process.Pid}, nil
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

// ForwardLog passes on the lines that the process writes, up to a bound, until it ends.
func (c Child) ForwardLog(said *os.File) {
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

// executable returns a path to this program, also if its file was replaced by another.
func executable() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	const self = "/proc/self/exe"
	mine, err := os.Stat(self)
	if there, gone := os.Stat(path); err == nil && (gone != nil || !os.SameFile(mine, there)) {
		return self, nil
	}
	return path, nil
}

// Again executes the program anew, in this process, with the same arguments, another
// environment, and files that stay open under their numbers (Handed). What this process
// had in memory is gone then. Standard descriptors that were closed at the start are
// closed again. Again returns only if it fails.
func Again(env []string, files ...*os.File) error {
	path, err := executable()
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	for fd := range 3 {
		if inherited.Missing(fd) {
			unix.CloseOnExec(fd) // Go's runtime has opened /dev/null there
		}
	}
	return syscall.Exec(path, os.Args, env)
}

// Handed takes over a file that Again has left open.
func Handed(fd int, name string) (*os.File, error) {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

var errByHand = errors.New("it is started by tlsfloor itself, not by hand")

// Begin is the first call of a Child. It closes descriptors that were inherited by
// mistake, empties the environment, and returns the socket to the parent.
func Begin() (*os.File, error) {
	os.Clearenv()
	return Inherit()
}

// Inherit is Begin for a process that needs its environment.
func Inherit() (*os.File, error) {
	if kind, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, errByHand
	}
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
