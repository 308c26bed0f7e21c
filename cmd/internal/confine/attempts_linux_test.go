package confine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
	"tlsfloor/capture/live"
	"tlsfloor/cmd/internal/emit/transport"
)

// captures are the sources that the child opened before Apply.
var captures []*live.Source

// attempt is what a child can try, by name. What the name does not say is in
// the argument.
var attempt = map[string]func(argument string) error{
	"read":     func(path string) error { return firstError(os.ReadFile(path)) },
	"list":     func(path string) error { return firstError(os.ReadDir(path)) },
	"create":   func(path string) error { return os.WriteFile(path, []byte("x\n"), 0o640) },
	"append":   appendTo,
	"publish":  publish,
	"remove":   os.Remove,
	"rename":   func(paths string) error { from, to, _ := strings.Cut(paths, " "); return os.Rename(from, to) },
	"link":     func(paths string) error { from, to, _ := strings.Cut(paths, " "); return os.Symlink(from, to) },
	"hardlink": func(paths string) error { from, to, _ := strings.Cut(paths, " "); return os.Link(from, to) },
	"mode":     openMode,
	"folder":   func(path string) error { return os.Mkdir(path, 0o700) },
	"chmod":    func(path string) error { return os.Chmod(path, 0o600) },
	"times":    func(path string) error { return os.Chtimes(path, time.Now(), time.Now()) },
	"cut":      func(path string) error { return os.Truncate(path, 0) },
	"wait":     wait,

	"connect":   func(to string) error { return dial("tcp", to) },
	"queue":     queueOf,
	"datagram":  func(to string) error { return dial("udp", to) },
	"local":     func(to string) error { return dial("unix", to) },
	"listen":    func(string) error { return firstError(net.Listen("tcp", "127.0.0.1:0")) },
	"lookup":    func(name string) error { return firstError(net.DefaultResolver.LookupHost(context.Background(), name)) },
	"interface": func(name string) error { return firstError(net.InterfaceByName(name)) },
	"socket":    openSocket,
	"fast-open": fastOpen,

	"exec":      func(path string) error { return firstError(syscall.ForkExec(path, []string{path}, nil)) },
	"exec-self": func(path string) error { return syscall.Exec(path, []string{path}, nil) },
	"call":      call,
	"signal":    signal,
	"type":      func(string) error { b := byte('x'); return ioctl(0, unix.TIOCSTI, uintptr(unsafe.Pointer(&b))) },
	"code":      code,
	"network":   enterNetwork,
	"namespace": func(string) error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"grow":      grow,
	"zone":      zone,
	"dump":      mayBeDumped,
	"prctl":     prctlOf,

	"end-with-parent": endsWithParent,
	"resolver":        resolvesWithoutLibrary,

	"capture":      captureFrom,
	"receive":      receive,
	"send-capture": func(string) error { return onCapture(func(fd int) error { return firstError(unix.Write(fd, frame)) }) },
	"sendto-capture": func(string) error {
		return onCapture(func(fd int) error { return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: 1}) })
	},
	"copy-capture": func(string) error { return onCapture(func(fd int) error { return firstError(unix.Dup(fd)) }) },
	"fcntl-capture": func(string) error {
		return onCapture(func(fd int) error { return firstError(unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 100)) })
	},
	"close-capture": func(string) error { return onCapture(unix.Close) },
}

func firstError[T any](_ T, err error) error { return err }

func appendTo(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	_, err = f.WriteString("x\n")
	return errors.Join(err, f.Close())
}

// openMode changes the mode of a file that is open.
func openMode(text string) error {
	mode, path, _ := strings.Cut(text, " ")
	n, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(os.FileMode(n)), f.Close())
}

// publish replaces a file by renaming, as metrics are written.
func publish(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o644), f.Close(), os.Rename(f.Name(), path))
}

func wait(text string) error {
	d, err := time.ParseDuration(text)
	time.Sleep(d)
	return err
}

func dial(network, to string) error {
	conn, err := net.DialTimeout(network, to, 5*time.Second)
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte("x"))
	return errors.Join(err, conn.Close())
}

// queueOf returns the size of the send queue.
func queueOf(to string) error {
	conn, err := net.DialTimeout("tcp", to, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = transport.QueueEmpty(conn.(*net.TCPConn))
	return err
}

// enterNetwork enters the network namespace of a path.
func enterNetwork(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// openSocket takes socket(2)'s three numbers.
func openSocket(text string) error {
	var family, kind, protocol int
	if _, err := fmt.Sscan(text, &family, &kind, &protocol); err != nil {
		return err
	}
	fd, err := unix.Socket(family, kind, protocol)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// fastOpen connects with the first data that is sent.
func fastOpen(to string) error {
	_, port, _ := strings.Cut(to, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, &unix.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}})
}

// call makes a system call with harmless arguments.
func call(number string) error {
	n, err := strconv.ParseUint(number, 0, 64)
	if err != nil {
		return err
	}
	if _, _, e := unix.Syscall6(uintptr(n), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0)); e != 0 {
		return e
	}
	return nil
}

// signal tests whether a process, or this one (0), may be signalled.
func signal(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	if n == 0 {
		n = os.Getpid()
	}
	return unix.Kill(n, 0)
}

func ioctl(fd, request, argument uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, fd, request, argument); e != 0 {
		return e
	}
	return nil
}

// code makes data executable.
func code(string) error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(page)
	return unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC)
}

// grow starts goroutines that need threads, and memory.
func grow(string) error {
	done := churn()
	block := make([]byte, 64<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	done()
	return nil
}

func zone(want string) error {
	if name, _ := time.Now().Zone(); name != want {
		return errors.New("the time zone is " + name)
	}
	return nil
}

// mayBeDumped fails if neither a core dump nor a debugger can read the memory.
func mayBeDumped(string) error {
	if n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); n == 0 {
		return errors.Join(unix.EPERM, err)
	}
	return nil
}

func prctlOf(text string) error {
	option, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	var n [8]byte
	return unix.Prctl(option, uintptr(unsafe.Pointer(&n[0])), 0, 0, 0)
}

// endsWithParent fails unless the kernel will kill the process with its parent.
func endsWithParent(string) error {
	var signal int32
	err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0)
	if err == nil && unix.Signal(signal) != unix.SIGKILL {
		err = fmt.Errorf("signal %d", signal)
	}
	return err
}

func resolvesWithoutLibrary(string) error {
	if !net.DefaultResolver.PreferGo {
		return errors.New("the C library looks up names")
	}
	return nil
}

func captureFrom(name string) error {
	src, err := live.Open(live.Options{Interfaces: []string{name}, Timeout: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	return src.Close()
}

// receive waits for a frame from every capture.
func receive(string) error {
	for _, src := range captures {
		var f capture.Frame
		err := capture.ErrTimeout
		for end := time.Now().Add(5 * time.Second); errors.Is(err, capture.ErrTimeout) && time.Now().Before(end); {
			err = src.Next(&f)
		}
		if err != nil {
			return err
		}
		src.Stats()
	}
	return nil
}

// frame is an Ethernet header with IEEE's local experimental type, for loopback.
var frame = append(make([]byte, 12), 0x88, 0xb5, 0, 0)

// onCapture calls a function with the first capturing socket.
func onCapture(do func(fd int) error) error {
	for fd := range 256 {
		if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			return do(fd)
		}
	}
	return errors.New("no capture is open")
}
