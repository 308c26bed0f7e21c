package proc

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// served returns an opener that passes requests on to o through a socket, as to another
// process.
func served(t testing.TB, o opener) (*remote, *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "opener"), os.NewFile(uintptr(fds[1]), "finder")
	ended := make(chan error, 1)
	go func() { ended <- serveOpener(theirs, o); theirs.Close() }()
	r, err := newRemote(ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ours.Close()
		if err := <-ended; err != nil {
			t.Errorf("the opener: %v", err)
		}
	})
	return r, theirs
}

// throughOpener returns a Finder without rights, with an opener.
func throughOpener(t testing.TB) *Finder {
	t.Helper()
	r, _ := served(t, direct{})
	f, err := openFinder(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestRemoteOpensTheSame: another process opens the same files as this one would.
func TestRemoteOpensTheSame(t *testing.T) {
	r, _ := served(t, direct{})
	l := listen(t, "tcp4", "127.0.0.1:0")
	conn := dial(t, l.Addr(), false)
	o, err := new(diag).find(openOwnDiag(t), connection{endOf(conn.LocalAddr()), endOf(conn.RemoteAddr())})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []request{
		{op: opExecutable}, {op: opPath}, {op: opMaps}, {op: opFolder}, {op: opScript, inode: 255}, {op: opScript, inode: 1}, {op: opHolds, inode: o.inode}, {op: opHolds, inode: 1},
		{op: opNetwork}, {op: opVariables}, {op: opVariables, pid: 1 << 30}, {op: opUsers}, {op: opMaps, pid: 1 << 30}, {op: opPath, pid: 1 << 30}, {op: opDiag, pid: 1 << 30},
	} {
		if q.pid == 0 {
			q.pid = os.Getpid()
		}
		here, errHere := direct{}.do(q)
		there, errThere := r.do(q)
		if here.text != there.text || errHere != errThere || (here.fd >= 0) != (there.fd >= 0) {
			t.Errorf("%+v: %+v, %v; by the other: %+v, %v", q, here, errHere, there, errThere)
			continue
		}
		if here.fd >= 0 && !sameFile(t, here.fd, there.fd, q.op != opMaps) {
			t.Errorf("%+v: another file", q)
		}
	}
}

func openOwnDiag(t *testing.T) int {
	t.Helper()
	fd, err := openDiag()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// sameFile reports whether two files are the same, and closes both.
func sameFile(t *testing.T, a, b int, compare bool) bool {
	t.Helper()
	defer unix.Close(a)
	defer unix.Close(b)
	var x, y unix.Stat_t
	if err := errors.Join(unix.Fstat(a, &x), unix.Fstat(b, &y)); err != nil {
		t.Error(err)
	}
	flags, err := unix.FcntlInt(uintptr(b), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
	return !compare || x.Dev == y.Dev && x.Ino == y.Ino
}

// blocked is an opener whose files do not open until it is released.
type blocked struct{ until chan struct{} }

func (b blocked) do(request) (answer, error) { <-b.until; return answer{fd: -1}, unix.ENOENT }

func (blocked) ended() error { return nil }

// TestOpeningsAreBounded: files that never open use a bounded part of the opener.
func TestOpeningsAreBounded(t *testing.T) {
	b := blocked{make(chan struct{})}
	r, _ := served(t, b)
	var waiting sync.WaitGroup
	refused := make(chan struct{}, 2*maxRequests)
	for range 2 * maxRequests {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			if _, err := r.do(request{op: opExecutable, pid: 1}); err == unix.EAGAIN {
				refused <- struct{}{}
			}
		}()
	}
	for n := range maxRequests {
		select {
		case <-refused:
		case <-time.After(10 * time.Second):
			t.Fatalf("only %d of %d were refused", n, 2*maxRequests)
		}
	}
	close(b.until)
	waiting.Wait()
	if len(refused) > 0 {
		t.Errorf("%d too many were refused", len(refused))
	}
}

// TestOpenerThatEnds: without its opener a Finder goes on, and Limits says what it
// cannot see.
func TestOpenerThatEnds(t *testing.T) {
	needRoot(t)
	b := blocked{make(chan struct{})}
	defer close(b.until)
	r, theirs := served(t, b)
	asked := make(chan error)
	go func() { _, err := r.do(request{op: opExecutable, pid: 1}); asked <- err }()
	time.Sleep(20 * time.Millisecond)
	if err := unix.Shutdown(int(theirs.Fd()), unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case err := <-asked:
			if err != unix.EPIPE {
				t.Errorf("%v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("waits for ever")
		}
		go func() { _, err := r.do(request{op: opExecutable, pid: 1}); asked <- err }()
	}
	<-asked
	f, err := openFinder(r)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if said := strings.Join(f.Limits(), "\n"); !strings.Contains(said, "has ended") {
		t.Errorf("it says %q", said)
	}
}

func TestOpenerRefusesWhatIsNoQuery(t *testing.T) {
	good := request{opExecutable, 1, 0}.append(nil, 1)
	for _, b := range [][]byte{{}, good[:requestSize-1], append(good[:requestSize:requestSize], 0), request{0, 1, 0}.append(nil, 1), request{opEnd, 1, 0}.append(nil, 1), request{opMaps, -1, 0}.append(nil, 1)} {
		if _, _, ok := parseRequest(b); ok {
			t.Errorf("%x is taken", b)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(request{opExecutable, 1, 0}.append(nil, 7))
	f.Add(request{opHolds, 1 << 30, 1 << 31}.append(nil, 1<<31))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, r, ok := parseRequest(b)
		if !ok {
			return
		}
		if again, q, ok := parseRequest(r.append(nil, id)); !ok || again != id || q != r {
			t.Errorf("%v became %v", r, q)
		}
	})
}
