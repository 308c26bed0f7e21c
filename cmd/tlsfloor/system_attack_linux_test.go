//go:build attacker

package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/attacker"
)

// steal takes the packet socket of a process, as only root can.
func steal(t *testing.T, pid int) int {
	t.Helper()
	process, err := unix.PidfdOpen(pid, 0)
	must(t, err)
	defer unix.Close(process)
	for fd := range 256 {
		socket, err := unix.PidfdGetfd(process, fd, 0)
		if err != nil {
			continue
		}
		if domain, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			t.Cleanup(func() { unix.Close(socket) })
			return socket
		}
		unix.Close(socket)
	}
	t.Fatal("it has no packet socket")
	return -1
}

// testFilterOfRoot: even root, with the sensor's own socket, cannot replace its filter.
func (s *staged) testFilterOfRoot(t *testing.T) {
	for _, expression := range []string{"", "tcp port 443"} {
		p := s.start(t, "-i", "lo", "-o", "file:"+s.path(attacker.Events), "--", expression)
		socket := steal(t, p.cmd.Process.Pid)
		nothing := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET}}
		if err := unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing); !errors.Is(err, unix.EPERM) {
			t.Errorf("%q: attaching a filter: %v", expression, err)
		}
		if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0); !errors.Is(err, unix.EPERM) {
			t.Errorf("%q: detaching the filter: %v", expression, err)
		}
		p.stop()
	}
}

// testPacketsThatStop: a sensor whose socket is changed to get other packets reports that,
// and does not end as if it had seen all.
func (s *staged) testPacketsThatStop(t *testing.T) {
	p := s.start(t, "-i", "lo", "--fail-on", "blind", "-o", "file:"+s.path(attacker.Events))
	var lo *net.Interface
	var conn net.Conn
	var err error
	s.net.do(func() {
		if lo, err = net.InterfaceByName("lo"); err == nil {
			conn, err = net.Dial("udp", s.scene.UDP)
		}
	})
	must(t, err)
	defer conn.Close()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				_, _ = conn.Write([]byte("x")) // nobody reads
			}
		}
	}()
	p.await("packets come", func() bool { return p.askCounts().packets > 100 })
	const experimental = 0xb588 // IEEE's local experimental EtherType, in network order
	must(t, unix.Bind(steal(t, p.cmd.Process.Pid), &unix.SockaddrLinklayer{Protocol: experimental, Ifindex: lo.Index}))
	const note = "packets pass it, but none of them arrive here"
	for begin := time.Now(); !strings.Contains(p.said(), note); time.Sleep(100 * time.Millisecond) {
		if time.Since(begin) > 2*patience {
			t.Fatalf("nothing was said within %v: %s", 2*patience, p.said())
		}
	}
	if status := p.stop(); status != exitFailOn || !strings.Contains(p.said(), "kept from the capture") {
		t.Errorf("status %d: %s", status, p.said())
	}
}

// testSensorKilled: no process with rights is left.
func (s *staged) testSensorKilled(t *testing.T) {
	p := s.start(t, "-i", "lo", "--process", "-o", "file:"+s.path(attacker.Events))
	finder := childOf(t, p.cmd.Process.Pid, finderCommand)
	opener := childOf(t, finder, openerCommand)
	p.kill()
	for _, pid := range []int{finder, opener} {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool {
			return errors.Is(unix.Kill(pid, 0), syscall.ESRCH) || strings.HasPrefix(status(fmt.Sprintf("/proc/%d/status", pid), "State"), "Z")
		})
	}
}
