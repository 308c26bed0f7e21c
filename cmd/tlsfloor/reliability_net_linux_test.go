package main

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// network is a network namespace with a thread in it that runs functions. It ends with the
// thread and the last socket.
type network struct {
	work chan func()
	tid  int
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{work: make(chan func())}
	begun := make(chan error)
	go n.run(begun)
	if err := <-begun; err != nil {
		t.Skipf("no network namespace here: %v", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.ip(t, "link set lo up")
	return n
}

// run never unlocks its thread, which therefore ends with it.
func (n *network) run(begun chan<- error) {
	runtime.LockOSThread()
	n.tid = unix.Gettid()
	err := unix.Unshare(unix.CLONE_NEWNET)
	begun <- err
	if err != nil {
		return
	}
	for f := range n.work {
		f()
	}
}

// do runs f in the namespace. Processes and sockets that f creates stay in it.
func (n *network) do(f func()) {
	done := make(chan struct{})
	n.work <- func() { defer close(done); f() }
	<-done
}

func (n *network) ip(t *testing.T, args string) {
	t.Helper()
	var out []byte
	var err error
	n.do(func() { out, err = exec.Command("ip", strings.Fields(args)...).CombinedOutput() })
	if err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// wire is two hosts with a cable between them.
type wire struct {
	here, there *network // of the sensor and the server; of the clients and the attacker
}

const (
	hereEnd, thereEnd = "v0", "v1" // interfaces
	hereAddress       = "10.77.0.1"
	thereAddress      = "10.77.0.2"
)

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{newNetwork(t), newNetwork(t)}
	w.plug(t)
	return w
}

// plug creates the interfaces.
func (w *wire) plug(t *testing.T) {
	t.Helper()
	w.here.ip(t, fmt.Sprintf("link add %s type veth peer name %s netns %d", hereEnd, thereEnd, w.there.tid))
	w.here.ip(t, fmt.Sprintf("addr add %s/24 dev %s", hereAddress, hereEnd))
	w.there.ip(t, fmt.Sprintf("addr add %s/24 dev %s", thereAddress, thereEnd))
	w.here.ip(t, "link set "+hereEnd+" up")
	w.there.ip(t, "link set "+thereEnd+" up")
}

// sender writes frames into the far end of the wire.
type sender struct {
	t    *testing.T
	fd   int
	to   unix.SockaddrLinklayer
	sent int
}

func (w *wire) newSender(t *testing.T) *sender {
	t.Helper()
	s := &sender{t: t, fd: -1}
	var err error
	w.there.do(func() {
		var end *net.Interface
		if end, err = net.InterfaceByName(thereEnd); err == nil {
			s.to.Ifindex = end.Index
			s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		}
	})
	must(t, err)
	t.Cleanup(func() { unix.Close(s.fd) })
	return s
}

func (s *sender) send(frames ...[]byte) {
	for _, frame := range frames {
		err := unix.Sendto(s.fd, frame, 0, &s.to)
		for tries := 0; errors.Is(err, unix.ENOBUFS) && tries < 1000; tries++ {
			time.Sleep(time.Millisecond)
			err = unix.Sendto(s.fd, frame, 0, &s.to)
		}
		if err != nil {
			s.t.Errorf("sending a frame: %v", err)
			return
		}
		s.sent++
	}
}

// paced calls f n times, at a rate per second.
func paced(n, rate int, f func(i int)) {
	begin := time.Now()
	for i := range n {
		if ahead := time.Duration(i)*time.Second/time.Duration(rate) - time.Since(begin); ahead > time.Millisecond {
			time.Sleep(ahead)
		}
		f(i)
	}
}
