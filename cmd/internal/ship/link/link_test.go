//go:build linux

package link

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/ship"
	"tlsfloor/cmd/internal/testing/wait"
)

// worker is a Worker that the test controls.
type worker struct {
	mu       sync.Mutex
	outputs  []ship.Output
	reopened int
	finish   []time.Duration
	done     chan struct{}
}

func newWorker() *worker {
	return &worker{done: make(chan struct{}), outputs: []ship.Output{{Name: "unix:/x"}}}
}

func (w *worker) Stats() []ship.Output {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]ship.Output(nil), w.outputs...)
}

func (w *worker) Reopen() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reopened++
	return errors.New("the token is gone")
}

func (w *worker) Finish(within time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finish = append(w.finish, within)
}

func (w *worker) Done() <-chan struct{} { return w.done }

func (w *worker) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *worker) holds(f func() bool) func() bool {
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return f()
	}
}

// said collects lines for the user.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) has(text string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(strings.Join(s.lines, "\n"), text)
	}
}

// ends returns the two ends of a socket.
func ends(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "sensor"), os.NewFile(uintptr(fds[1]), "shipper")
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// linked connects a sensor with a worker. served has the error of Serve.
func linked(t *testing.T, w *worker) (s *Shipper, told *said, n *Sensor, served chan error) {
	t.Helper()
	ours, theirs := ends(t)
	n = NewSensor(theirs)
	n.every = 5 * time.Millisecond
	n.Note("before it is ready")
	told, served = new(said), make(chan error, 1)
	go func() { served <- n.Serve(w) }()
	s, err := Open(ours, told.add)
	if err != nil {
		t.Fatal(err)
	}
	return s, told, n, served
}

func TestWholeLife(t *testing.T) {
	w := newWorker()
	s, told, n, served := linked(t, w)
	if o := s.Outputs(); len(o) != 1 || o[0].Name != "unix:/x" {
		t.Errorf("%+v", o)
	}
	n.Note("away\x1b; tried again" + strings.Repeat("!", 2*maxNote))
	wait.Until(t, told.has("before it is ready"))
	wait.Until(t, told.has("away\x1b; tried again!!!"))
	if told.has(strings.Repeat("!", maxNote))() {
		t.Error("a line is not bounded")
	}
	w.set(func() { w.outputs[0].Counts = deliver.Counts{Sent: 7}; w.outputs[0].Next = 9 })
	wait.Until(t, func() bool { o := s.Outputs(); return o[0].Sent == 7 && o[0].Next == 9 })

	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, told.has("the token is gone; going on as before"))
	if err := s.Finish(time.Second); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, w.holds(func() bool { return len(w.finish) == 1 && w.finish[0] == time.Second }))
	w.set(func() { w.outputs[0].Sent = 8 })
	close(w.done)
	<-s.Done()
	if err := <-served; err != nil || s.Err() != nil || s.Outputs()[0].Sent != 8 {
		t.Errorf("%v, %v, %+v", err, s.Err(), s.Outputs())
	}
}

func TestFailure(t *testing.T) {
	ours, theirs := ends(t)
	n := NewSensor(theirs)
	var told said
	n.Note("sandbox: whole")
	if err := n.Fail(errors.New("the token is empty")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ours, told.add); err == nil || err.Error() != "the token is empty" || !told.has("sandbox: whole")() {
		t.Errorf("%v, %q", err, told.lines)
	}
	ours, theirs = ends(t)
	theirs.Close()
	if _, err := Open(ours, told.add); !errors.Is(err, errEnded) {
		t.Error(err)
	}
}

// A sensor that is killed makes the shipper finish; one that kills its shipper is told.
func TestOtherEndIsGone(t *testing.T) {
	w := newWorker()
	s, _, _, served := linked(t, w)
	s.Close()
	wait.Until(t, w.holds(func() bool { return len(w.finish) == 1 && w.finish[0] == alone }))
	close(w.done)
	if err := <-served; err == nil {
		t.Error("who has read the last counts?")
	}

	w = newWorker()
	s, _, n, _ := linked(t, w)
	if s.Err() != nil {
		t.Error(s.Err())
	}
	if err := unix.Shutdown(int(n.socket.Fd()), unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if !errors.Is(s.Err(), errEnded) {
		t.Error(s.Err())
	}
	close(w.done)
}

// A sensor that does not read makes nobody wait who delivers, and costs little memory.
func TestSensorDoesNotRead(t *testing.T) {
	_, theirs := ends(t)
	n := NewSensor(theirs)
	for i := range 100 * maxWaiting {
		n.Note(fmt.Sprint(i))
	}
	if len(n.notes) != maxWaiting || n.leftOut != 99*maxWaiting {
		t.Errorf("%d notes, %d left out", len(n.notes), n.leftOut)
	}
	for range 1000 {
		n.mu.Lock()
		n.notes = append(n.notes[:0], strings.Repeat("\x00", maxNote))
		n.mu.Unlock()
		if began := time.Now(); n.send(&report{Notes: n.notes}) != nil {
			if took := time.Since(began); took > 5*patience {
				t.Errorf("a report took %v", took)
			}
			return
		}
	}
	t.Error("the socket takes everything")
}

func TestPacketsAreBounded(t *testing.T) {
	name := strings.Repeat("\x00", maxPacket)
	for _, r := range []report{
		{Failure: name}, {Ready: true, Outputs: []ship.Output{{Name: name}}}, {Final: true, Outputs: make([]ship.Output, 10000)},
		{Notes: slicesOf(maxNotes, cut(name))},
	} {
		b, err := r.encode()
		if err != nil || len(b) > maxPacket {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
}

func slicesOf(n int, text string) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

// Whatever arrives, neither end panics.
func FuzzPackets(f *testing.F) {
	f.Add([]byte(`{"ready":true,"outputs":[{"Name":"unix:/x","Sent":1}],"notes":["a"]}`))
	f.Add([]byte(`{"final":true,"notes":[1]}`))
	f.Add([]byte(`{"finish":1600000000,"reopen":true}`))
	f.Add([]byte(`{"finish":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > maxPacket {
			return
		}
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := os.NewFile(uintptr(fds[0]), "sensor"), os.NewFile(uintptr(fds[1]), "shipper")
		if _, err := theirs.Write(b); err != nil {
			t.Fatal(err)
		}
		theirs.Close()
		if s, err := Open(ours, func(string) {}); err == nil {
			<-s.Done()
			s.Close()
		}
		fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs = os.NewFile(uintptr(fds[0]), "sensor"), os.NewFile(uintptr(fds[1]), "shipper")
		if _, err := ours.Write(b); err != nil {
			t.Fatal(err)
		}
		ours.Close()
		NewSensor(theirs).obey(newWorker())
		theirs.Close()
	})
}
