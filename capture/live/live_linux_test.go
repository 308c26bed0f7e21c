package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

const (
	// namespaceEnv marks the process that runs one test in a namespace.
	namespaceEnv = "TLSFLOOR_TEST_NAMESPACE"
	// patience bounds every wait of these tests.
	patience = 20 * time.Second
)

// inNetwork runs the calling test again in a process with its own network. It returns
// true there.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skipf("no ip command to make interfaces with: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make a network namespace")
	}
	return inNamespace(t, syscall.CLONE_NEWNET)
}

func inNamespace(t *testing.T, flags uintptr) bool {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Getenv(namespaceEnv) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=120s")
	cmd.Env = append(os.Environ(), namespaceEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("in the namespace: %v\n%s", err, out)
	case err != nil:
		t.Skipf("no namespace here: %v", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("in the namespace: %s", out)
	}
	return false
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// makePair makes an interface NAME that receives the frames sent through NAMEp.
func makePair(t *testing.T, name string) {
	t.Helper()
	ip(t, fmt.Sprintf("link add %s type veth peer name %sp", name, name))
	ip(t, fmt.Sprintf("link set %s up", name))
	ip(t, fmt.Sprintf("link set %sp up", name))
}

func mustOpen(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := Open(o)
	if errors.Is(err, errPermission) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// await reads until use returns true, ignoring timeouts.
func await(t *testing.T, s *Source, use func(*capture.Frame, error) bool) {
	t.Helper()
	var f capture.Frame
	for begin := time.Now(); time.Since(begin) < patience; {
		err := s.Next(&f)
		if err == capture.ErrTimeout {
			continue
		}
		if use(&f, err) {
			return
		}
		if err == io.EOF {
			t.Fatal("the source ended")
		}
	}
	t.Fatal("it did not come")
}

// TestLoopback sees both directions of a real TCP exchange.
func TestLoopback(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	s := mustOpen(t, Options{Interfaces: []string{"lo"}, Filter: fmt.Sprintf("tcp port %d", port)})
	go serve(listener)
	if err := ask(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-time.Minute).UnixNano()
	syns, asked, answered := 0, false, false
	await(t, s, func(f *capture.Frame, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		if f.Link != capture.LinkEthernet || f.Source != "lo" || f.Length < len(f.Data) || f.Time < begin || f.Time > time.Now().UnixNano() {
			t.Errorf("frame %+v", f)
		}
		if f.Data[14+20+13]&2 != 0 {
			syns++
		}
		asked = asked || bytes.HasSuffix(f.Data, []byte("question"))
		answered = answered || bytes.HasSuffix(f.Data, []byte("answer"))
		return answered
	})
	if syns != 2 || !asked {
		t.Errorf("%d segments with SYN; the question seen: %v", syns, asked)
	}
	if stats := s.Stats(); stats.Frames < 5 || stats.Bytes < 5*54 || stats.KernelDropped != 0 {
		t.Errorf("the counts are %+v", stats)
	}
}

func serve(listener net.Listener) {
	c, err := listener.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	io.ReadFull(c, make([]byte, len("question")))
	io.WriteString(c, "answer")
}

func ask(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, "question"); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, len("answer")))
	return err
}

