package proc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func needRoot(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("looking at other processes takes root")
	}
}

func open(t testing.TB) *Finder {
	t.Helper()
	f, err := Open()
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

// withoutTrace returns a Finder as on a kernel that does not report connects.
func withoutTrace(t testing.TB) *Finder {
	f := open(t)
	if f.trace != nil {
		if err := f.trace.close(); err != nil {
			t.Fatal(err)
		}
		f.tracing.Wait()
		f.trace = nil
	}
	return f
}

func listen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("%s: %v", address, err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l
}

// find calls Find until the kernel's report has arrived.
func find(t testing.TB, f *Finder, client, server net.Addr) (*Process, error) {
	t.Helper()
	a, b := endOf(client), endOf(server)
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(time.Millisecond) {
		p, err := f.Find(a, b)
		if err == nil || time.Now().After(deadline) {
			return p, err
		}
	}
}

func endOf(a net.Addr) netip.AddrPort {
	end := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(end.Addr().Unmap(), end.Port())
}

func TestOwnConnections(t *testing.T) {
	needRoot(t)
	for name, f := range map[string]*Finder{"reported by the kernel": open(t), "asked for": withoutTrace(t), "by an opener": throughOpener(t)} {
		for what, where := range map[string][2]string{
			"IPv4":                {"tcp4", "127.0.0.1:0"},
			"IPv6":                {"tcp6", "[::1]:0"},
			"IPv4 over IPv6":      {"tcp4", "127.0.0.1:0"},
			"IPv6 to any address": {"tcp", "[::]:0"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				l := listen(t, where[0], where[1])
				conn := dial(t, l.Addr(), what == "IPv4 over IPv6")
				p, err := find(t, f, conn.LocalAddr(), conn.RemoteAddr())
				if err != nil {
					t.Fatalf("%s to %s: %v; %q", conn.LocalAddr(), conn.RemoteAddr(), err, f.Limits())
				}
				exe, _ := os.Executable()
				if p.PID != os.Getpid() || p.Executable != exe || p.User != "root" || p.CommandLine[0] != os.Args[0] || !strings.HasPrefix(p.GoVersion, "go1.") {
					t.Errorf("%+v", p)
				}
			})
		}
	}
}

