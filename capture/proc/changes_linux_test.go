package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asNobody is set in the copy of the test that runs as another user.
const asNobody = "TLSFLOOR_PROC_AS_NOBODY"

// TestWithoutPermission: without permission to examine processes the error is another
// one than for a connection without a process.
func TestWithoutPermission(t *testing.T) {
	needRoot(t)
	l := listen(t, "tcp4", "127.0.0.1:0")
	conn := dial(t, l.Addr(), false)
	folder, err := os.MkdirTemp("", "tlsfloor-proc") // not t.TempDir: nobody may not enter it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	copyTest(t, filepath.Join(folder, "proc.test"))
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(filepath.Join(folder, "proc.test"), "-test.run=^TestAsNobody$", "-test.v")
	child.Dir = folder
	child.Env = append(os.Environ(), asNobody+"="+conn.LocalAddr().String()+" "+conn.RemoteAddr().String())
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestAsNobody") {
		t.Errorf("%v\n%s", err, out)
	}
}

func copyTest(t *testing.T, to string) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestAsNobody(t *testing.T) {
	client, server, ok := strings.Cut(os.Getenv(asNobody), " ")
	if !ok {
		t.Skip("this is TestWithoutPermission's other process")
	}
	f := open(t)
	p, err := f.Find(netip.MustParseAddrPort(client), netip.MustParseAddrPort(server))
	if !errors.Is(err, errNotPermitted) {
		t.Errorf("%+v, %v", p, err)
	}
	if limits := strings.Join(f.Limits(), "\n"); !strings.Contains(limits, "CAP_SYS_PTRACE") || !strings.Contains(limits, "does not report connects") {
		t.Errorf("%s", limits)
	}
	// It may examine its own.
	l := listen(t, "tcp4", "127.0.0.1:0")
	conn := dial(t, l.Addr(), false)
	if p, err := f.Find(endOf(conn.LocalAddr()), endOf(conn.RemoteAddr())); err != nil || p.PID != os.Getpid() {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestAnotherProgram: a process that executes another program is described as it is
// when it connects.
func TestAnotherProgram(t *testing.T) {
	needRoot(t)
	for _, program := range []string{"python3", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	f := open(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	script := fmt.Sprintf(`
import os, socket, sys
c = socket.create_connection(("127.0.0.1", %[1]d))
sys.stdin.readline()
os.execvp("bash", ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/%[1]d; read"])`, l.Addr().(*net.TCPAddr).Port)
	child, in := start(t, "python3", "-c", script)
	for _, want := range []string{"python", "bash"} {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		p, err := find(t, f, conn.RemoteAddr(), conn.LocalAddr())
		if err != nil || p.PID != child.Process.Pid || !strings.Contains(filepath.Base(p.Executable), want) || !strings.Contains(p.CommandLine[0], want) {
			t.Errorf("%s: %+v, %v", want, p, err)
		}
		fmt.Fprintln(in)
	}
}

// start starts a program that ends with the test.
func start(t testing.TB, name string, args ...string) (*exec.Cmd, io.Writer) {
	t.Helper()
	child := exec.Command(name, args...)
	in, err := child.StdinPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	return child, in
}

// TestShortLivedClientsUnderLoad: curl is found also with twice as many running
// programs as processors.
func TestShortLivedClientsUnderLoad(t *testing.T) {
	needRoot(t)
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	f := open(t)
	if f.trace == nil {
		t.Skipf("this kernel does not report connects: %v", f.untraced)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 * runtime.NumCPU() {
		busy := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		if err := busy.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = busy.Wait() }()
		defer cancel()
	}
	nameCalls(t, f, curl, "refused")
}

// BenchmarkFindAmongMany measures on a host with 2,000 more processes.
func BenchmarkFindAmongMany(b *testing.B) {
	needRoot(b)
	client, server := fresh(b) // of a process that is older than the others
	for range 2000 {
		sleeper := exec.Command("sleep", "300") // without pipes, of which this process would hold 2,000
		if err := sleeper.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() })
	}
	f := withoutTrace(b)
	run := func(name string, client, server netip.AddrPort, before func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				before()
				if _, err := f.Find(client, server); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("known holder", client, server, func() {})
	run("all processes", client, server, func() { f.holders.recent, f.holders.pause = nil, time.Time{} })
	freshClient, freshServer := fresh(b)
	run("newest process", freshClient, freshServer, func() { f.holders.recent = nil })
	f.connects.add(connection{client, server}, new(Process))
	run("reported", client, server, func() {})
}

// fresh returns a connection of a process that has just started.
func fresh(b *testing.B) (client, server netip.AddrPort) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	start(b, "bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d; read", l.Addr().(*net.TCPAddr).Port))
	conn, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return endOf(conn.RemoteAddr()), endOf(conn.LocalAddr())
}

// TestLateReport: a late report counts, also where the process of the socket may be one
// that cannot be examined.
func TestLateReport(t *testing.T) {
	needRoot(t)
	f := open(t)
	if f.trace == nil {
		t.Skipf("this kernel does not report connects: %v", f.untraced)
	}
	f.holders.denied = true
	for name, ends := range map[string]connection{
		"no socket":                    {netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")},
		"a socket that nobody has now": inFlight(t),
	} {
		late := &Process{PID: 4711}
		time.AfterFunc(reportDelay/4, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.connects.add(ends, late)
		})
		if p, err := f.Find(ends.client, ends.server); p != late || err != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// inFlight returns a server's connection, which no connect made, and whose socket is
// being passed between processes: the kernel knows it, but no /proc/PID/fd has it.
func inFlight(t *testing.T) connection {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(pair[0]); syscall.Close(pair[1]) })
	accepted := make(chan net.Conn, 1)
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		if c, err := other.Accept(); err == nil {
			accepted <- c
		}
	}()
	conn := dial(t, other.Addr(), false)
	server := <-accepted
	file, err := server.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Sendmsg(pair[0], []byte{0}, syscall.UnixRights(int(file.Fd())), nil, 0); err != nil {
		t.Fatal(err)
	}
	file.Close()
	server.Close()
	return connection{endOf(conn.RemoteAddr()), endOf(conn.LocalAddr())}
}
