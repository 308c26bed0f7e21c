package attribute

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/testing/faketime"
	"tlsfloor/cmd/internal/testing/wait"
)

var amazon = netip.MustParseAddrPort("192.0.2.10:443")

func end(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("10.0.0.5"), uint16(port))
}

// fake names a process by the client's port, and finds none for odd ports.
type fake struct {
	delay func(client netip.AddrPort)
}

func (f fake) Find(client, _ netip.AddrPort, _ bool) *classify.Process {
	if f.delay != nil {
		f.delay(client)
	}
	if client.Port()%2 == 1 {
		return nil
	}
	return &classify.Process{PID: int(client.Port()), CommandLine: []string{"client", client.String()}}
}

func (fake) Limits() []string { return []string{"other users' processes are hidden"} }

func sockets(t *testing.T) (sensor, finder *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "sensor"), os.NewFile(uintptr(fds[1]), "finder")
}

// outbox collects findings and messages.
type outbox struct {
	mu       sync.Mutex
	findings []*classify.Finding
	notes    []string
}

func (o *outbox) options() Options {
	return Options{
		Deliver: func(f *classify.Finding) { o.mu.Lock(); defer o.mu.Unlock(); o.findings = append(o.findings, f) },
		Note:    func(s string) { o.mu.Lock(); defer o.mu.Unlock(); o.notes = append(o.notes, s) },
	}
}

func (o *outbox) count() int { o.mu.Lock(); defer o.mu.Unlock(); return len(o.findings) }

// start starts an Attributor with a clock that does not advance.
func start(t *testing.T, f Finder) (*Attributor, *outbox) {
	t.Helper()
	a, box, _ := startTimed(t, f)
	return a, box
}