// dial connects. With mapped it uses an IPv6 socket with an IPv4-mapped address, as
// Java does.
func dial(t testing.TB, to net.Addr, mapped bool) net.Conn {
	t.Helper()
	if !mapped {
		conn, err := net.Dial(to.Network(), to.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	end := to.(*net.TCPAddr)
	if err := unix.Connect(fd, &unix.SockaddrInet6{Port: end.Port, Addr: netip.AddrFrom16(end.AddrPort().Addr().As16()).As16()}); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "mapped")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestNobodysConnection(t *testing.T) {
	f := open(t)
	p, err := f.Find(netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:443"))
	if !errors.Is(err, errNotFound) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestOlderConnection: a connection that is older than the Finder has no report.
func TestOlderConnection(t *testing.T) {
	needRoot(t)
	l := listen(t, "tcp4", "127.0.0.1:0")
	conn := dial(t, l.Addr(), false)
	f := open(t)
	if p, err := f.Find(endOf(conn.LocalAddr()), endOf(conn.RemoteAddr())); err != nil || p.PID != os.Getpid() {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestShortLivedClients: curl ends soonest of all common clients. The server notes when
// each ClientHello came, as a sensor does, and asks a millisecond later: as soon as
// captured frames are delivered.
func TestShortLivedClients(t *testing.T) {
	needRoot(t)
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	f := open(t)
	if f.trace == nil {
		t.Skipf("this kernel does not report connects: %v", f.untraced)
	}
	for _, name := range []string{"answered", "refused"} {
		t.Run(name, func(t *testing.T) { nameCalls(t, f, curl, name) })
	}
}

// servers are offered to curl, which is limited to TLS 1.2. Refused, it ends at once,
// like the clients of flagged flows.
var servers = map[string]*tls.Config{"answered": {}, "refused": {MinVersion: tls.VersionTLS13}}

// nameCalls checks that the process of at least 99 of 100 calls is found.
func nameCalls(t *testing.T, f *Finder, curl, server string) {
	t.Helper()
	const n = 100
	found, short, whole, called := 0, 0, 0, 0
	for i := range n {
		p, took := callOnce(t, f, curl, servers[server], i)
		if took < 20*time.Millisecond {
			short++
		}
		if p != nil && len(p.CommandLine) > 1 && filepath.Base(p.CommandLine[0]) == "curl" && p.CommandLine[1] == fmt.Sprintf("-A%d", i) {
			found++
		} else {
			t.Logf("call %d, %v: %+v", i, took, p)
		}
		if p != nil && len(p.Libraries) > 0 {
			whole++
		}
		if p != nil && len(p.Parents) > 0 && p.Parents[0].PID == os.Getpid() && p.Started != 0 {
			called++
		}
	}
	t.Logf("%d of %d named, %d with their libraries, %d with their parent; %d ran for less than 20 ms", found, n, whole, called, short)
	if found < 99 || called < 99 {
		t.Errorf("%d of %d were named, %d with their parent", found, n, called)
	}
}

// callOnce runs curl once, and calls Find when its ClientHello has arrived.
func callOnce(t *testing.T, f *Finder, curl string, config *tls.Config, i int) (*Process, time.Duration) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var asked sync.WaitGroup
	var p *Process
	asked.Add(1)
	go func() {
		defer asked.Done()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		c := config.Clone()
		c.Certificates = []tls.Certificate{certificate(t)}
		greeted := make(chan struct{})
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { close(greeted); return nil, nil }
		go func() {
			secure := tls.Server(conn, c)
			if secure.Handshake() == nil {
				fmt.Fprint(secure, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			secure.Close()
		}()
		select {
		case <-greeted:
		case <-time.After(5 * time.Second):
			return
		}
		time.Sleep(time.Millisecond)
		p, _ = f.Find(endOf(conn.RemoteAddr()), endOf(conn.LocalAddr()))
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	began := time.Now()
	_ = exec.CommandContext(ctx, curl, fmt.Sprintf("-A%d", i), "-sk", "--tls-max", "1.2", "-o", "/dev/null", "https://"+l.Addr().String()).Run()
	took := time.Since(began)
	asked.Wait()
	return p, took
}

var certificate = func() func(testing.TB) tls.Certificate {
	var once sync.Once
	var made tls.Certificate
	return func(t testing.TB) tls.Certificate {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			made = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		})
		return made
	}
}()

// TestOtherNetwork: containers have their own networks.
func TestOtherNetwork(t *testing.T) {
	needRoot(t)
	ip, err := exec.LookPath("ip")
	if err != nil {
		t.Skip("iproute2 is not installed")
	}
	name := fmt.Sprintf("tlsfloor-proc-%d", os.Getpid())
	if out, err := exec.Command(ip, "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(ip, "netns", "del", name).Run() })
	if out, err := exec.Command(ip, "-n", name, "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// The script listens, connects, prints the ports, and waits.
	const script = `
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
print(c.getsockname()[1], s.getsockname()[1], flush=True)
time.sleep(20)`
	for _, traced := range []bool{true, false} {
		f := open(t)
		if !traced {
			f = withoutTrace(t)
		}
		child := exec.Command(ip, "netns", "exec", name, "python3", "-c", script)
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
		var client, server uint16
		if _, err := fmt.Fscan(out, &client, &server); err != nil {
			t.Fatal(err)
		}
		loopback := netip.MustParseAddr("127.0.0.1")
		p, err := f.Find(netip.AddrPortFrom(loopback, client), netip.AddrPortFrom(loopback, server))
		if err != nil || !strings.Contains(filepath.Base(p.Executable), "python") {
			t.Errorf("traced %v: %+v, %v; %q", traced, p, err, f.Limits())
		}
	}
}

// TestFloodOfConnects: the bounds hold for any number of connects.
func TestFloodOfConnects(t *testing.T) {
	c := newRecentConnects()
	p := new(Process)
	for i := range 3 * maxConnects {
		ends := connection{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 16), 5}), uint16(i)), netip.MustParseAddrPort("192.0.2.1:443")}
		c.add(ends, p)
		if c.get(ends) == nil {
			t.Fatal("the newest is not there")
		}
	}
	if len(c.by) > maxConnects {
		t.Errorf("%d are held", len(c.by))
	}
	var k descriptions
	for i := range 3 * maxDescriptions {
		k.add(identity{i, 1, ""}, p)
	}
	if len(k.by) != maxDescriptions || len(k.order) != maxDescriptions {
		t.Errorf("%d and %d are held", len(k.by), len(k.order))
	}
}

func BenchmarkFind(b *testing.B) {
	needRoot(b)
	l := listen(b, "tcp4", "127.0.0.1:0")
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	f := withoutTrace(b)
	client, server := endOf(conn.LocalAddr()), endOf(conn.RemoteAddr())
	b.Run("sock_diag, known holder", func(b *testing.B) {
		for range b.N {
			if _, err := f.Find(client, server); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sock_diag, all processes", func(b *testing.B) {
		for range b.N {
			f.holders.recent = nil
			if _, err := f.Find(client, server); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reported", func(b *testing.B) {
		f.connects.add(connection{client, server}, new(Process))
		for range b.N {
			if _, err := f.Find(client, server); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDescribe is the cost of what a Finder does between a connect and its end: an
// opener has to be in another process, here it is in this one.
func BenchmarkDescribe(b *testing.B) {
	child, _ := start(b, "sleep", "1000")
	line := lineOf(child.Process.Pid)
	for name, forget := range map[string]func(*describer){
		"new":                func(d *describer) { d.known, d.parents = descriptions{}, descriptions{} },
		"new, parents known": func(d *describer) { d.known = descriptions{} },
		"known":              func(*describer) {},
	} {
		b.Run(name, func(b *testing.B) {
			r, _ := served(b, direct{})
			d := describer{opener: r}
			b.ReportAllocs()
			for b.Loop() {
				if forget(&d); d.describe(line) == nil {
					b.Fatal("it has ended")
				}
			}
		})
	}
}

// TestDepartedHasNoExecutable: a process that has ended is described by its command
// line or, without one, by the name of its thread. Its executable is not known.
func TestDepartedHasNoExecutable(t *testing.T) {
	f := &Finder{opener: direct{}}
	for want, c := range map[string]connect{
		"/usr/bin/node": {line: []member{{pid: 1}}, command: "x", arguments: []byte("/usr/bin/node\x00app.js\x00")},
		"node":          {line: []member{{pid: 1}}, command: "node"},
	} {
		if p := f.departed(&c); p.Executable != "" || p.CommandLine[0] != want {
			t.Errorf("%+v, want %s", p, want)
		}
	}
}

// TestDepartedHasParents: those that still run are known.
func TestDepartedHasParents(t *testing.T) {
	f := &Finder{opener: direct{}}
	f.describer.opener = direct{}
	own := lineOf(os.Getpid())
	c := connect{line: append([]member{{1 << 30, own[0].session, own[0].start}}, own...), login: nobody, arguments: []byte("/bin/sh\x00/opt/x.sh\x00")}
	p := f.departed(&c)
	if len(p.Parents) == 0 || p.Parents[0].PID != os.Getpid() || p.Parents[0].CommandLine[0] != os.Args[0] || p.Script != "/opt/x.sh" || p.LoginUser != "" {
		t.Errorf("%+v", p)
	}
	if began := time.Unix(0, p.Started); began.After(time.Now()) || began.Before(time.Now().Add(-time.Hour)) {
		t.Errorf("began at %v", began)
	}
	c.line[1].start-- // the parent has ended, and another process has its id
	if p := f.departed(&c); len(p.Parents) != 0 {
		t.Errorf("%+v", p)
	}
}
