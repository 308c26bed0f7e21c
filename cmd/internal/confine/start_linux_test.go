package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// probeCommand makes the test's program report on itself as a Child.
const probeCommand = "probe-child"

// probed is the report of a Child.
type probed struct {
	Environment []string
	Open        map[string]string // by descriptor
	Session     bool              // it has its own session
	Terminal    bool
	Folder      string
	Args        []string
}

// probe is the main function of the Child.
func probe() int {
	left := unix.Dup3(0, 77, 0) // as if something had been left open
	begin := Begin
	if len(os.Args) > 2 && os.Args[2] == keepsEnvironment {
		begin = Inherit
	}
	socket, err := begin()
	if err = errors.Join(left, err); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprint(os.Stderr, "first\n\nthird \x1b[31m\n", strings.Repeat("x", 3*maxLine), "\n")
	for range maxLogLines {
		fmt.Fprintln(os.Stderr, "flood")
	}
	p := probed{Environment: os.Environ(), Open: map[string]string{}, Args: os.Args[1:]}
	_ = eachDescriptor(0, func(fd int) error {
		p.Open[fmt.Sprint(fd)], _ = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		return nil
	})
	session, err := unix.Getsid(0)
	p.Session = err == nil && session == os.Getpid()
	_, err = os.Open("/dev/tty")
	p.Terminal = err == nil
	p.Folder, _ = os.Getwd()
	if err := json.NewEncoder(socket).Encode(p); err != nil {
		return 1
	}
	_, _ = socket.Read(make([]byte, 1)) // until the parent closes it
	return 0
}

// heard collects the lines of a Child.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) add(line string) { h.mu.Lock(); defer h.mu.Unlock(); h.lines = append(h.lines, line) }

func (h *heard) all() []string { h.mu.Lock(); defer h.mu.Unlock(); return h.lines }

// startProbe starts a Child while many descriptors are open without FD_CLOEXEC.
func startProbe(t *testing.T, h *heard) (p probed, socket *os.File) {
	t.Helper()
	t.Setenv("TOKEN", "a secret")
	leaked, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	if os.Geteuid() == 0 {
		if packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err == nil { // as libpcap opens it
			defer unix.Close(packets)
		}
	}
	socket, err = Child{Command: probeCommand, Args: []string{"--an=argument"}, Log: h.add}.Start()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64<<10)
	n, err := socket.Read(b)
	if err == nil {
		err = json.Unmarshal(b[:n], &p)
	}
	if err != nil {
		t.Fatalf("%v: %q", err, h.all())
	}
	return p, socket
}

// A Child inherits nothing: no descriptor, no environment, no terminal.
func TestChildStartsWithNothing(t *testing.T) {
	h := new(heard)
	p, socket := startProbe(t, h)
	defer socket.Close()
	if len(p.Environment) > 0 {
		t.Errorf("it has an environment: %q", p.Environment)
	}
	for fd, link := range p.Open {
		own := link == "" || strings.HasPrefix(link, "anon_inode:[event") // closed since, or the Go runtime's
		switch {
		case fd == "0" || fd == "1":
			own = link == os.DevNull
		case fd == "2":
			own = strings.HasPrefix(link, "pipe:")
		case fd == "3":
			own = strings.HasPrefix(link, "socket:")
		}
		if !own {
			t.Errorf("descriptor %s is %s", fd, link)
		}
	}
	if !p.Session || p.Terminal || p.Folder != "/" {
		t.Errorf("session of its own: %t, terminal: %t, in %s", p.Session, p.Terminal, p.Folder)
	}
	if want := []string{probeCommand, "--an=argument"}; fmt.Sprint(p.Args) != fmt.Sprint(want) {
		t.Errorf("arguments %q", p.Args)
	}
}

// The lines of a Child are passed on up to a bound.
func TestWhatAChildSaysIsBounded(t *testing.T) {
	h := new(heard)
	_, socket := startProbe(t, h)
	defer socket.Close()
	for end := time.Now().Add(10 * time.Second); len(h.all()) <= maxLogLines; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d lines", len(h.all()))
		}
	}
	time.Sleep(20 * time.Millisecond)
	lines := h.all()
	if lines[0] != "first" || lines[1] != "" || lines[2] != "third \x1b[31m" || len(lines) != maxLogLines+1 || !strings.Contains(lines[maxLogLines], "left out") {
		t.Errorf("%d lines: %.100q, the last %q", len(lines), lines[:3], lines[len(lines)-1])
	}
	for _, line := range lines {
		if len(line) > maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// The Child ends when the socket is closed, and the other way round.
func TestSocketTellsOfTheEnd(t *testing.T) {
	_, socket := startProbe(t, new(heard))
	if err := unix.Shutdown(int(socket.Fd()), unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if n, err := socket.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	socket.Close()
}

func TestBeginByHand(t *testing.T) {
	if kind, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_TYPE); err == nil && kind == unix.SOCK_SEQPACKET {
		t.Skip("descriptor 3 is such a socket here")
	}
	if _, err := Begin(); !errors.Is(err, errByHand) {
		t.Errorf("%v", err)
	}
}

// Before Linux 5.11 each descriptor is marked separately.
func TestDescriptorsAreMarkedOneByOne(t *testing.T) {
	fd, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := markEach(fd); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
}

// A process that root starts gets a user of its own, whether or not its name exists.
func TestUserOfItsOwn(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	r := plan{Options: Options{Own: "no-such-user", Require: true}}.run(t)
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	var uid int
	if _, err := fmt.Sscan(r.Threads[0]["Uid"], &uid); err != nil || uid < firstUnnamed || uid > lastUnnamed {
		t.Errorf("user %s", r.Threads[0]["Uid"])
	}
	r.all(t, confined(fmt.Sprint(uid)))
	r = plan{Options: Options{Own: "nobody", User: "root", Require: true}}.run(t)
	r.all(t, confined("65534"))
}

// A Child ends with its parent, also after its user has changed.
func TestChildEndsWithItsParent(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	r := plan{Options: Options{Own: "nobody", Child: true, Require: true}, After: []string{"prctl 2"}}.run(t)
	r.refused(t, unix.EPERM, "prctl 2") // PR_GET_PDEATHSIG: nobody needs it
	if r := (plan{Options: Options{Own: "nobody", Child: true}, NoSeccomp: true, After: []string{"end-with-parent"}}).run(t); r.After["end-with-parent"] != (outcome{}) {
		t.Errorf("%+v", r.After)
	}
}