// TestStop: a source that waits for frames ends soon after Stop, with one interface and
// with several.
func TestStop(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	for _, interfaces := range [][]string{{"lo"}, {"lo", "any"}} {
		s := mustOpen(t, Options{Interfaces: interfaces, Filter: testFilter})
		var f capture.Frame
		if err := s.Next(&f); err != capture.ErrTimeout {
			t.Errorf("%v: %v, want a timeout", interfaces, err)
		}
		time.AfterFunc(defaultTimeout, s.Stop)
		begin := time.Now()
		await(t, s, func(_ *capture.Frame, err error) bool { return err == io.EOF })
		if took := time.Since(begin); took > patience/2 {
			t.Errorf("%v: it took %v", interfaces, took)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Next(&f); err != io.EOF {
			t.Errorf("%v: after Close: %v", interfaces, err)
		}
	}
}

// TestStopDelivers: frames that were captured before Stop are delivered, although they
// are still in the kernel, and none that was captured after it.
func TestStopDelivers(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	const before, after = 300, 200
	for _, interfaces := range [][]string{{"lo"}, {"lo", "any"}} {
		to, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		from, err := net.Dial("udp", to.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		s := mustOpen(t, Options{Interfaces: interfaces, Filter: fmt.Sprintf("udp dst port %d", to.LocalAddr().(*net.UDPAddr).Port)})
		for range before {
			if _, err := io.WriteString(from, "before"); err != nil {
				t.Fatal(err)
			}
		}
		s.Stop()
		time.Sleep(time.Millisecond) // packets' times are in microseconds, rounded down
		for range after {
			_, _ = io.WriteString(from, "after")
		}
		seen, late := map[string]int{}, 0
		await(t, s, func(f *capture.Frame, err error) bool {
			switch {
			case err == io.EOF:
				return true
			case err != nil:
				t.Fatal(err)
			case bytes.HasSuffix(f.Data, []byte("before")):
				seen[f.Source]++
			default:
				late++
			}
			return false
		})
		for _, name := range interfaces {
			if seen[name] < before { // "any" shows what is sent and what comes
				t.Errorf("%v: %d frames of %s from before the stop, want %d", interfaces, seen[name], name, before)
			}
		}
		if late > 0 {
			t.Errorf("%v: %d frames from after the stop", interfaces, late)
		}
	}
}

func TestLiveBadExpression(t *testing.T) {
	_, err := Open(Options{Interfaces: []string{"lo"}, Filter: "tcp prt 80"})
	if errors.Is(err, errPermission) {
		t.Skip(err)
	}
	if !errors.Is(err, errExpression) {
		t.Errorf("%v", err)
	}
}

// TestNoPermission: root of another user namespace may not capture.
func TestNoPermission(t *testing.T) {
	if !inNamespace(t, syscall.CLONE_NEWUSER) {
		return
	}
	_, err := Open(Options{Interfaces: []string{"lo"}})
	if !errors.Is(err, errPermission) || !strings.HasPrefix(err.Error(), "lo: no permission to capture: run it as root, or allow it once with: sudo setcap cap_net_raw+ep /") {
		t.Errorf("%v", err)
	}
	if _, err := Open(Options{Interfaces: []string{"nosuch0"}}); !errors.Is(err, errNoInterface) {
		t.Errorf("of no such interface: %v", err)
	}
}

// sender sends frames through the other end of a pair.
type sender struct {
	t      *testing.T
	handle *pcap.Handle
}

func newSender(t *testing.T, name string) *sender {
	t.Helper()
	handle, err := pcap.OpenLive(name+"p", 100, false, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(handle.Close)
	return &sender{t, handle}
}

// testType is an EtherType for experiments (IEEE).
const (
	testType   = 0x88b5
	testFilter = "ether proto 0x88b5"
)

func (s *sender) send(number uint32) {
	s.t.Helper()
	frame := append(make([]byte, 12), testType>>8, testType&0xff)
	frame = append(binary.BigEndian.AppendUint32(frame, number), make([]byte, 42)...)
	if err := s.handle.WritePacketData(frame); err != nil {
		s.t.Fatal(err)
	}
}

func number(f *capture.Frame) uint32 { return binary.BigEndian.Uint32(f.Data[14:]) }

// TestSeveral: of two interfaces, one is busy and one nearly quiet. All frames of both
// come, in the order of each interface.
func TestSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	if !inNetwork(t) {
		return
	}
	const busy, quiet = 20_000, 20
	makePair(t, "busy")
	makePair(t, "quiet")
	makePair(t, "silent")
	s := mustOpen(t, Options{Interfaces: []string{"busy", "quiet", "silent"}, Filter: testFilter})
	b, q := newSender(t, "busy"), newSender(t, "quiet")
	go func() {
		for i := range uint32(busy) {
			b.send(i)
			if i%(busy/quiet) == 0 {
				q.send(i / (busy / quiet))
			}
		}
	}()
	next := map[string]uint32{}
	await(t, s, func(f *capture.Frame, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		if number(f) != next[f.Source] {
			t.Fatalf("frame %d of %s, want %d", number(f), f.Source, next[f.Source])
		}
		next[f.Source]++
		return next["busy"] == busy && next["quiet"] == quiet
	})
	if stats := s.Stats(); stats.Frames != busy+quiet || stats.KernelDropped != 0 {
		t.Errorf("the counts are %+v", stats)
	}
}

// TestDropsAreCounted: frames that are dropped because the reader sleeps are counted,
// also after Close.
func TestDropsAreCounted(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	const sent = 30_000
	makePair(t, "v")
	s := mustOpen(t, Options{Interfaces: []string{"v"}, Filter: testFilter, BufferBytes: 1 << 20})
	from := newSender(t, "v")
	for i := range uint32(sent) {
		from.send(i)
	}
	var f capture.Frame
	for s.Next(&f) == nil {
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stats := s.Stats()
	if stats.KernelDropped == 0 || stats.Frames+stats.KernelDropped != sent {
		t.Errorf("%d sent, the counts are %+v", sent, stats)
	}
}

// TestInterfaceDownAndUp: an interface that goes down is reported once, and captured
// from when it is up again.
func TestInterfaceDownAndUp(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	makePair(t, "v")
	s := mustOpen(t, Options{Interfaces: []string{"v"}, Filter: testFilter})
	from := newSender(t, "v")
	from.send(1)
	wantNumber(t, s, 1)
	ip(t, "link set v down")
	wantInputError(t, s, "v", ErrDown, ErrLost)
	wantIdle(t, s)
	ip(t, "link set v up")
	from.handle.Close() // its end lost the carrier as well
	sendUntilSeen(t, s, "v", 2)
}

// TestInterfaceRemovedAndBack: the same for an interface that is removed and made
// again, alone and beside another that is read all the time.
func TestInterfaceRemovedAndBack(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	makePair(t, "steady")
	for _, interfaces := range [][]string{{"v"}, {"v", "steady"}} {
		makePair(t, "v")
		s := mustOpen(t, Options{Interfaces: interfaces, Filter: testFilter})
		newSender(t, "v").send(1)
		wantNumber(t, s, 1)
		ip(t, "link del v")
		wantInputError(t, s, "v", ErrLost)
		wantIdle(t, s)
		if len(interfaces) > 1 {
			newSender(t, "steady").send(7)
			wantNumber(t, s, 7)
		}
		makePair(t, "v")
		sendUntilSeen(t, s, "v", 2)
		if stats := s.Stats(); stats.Frames < 2 || stats.KernelDropped != 0 {
			t.Errorf("the counts are %+v", stats)
		}
		s.Close()
		ip(t, "link del v")
	}
}

// wantIdle checks that waiting for an interface costs next to nothing.
func wantIdle(t *testing.T, s *Source) {
	t.Helper()
	var f capture.Frame
	begin := time.Now()
	for range 5 {
		if err := s.Next(&f); err != capture.ErrTimeout {
			t.Fatalf("%+v, %v; want a timeout", f, err)
		}
	}
	if took := time.Since(begin); took < 3*defaultTimeout {
		t.Errorf("five timeouts took only %v", took)
	}
}

func wantNumber(t *testing.T, s *Source, want uint32) {
	t.Helper()
	await(t, s, func(f *capture.Frame, err error) bool {
		if err != nil || number(f) != want {
			t.Fatalf("%+v, %v; want number %d", f, err, want)
		}
		return true
	})
}

func wantInputError(t *testing.T, s *Source, name string, anyOf ...error) {
	t.Helper()
	await(t, s, func(f *capture.Frame, err error) bool {
		var input *capture.InputError
		if !errors.As(err, &input) || input.Name != name {
			t.Fatalf("%+v, %v; want an error of %s", f, err, name)
		}
		for _, want := range anyOf {
			if errors.Is(err, want) {
				return true
			}
		}
		t.Fatalf("%v; want %v", err, anyOf)
		return false
	})
}

// sendUntilSeen sends again and again, because the source notices after a while that
// the interface is back.
func sendUntilSeen(t *testing.T, s *Source, name string, want uint32) {
	t.Helper()
	from := newSender(t, name)
	var f capture.Frame
	for begin := time.Now(); time.Since(begin) < patience; {
		from.send(want)
		switch err := s.Next(&f); {
		case err == nil && number(&f) == want:
			return
		case err != nil && err != capture.ErrTimeout:
			t.Fatal(err)
		}
	}
	t.Fatal("it never came back")
}

// TestOpenWhileDown: the error says what to do.
func TestOpenWhileDown(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	ip(t, "link add v type veth peer name vp")
	if _, err := Open(Options{Interfaces: []string{"v"}}); !errors.Is(err, ErrDown) {
		t.Errorf("%v", err)
	}
}

// TestNextAllocatesNothing: Next allocates nothing, with one interface and with
// several.
func TestNextAllocatesNothing(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	const sent = 4000
	makePair(t, "v")
	makePair(t, "w")
	for _, interfaces := range [][]string{{"v"}, {"v", "w"}} {
		s := mustOpen(t, Options{Interfaces: interfaces, Filter: testFilter})
		from := newSender(t, "v")
		for i := range uint32(sent) {
			from.send(i)
		}
		wantNumber(t, s, 0)
		var f capture.Frame
		allocs := testing.AllocsPerRun(sent/2, func() {
			if err := s.Next(&f); err != nil && err != capture.ErrTimeout {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%v: a frame allocates %v times", interfaces, allocs)
		}
		s.Close()
	}
}