func startTimed(t *testing.T, f Finder) (*Attributor, *outbox, *faketime.Clock) {
	t.Helper()
	sensor, finder := sockets(t)
	served := make(chan error, 1)
	go func() { served <- Serve(finder, f); finder.Close() }()
	box, clock := new(outbox), faketime.New()
	o := box.options()
	o.clock = clock
	a, err := New(sensor, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return a, box, clock
}

func finding(port int) *classify.Finding {
	f := new(classify.Finding)
	f.Client, f.Server, f.Outside = end(port), amazon, true
	return f
}

func TestEveryFindingHasItsProcess(t *testing.T) {
	a, box := start(t, fake{})
	const n = 500
	for port := 1000; port < 1000+n; port++ {
		a.Notice(end(port), amazon, false)
		if port%30 == 0 { // some replies come before their finding
			wait.Until(t, func() bool { return a.Stats().Found == uint64(port-1000)/2+1 })
		}
		a.Deliver(finding(port))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if box.count() != n {
		t.Fatalf("%d findings of %d", box.count(), n)
	}
	for _, f := range box.findings {
		odd := f.Client.Port()%2 == 1
		if (f.Process == nil) != odd || !odd && f.Process.PID != int(f.Client.Port()) {
			t.Errorf("%s has %+v", f.Client, f.Process)
		}
	}
	if len(box.notes) != 1 {
		t.Errorf("notes %q, want the limit once", box.notes)
	}
	if s := a.Stats(); s.Asked != n || s.Found != n/2 || s.TooLate != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestFindingNobodyAskedAboutGoesOn(t *testing.T) {
	a, box := start(t, fake{})
	a.Deliver(finding(2))
	if box.count() != 1 {
		t.Error("a finding waits for nothing")
	}
	a.Close()
}

// A finding from a tunnel gets no process, even with the addresses and ports of a
// connection of this host, which still gets its own.
func TestTunnelIsNoProcess(t *testing.T) {
	a, box := start(t, fake{})
	a.Notice(end(2), amazon, false)
	told := finding(2)
	told.Outside = false
	a.Deliver(told)
	if box.count() != 1 {
		t.Error("it waits for a process")
	}
	own := finding(2)
	a.Deliver(own)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if box.count() != 2 || own.Process == nil || own.Process.PID != 2 || told.Process != nil {
		t.Errorf("%d findings, processes %+v and %+v", box.count(), own.Process, told.Process)
	}
}

func TestPatienceEnds(t *testing.T) {
	hold := make(chan struct{})
	a, box, clock := startTimed(t, fake{delay: func(netip.AddrPort) { <-hold }})
	a.Notice(end(2), amazon, false)
	began := clock.Now()
	a.Deliver(finding(2))
	clock.Until(t, func() bool { return box.count() == 1 })
	if passed := clock.Now().Sub(began); passed < patience || passed > patience+2*sweepEvery {
		t.Errorf("waited for %v", passed)
	}
	if f := box.findings[0]; f.Process != nil || a.Stats().TooLate != 1 {
		t.Errorf("process %+v, stats %+v", f.Process, a.Stats())
	}
	close(hold)
	a.Close()
}

// Close waits for pending replies, but not longer than a finding does.
func TestCloseWaitsForAnswers(t *testing.T) {
	for name, comes := range map[string]bool{"a reply comes": true, "none comes": false} {
		hold := make(chan struct{})
		a, box, clock := startTimed(t, fake{delay: func(netip.AddrPort) { <-hold }})
		a.Notice(end(2), amazon, false)
		began := clock.Now()
		a.Deliver(finding(2))
		closed := make(chan error, 1)
		go func() { closed <- a.Close() }()
		clock.UntilAlarm(t, patience)
		if comes {
			close(hold)
		} else {
			clock.Advance(patience)
		}
		if err := <-closed; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if passed := clock.Now().Sub(began); box.count() != 1 || (box.findings[0].Process != nil) != comes || comes && passed > 0 {
			t.Errorf("%s: after %v: %+v", name, passed, box.findings)
		}
		if !comes {
			close(hold)
		}
	}
}

// A host that opens connections faster than the finder replies must cost
// neither memory nor findings.
func TestFloodIsBoundedAndLosesNothing(t *testing.T) {
	hold := make(chan struct{})
	a, box := start(t, fake{delay: func(netip.AddrPort) { <-hold }})
	const n = 3 * maxLookups
	for port := 1; port <= n; port++ {
		a.Notice(end(port), amazon, false)
		a.Deliver(finding(port))
	}
	if held := len(a.lookups.byEnds); held > maxLookups || len(a.lookups.byID) > maxLookups {
		t.Errorf("%d connections are held", held)
	}
	if s := a.Stats(); s.Unasked == 0 || s.Asked+s.Unasked != n {
		t.Errorf("stats %+v", s)
	}
	close(hold)
	a.Close()
	if box.count() != n {
		t.Errorf("%d findings of %d", box.count(), n)
	}
}

func TestFinderThatDiesLosesNoFinding(t *testing.T) {
	sensor, finder := sockets(t)
	go func() {
		s := server{socket: finder, finder: fake{}}
		_ = s.send(&reply{})
		_, _ = finder.Read(make([]byte, querySize))
		finder.Close()
	}()
	box := new(outbox)
	a, err := New(sensor, box.options())
	if err != nil {
		t.Fatal(err)
	}
	a.Notice(end(2), amazon, false)
	a.Deliver(finding(2))
	wait.Until(t, func() bool { return a.Stats().Unusable })
	a.Notice(end(4), amazon, false)
	a.Deliver(finding(4))
	a.Close()
	if box.count() != 2 {
		t.Errorf("%d findings of 2", box.count())
	}
}

func TestFinderThatCannotStart(t *testing.T) {
	sensor, finder := sockets(t)
	if err := Refuse(finder, fmt.Errorf("no /proc here")); err != nil {
		t.Fatal(err)
	}
	if _, err := New(sensor, Options{}); err == nil || err.Error() != "processes cannot be found: no /proc here" {
		t.Errorf("error %v", err)
	}
}

func TestPortsUsedAgain(t *testing.T) {
	m := newLookups()
	q1, _ := m.begin(connection{Client: end(2), Server: amazon})
	first := finding(2)
	if m.attach(first, time.Now()) != nil {
		t.Fatal("did not wait")
	}
	q2, out := m.begin(connection{Client: end(2), Server: amazon})
	if len(out) != 1 || out[0] != first {
		t.Fatalf("out %v", out)
	}
	if f := m.takeReply(&reply{ID: q1.id, Process: &classify.Process{PID: 1}}); f != nil {
		t.Error("the first connection's reply was given to the second")
	}
	m.takeReply(&reply{ID: q2.id, Process: &classify.Process{PID: 2}})
	if f := m.attach(finding(2), time.Now()); f == nil || f.Process.PID != 2 {
		t.Errorf("finding %+v", f)
	}
	if len(m.byEnds) != 0 || len(m.byID) != 0 {
		t.Error("something is held")
	}
}

// A process that is too long is left out, and the sensor still gets a reply.
func TestAnswerIsBounded(t *testing.T) {
	big := &reply{ID: 7, Process: &classify.Process{Libraries: []string{string(make([]byte, maxReply))}}}
	b, err := big.encode()
	if err != nil || len(b) > maxReply {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if a, err := readReply(b); err != nil || a.ID != 7 || a.Process != nil {
		t.Errorf("%+v, %v", a, err)
	}
}

// The process with the longest texts within capture/proc's bounds fits, also if JSON
// escapes every byte.
func TestLongestProcessFits(t *testing.T) {
	text := func(bytes int) string { return strings.Repeat("\x01", bytes) }
	p := &classify.Process{
		PID: 1<<22 - 1, Executable: text(512), CommandLine: slices.Repeat([]string{text(256)}, 32), User: text(256), LoginUser: text(256),
		Started: 1 << 62, Folder: text(512), Script: text(512), Unit: text(256), Container: text(64), Cgroup: text(512),
		Variables: slices.Repeat([]string{text(32)}, 8),
		Libraries: slices.Repeat([]string{text(512)}, 8), GoVersion: text(64), GoModules: slices.Repeat([]string{text(256)}, 8),
	}
	for range 4 {
		p.Parents = append(p.Parents, classify.Parent{PID: 1<<22 - 1, Executable: text(512), CommandLine: slices.Repeat([]string{text(128)}, 8)})
	}
	b, err := (&reply{ID: 1 << 63, Process: p}).encode()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readReply(b); err != nil || !reflect.DeepEqual(r.Process, p) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestServeRefusesWhatIsNoQuery(t *testing.T) {
	sensor, finder := sockets(t)
	go func() {
		_, _ = sensor.Read(make([]byte, maxReply))
		_, _ = io.WriteString(sensor, "not a query")
	}()
	if err := Serve(finder, fake{}); err == nil {
		t.Error("no error")
	}
}

func FuzzReadQuery(f *testing.F) {
	f.Add(query{7, connection{Client: end(2), Server: amazon}}.append(nil))
	f.Add(query{1 << 63, connection{Client: netip.MustParseAddrPort("[2001:db8::5]:1"), Server: netip.MustParseAddrPort("[fe80::1]:65535"), UDP: true}}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readQuery(b)
		if err != nil {
			return
		}
		if back, err := readQuery(q.append(nil)); err != nil || back != q {
			t.Errorf("%v became %v, %v", q, back, err)
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	whole, _ := (&reply{ID: 3, Process: &classify.Process{PID: 1, Executable: "/usr/bin/curl"}, Limits: []string{"x"}}).encode()
	f.Add(whole)
	called, _ := (&reply{ID: 4, Process: &classify.Process{PID: 7, LoginUser: "a", Started: 1, Folder: "/", Script: "/x.sh", Parents: []classify.Parent{
		{PID: 6, Executable: "/bin/sh", CommandLine: []string{"sh", "/x.sh"}}, {PID: 5},
	}}}).encode()
	f.Add(called)
	f.Add([]byte(`{"process":{"parents":[null,{"pid":-1,"command_line":null}],"started":1e3}}`))
	f.Add([]byte(`{"process":{"pid":"x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := readReply(b); err == nil {
			if _, err := a.encode(); err != nil {
				t.Error(err)
			}
		}
	})
}
