package proc

import (
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// TestDescriptionsThatNeverEnd: reading a process that never answers costs details of its own
// user's processes only.
func TestDescriptionsThatNeverEnd(t *testing.T) {
	var l describer
	never := make(chan struct{})
	var started atomic.Int32
	hang := func(*Process) { started.Add(1); <-never }
	for range 3 * maxOfUser {
		if p, whole := l.complete(Process{PID: 7, UID: 1000}, hang); whole || p.PID != 7 {
			t.Fatalf("%+v, %v", p, whole)
		}
	}
	if n := started.Load(); n != maxOfUser {
		t.Errorf("%d looks hang, the bound is %d", n, maxOfUser)
	}
	began := time.Now()
	if _, whole := l.complete(Process{UID: 1000}, hang); whole || time.Since(began) > describeTimeout/2 {
		t.Errorf("one more took %v", time.Since(began))
	}
	if p, whole := l.complete(Process{UID: 1001}, func(p *Process) { p.GoVersion = "go1.22" }); !whole || p.GoVersion != "go1.22" {
		t.Errorf("another user's: %+v", p)
	}
	close(never)
	for deadline := time.Now().Add(time.Second); !l.begin(1000); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("looks that have ended still count")
		}
	}
}

func TestDescriptionsAreBounded(t *testing.T) {
	var l describer
	n := 0
	for uid := range uint32(2 * maxAtOnce) {
		if l.begin(uid) {
			n++
		}
	}
	if n != maxAtOnce {
		t.Errorf("%d", n)
	}
	for uid := range uint32(maxAtOnce) {
		l.end(uid)
	}
	if len(l.running) != 0 || l.all != 0 {
		t.Errorf("%d users, %d looks are left", len(l.running), l.all)
	}
}

// TestKnownProcess: a process id that was used again does not give the old description.
func TestKnownProcess(t *testing.T) {
	var k descriptions
	p := new(Process)
	k.add(identity{1, 2, "/bin/sh"}, p)
	for _, other := range []identity{{1, 3, "/bin/sh"}, {2, 2, "/bin/sh"}, {1, 2, "/usr/bin/curl"}} {
		if k.get(other) != nil {
			t.Errorf("%+v is taken for another", other)
		}
	}
	if k.get(identity{1, 2, "/bin/sh"}) != p {
		t.Error("forgotten")
	}
	k.by[identity{1, 2, "/bin/sh"}] = description{p, time.Now().Add(-2 * descriptionTTL)}
	if k.get(identity{1, 2, "/bin/sh"}) != nil {
		t.Error("an old description is good")
	}
}

func TestThreadHasItsProcess(t *testing.T) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip(err)
	}
	for _, thread := range threads {
		if pid := leader(parsePID([]byte(thread.Name()))); pid != os.Getpid() {
			t.Errorf("thread %s: %d", thread.Name(), pid)
		}
	}
}

// TestBeganWhenTheKernelSays: the kernel's report and /proc agree on when a process
// began. Otherwise every process would be taken for another.
func TestBeganWhenTheKernelSays(t *testing.T) {
	needRoot(t)
	f := open(t)
	if f.trace == nil {
		t.Skipf("this kernel does not report connects: %v", f.untraced)
	}
	line := lineOf(os.Getpid())
	if f.describer.describe(line) == nil {
		t.Error("not described with its own beginning")
	}
	line[0].start++
	if p := f.describer.describe(line); p != nil {
		t.Errorf("a process that began later: %+v", p)
	}
	l := listen(t, "tcp4", "127.0.0.1:0")
	conn := dial(t, l.Addr(), false)
	ends := connection{endOf(conn.LocalAddr()), endOf(conn.RemoteAddr())}
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(time.Millisecond) {
		if p := f.reported(ends); p != nil {
			if p.GoVersion == "" { // only /proc says that
				t.Errorf("taken for another: %+v", p)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no report")
		}
	}
}
