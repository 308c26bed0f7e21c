package live

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
)

// watched opens loopback with short intervals between checks.
func watched(t *testing.T, expression string, unlocked bool) *Source {
	t.Helper()
	return mustOpen(t, Options{
		Interfaces: []string{"lo"}, Filter: expression, Timeout: 10 * time.Millisecond,
		watchEvery: 200 * time.Millisecond, unlocked: unlocked,
	})
}

// chatter sends datagrams to loopback until the test ends.
func chatter(t *testing.T) {
	t.Helper()
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop); conn.Close() })
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_, _ = conn.Write([]byte("x")) // nobody listens
			}
		}
	}()
}

// findsWithin reads for some time, and returns the first error except timeouts.
func findsWithin(s *Source, long time.Duration) error {
	var f capture.Frame
	for end := time.Now().Add(long); time.Now().Before(end); {
		if err := s.Next(&f); err != nil && err != capture.ErrTimeout {
			return err
		}
	}
	return nil
}

// nothing is a filter that no packet passes.
var nothing = unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET}}

func attach(s *Source) error {
	return unix.SetsockoptSockFprog(socketOf(s.devices[0].handle), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing)
}

// TestFilterIsLocked: a process that gets hold of the socket cannot blind the capture.
func TestFilterIsLocked(t *testing.T) {
	for _, expression := range []string{"", "udp"} {
		s := watched(t, expression, false)
		fd := socketOf(s.devices[0].handle)
		if err := attach(s); !errors.Is(err, unix.EPERM) {
			t.Errorf("%q: a filter was attached: %v", expression, err)
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0); !errors.Is(err, unix.EPERM) {
			t.Errorf("%q: the filter was detached: %v", expression, err)
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 0); !errors.Is(err, unix.EPERM) {
			t.Errorf("%q: the filter was unlocked: %v", expression, err)
		}
	}
}

// TestFilterThatChangesIsNoticed: where it cannot be locked, a changed filter is
// noticed, once, also while frames come.
func TestFilterThatChangesIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	chatter(t)
	for _, expression := range []string{"", "udp", "tcp port 4"} {
		s := watched(t, expression, true)
		if err := findsWithin(s, time.Second); err != nil {
			t.Fatalf("%q: before: %v", expression, err)
		}
		if err := attach(s); err != nil {
			t.Fatal(err)
		}
		if err := findsWithin(s, 5*time.Second); !errors.Is(err, ErrFilterChanged) {
			t.Errorf("%q: %v", expression, err)
		}
		if err := findsWithin(s, time.Second); err != nil {
			t.Errorf("%q: once more: %v", expression, err)
		}
	}
}

// misdirect makes a socket receive packets of an unused protocol.
func misdirect(t *testing.T, s *Source) {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	const experimental = 0xb588 // IEEE's local experimental EtherType, in network order
	if err := unix.Bind(socketOf(s.devices[0].handle), &unix.SockaddrLinklayer{Protocol: experimental, Ifindex: lo.Index}); err != nil {
		t.Fatal(err)
	}
}

// TestPacketsThatStopAreNoticed: if frames stop coming while the interface counts
// packets, that is noticed once.
func TestPacketsThatStopAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	chatter(t)
	s := watched(t, "", false)
	if err := findsWithin(s, time.Second); err != nil {
		t.Fatal(err)
	}
	misdirect(t, s)
	if err := findsWithin(s, 5*time.Second); !errors.Is(err, ErrUnseen) {
		t.Errorf("%v", err)
	}
	if err := findsWithin(s, time.Second); err != nil {
		t.Errorf("once more: %v", err)
	}
}

// TestQuietIsNoAlarm: an expression that matches nothing is no sign of an attack.
func TestQuietIsNoAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	chatter(t)
	s := watched(t, "tcp port 4", false)
	if err := findsWithin(s, 2*time.Second); err != nil {
		t.Errorf("an expression that matches nothing: %v", err)
	}
}

// TestProgramsDoNotInheritCaptures: a program that is started does not inherit the
// sockets.
func TestProgramsDoNotInheritCaptures(t *testing.T) {
	s := watched(t, "", false)
	fd := socketOf(s.devices[0].handle)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
	out, err := exec.Command("ls", "-l", "/proc/self/fd").CombinedOutput()
	if err != nil {
		t.Skipf("%v: %s", err, out)
	}
	link, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), link) {
		t.Errorf("it has %s:\n%s", link, out)
	}
}
