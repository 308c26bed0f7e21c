package confine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func needRoot(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it drops root's rights")
	}
	if permitted()&netRaw == 0 {
		t.Skip("needs the capabilities of root, which this container withholds")
	}
}

// needKernel skips the test if the kernel lacks what it needs.
func needKernel(t *testing.T, abi int) {
	t.Helper()
	switch k := running(); {
	case k.landlock < abi:
		t.Skipf("this kernel has Landlock ABI %d, and this test needs %d", k.landlock, abi)
	case k.seccomp == 0:
		t.Skip("this kernel has no system call filters")
	}
}

// folder makes a folder that a user owns and can reach.
func folder(t *testing.T, uid int) string {
	t.Helper()
	path := t.TempDir()
	err := os.Chmod(filepath.Dir(path), 0o755)
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, uid, uid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, path string, uid int) string {
	t.Helper()
	err := os.WriteFile(path, []byte("{}\n"), 0o644)
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, uid, uid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// listener accepts connections on loopback, over TCP and UDP.
func listener(t *testing.T) (address string, port uint16) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return l.Addr().String(), uint16(l.Addr().(*net.TCPAddr).Port)
}

var none = fmt.Sprintf("%016x", 0)

// confined is the expected status of every thread.
func confined(uid string) thread {
	four := strings.TrimSpace(strings.Repeat(uid+" ", 4))
	return thread{
		"Uid": four, "Gid": four, "Groups": "",
		"CapInh": none, "CapPrm": none, "CapEff": none, "CapAmb": none,
		"NoNewPrivs": "1", "Seccomp": "2",
	}
}

func TestEveryThreadOfRootIsConfined(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	for _, churn := range []bool{false, true} {
		t.Run(fmt.Sprintf("churn=%t", churn), func(t *testing.T) {
			root := &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{0, 4, 27}}} // as sudo gives them
			r := plan{Options: Options{User: "nobody", Require: true}, Churn: churn}.runAs(t, os.Args[0], root)
			if r.Err != "" {
				t.Fatal(r.Err)
			}
			want := confined("65534")
			want["CapBnd"] = none
			r.all(t, want)
			if churn && len(r.Threads) < waiting {
				t.Errorf("%d threads, want at least the %d that wait", len(r.Threads), waiting)
			}
		})
	}
}

func TestThreadsThatCaptureAreConfined(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	r := plan{Capture: []string{"lo", "any"}, Churn: true, Options: Options{User: "nobody", Require: true}}.run(t)
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	r.all(t, confined("65534"))
}

func TestDefaultUser(t *testing.T) {
	needRoot(t)
	want := "nobody"
	if _, err := user.Lookup("tlsfloor"); err == nil {
		want = "tlsfloor"
	}
	r := plan{}.run(t)
	if text := r.step(t, stepUser, false); !strings.HasPrefix(text, want+" (") {
		t.Errorf("turned into %s, want %s", text, want)
	}
}

// A plain user is confined like nobody.
func TestPlainUserIsConfined(t *testing.T) {
	needKernel(t, 1)
	for _, churn := range []bool{false, true} {
		t.Run(fmt.Sprintf("churn=%t", churn), func(t *testing.T) {
			r := plan{Options: Options{Require: true}, Churn: churn, Before: []string{"dump"}, After: []string{"dump"}}.runPlain(t)
			if r.Err != "" {
				t.Fatal(r.Err)
			}
			r.refused(t, unix.EPERM, "dump")
			r.all(t, thread{
				"CapInh": none, "CapPrm": none, "CapEff": none, "CapAmb": none, "NoNewPrivs": "1", "Seccomp": "2",
			})
		})
	}
}

// A capability comes with the file (setcap) or from the parent (systemd).
func TestCapabilityOfAPlainUser(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	plain := &syscall.Credential{Uid: nobody, Gid: nobody}
	for name, c := range map[string]struct {
		program func(*testing.T) string
		started *syscall.SysProcAttr
	}{
		"file":    {programWithCapability, &syscall.SysProcAttr{Credential: plain}},
		"ambient": {programForAll, &syscall.SysProcAttr{Credential: plain, AmbientCaps: []uintptr{unix.CAP_NET_RAW}}},
	} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, keep=%t", name, keep), func(t *testing.T) {
				testCapability(t, c.program(t), c.started, keep)
			})
		}
	}
}

func testCapability(t *testing.T, program string, started *syscall.SysProcAttr, keep bool) {
	packet := fmt.Sprintf("socket %d %d 0", unix.AF_PACKET, unix.SOCK_RAW)
	p := plan{Options: Options{KeepNetRaw: keep, Require: true}, Before: []string{packet}, After: []string{packet}, Churn: true}
	r := p.runAs(t, program, started)
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	if o := r.Before[packet]; o != (outcome{}) {
		t.Fatalf("the capability is not there to begin with: %s", o.Text)
	}
	kept := none
	if keep {
		kept = fmt.Sprintf("%016x", uint64(netRaw))
		r.works(t, packet)
	} else {
		r.refused(t, unix.EPERM, packet)
	}
	r.all(t, thread{"CapPrm": kept, "CapEff": kept, "CapInh": none, "CapAmb": none, "NoNewPrivs": "1", "Seccomp": "2"})
}

func programWithCapability(t *testing.T) string {
	t.Helper()
	setcap, err := exec.LookPath("setcap")
	if err != nil {
		t.Skip("setcap is not installed")
	}
	path := filepath.Join(folder(t, 0), "confine.test")
	if err := copyFile(os.Args[0], path); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(setcap, "cap_net_raw+ep", path).CombinedOutput(); err != nil {
		t.Skipf("setcap: %v: %s", err, out)
	}
	return path
}

func TestRootKeepsOnlyTheCapabilityToCapture(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	r := plan{
		Options: Options{User: "nobody", KeepNetRaw: true, Require: true}, Churn: true,
		After: []string{"capture lo", "namespace", "exec /bin/true", "read /etc/passwd"},
	}.run(t)
	want := confined("65534")
	want["CapPrm"] = fmt.Sprintf("%016x", uint64(netRaw))
	want["CapEff"] = want["CapPrm"]
	want["CapBnd"] = none
	r.all(t, want)
	r.works(t, "capture lo")
	r.refused(t, unix.EPERM, "namespace", "exec /bin/true")
	r.refused(t, unix.EACCES, "read /etc/passwd")
}

// What root reads later is read as by root, and nothing else is.
func TestFollowedFilesAreReadAsByRoot(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	folder := t.TempDir()
	for _, name := range []string{"in", "out"} {
		if err := os.MkdirAll(folder+"/"+name+"/below", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(folder+"/"+name+"/below/file", nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := plan{
		Options: Options{User: "nobody", ReadAll: true, ReadPaths: []string{folder + "/in"}, Require: true},
		After: []string{
			"read " + folder + "/in/below/file", "read " + folder + "/out/below/file", "read /etc/shadow",
			"append " + folder + "/in/below/file", "create " + folder + "/in/new", "namespace",
		},
	}.run(t)
	want := confined("65534")
	want["CapPrm"] = fmt.Sprintf("%016x", uint64(dacReadSearch))
	want["CapEff"] = want["CapPrm"]
	want["CapBnd"] = none
	r.all(t, want)
	r.works(t, "read "+folder+"/in/below/file")
	r.refused(t, unix.EACCES, "read "+folder+"/out/below/file", "read /etc/shadow")
	r.refused(t, unix.EPERM, "append "+folder+"/in/below/file", "create "+folder+"/in/new", "namespace")
}

// Without Landlock, the rights of root would be those to read every file.
func TestReadAllNeedsLandlock(t *testing.T) {
	c := confinement{Options: Options{ReadAll: true}, kernel: kernel{proc: true}}
	if keep := c.keptCapabilities(); keep != 0 {
		t.Errorf("%s kept", keep)
	}
}

// A process that inspects others has great rights, and can use them for nothing else.
func TestExaminerReadsAndChangesNothing(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	diag := fmt.Sprintf("socket %d %d %d", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG)
	audit := fmt.Sprintf("socket %d %d %d", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)
	of := fmt.Sprintf("/proc/%d/", os.Getpid())
	r := plan{
		Options: Options{User: "nobody", Examine: true, Require: true}, Churn: true,
		After: []string{
			"list " + of + "fd", "read " + of + "cgroup", "read " + of + "maps", "read /etc/shadow", "network " + of + "ns/net", diag,
			audit, "namespace", "exec /bin/true", "create " + folder + "/new", "append /etc/passwd", "folder " + folder + "/f",
			"connect 127.0.0.1:9", "capture lo", fmt.Sprintf("signal %d", os.Getpid()),
		},
	}.run(t)
	want := confined("65534")
	want["CapPrm"] = fmt.Sprintf("%016x", uint64(examineCapabilities))
	want["CapEff"] = want["CapPrm"]
	want["CapBnd"] = none
	for _, thread := range r.Threads {
		for field, value := range want {
			if thread[field] != value {
				t.Errorf("%s is %q, want %q", field, thread[field], value)
			}
		}
	}
	r.works(t, "list "+of+"fd", "read "+of+"cgroup", "read "+of+"maps", "read /etc/shadow", "network "+of+"ns/net", diag)
	r.refused(t, unix.EPERM, audit, "namespace", "exec /bin/true", "create "+folder+"/new", "append /etc/passwd", "folder "+folder+"/f", "connect 127.0.0.1:9", fmt.Sprintf("signal %d", os.Getpid()))
	if r.After["capture lo"] == (outcome{}) {
		t.Error("an interface could be captured")
	}
}

func TestCaptureGoesOnAndCannotSend(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	attempts := []string{"receive", "send-capture", "sendto-capture", "copy-capture", "fcntl-capture", "close-capture", "capture lo"}
	stop := make(chan struct{})
	defer close(stop)
	go chatter(stop)
	for _, names := range [][]string{{"lo"}, {"any"}, {"lo", "any"}} {
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			r := plan{Options: Options{User: "nobody", Require: true}, Capture: names, Before: []string{"send-capture"}, After: attempts}.run(t)
			if names[0] == "lo" && r.Before["send-capture"] != (outcome{}) {
				t.Errorf("before, the socket could not send either: %s", r.Before["send-capture"].Text)
			}
			r.works(t, "receive")
			r.refused(t, unix.EPERM, "send-capture", "sendto-capture", "copy-capture", "fcntl-capture", "close-capture")
			if r.After["capture lo"] == (outcome{}) {
				t.Error("an interface could be opened anew")
			}
		})
	}
}

// chatter sends datagrams to loopback.
func chatter(stop chan struct{}) {
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		return
	}
	defer conn.Close()
	for !closed(stop) {
		_, _ = conn.Write([]byte("x")) // nobody listens
		time.Sleep(5 * time.Millisecond)
	}
}

func TestFilesAreClosed(t *testing.T) {
	needKernel(t, 3)
	owner := nobody
	if os.Geteuid() != 0 {
		owner = os.Geteuid()
	}
	other := folder(t, owner)
	mine := write(t, filepath.Join(other, "mine"), owner)
	attempts := []string{
		"read /etc/passwd", "read /proc/self/maps", "read " + mine, "append " + mine, "cut " + mine, "chmod " + mine, "times " + mine,
		"list /", "list " + other, "create " + other + "/new", "remove " + mine, "rename " + mine + " " + other + "/moved",
		"link /etc/passwd " + other + "/link", "folder " + other + "/below", "list /root", "read /etc/shadow",
	}
	for name, run := range map[string]func(plan, *testing.T) report{"root": plan.run, "plain": plan.runPlain} {
		t.Run(name, func(t *testing.T) {
			r := run(plan{Options: Options{Require: true}, After: attempts}, t)
			if r.Err != "" {
				t.Fatal(r.Err)
			}
			r.closed(t, attempts...)
			if !strings.Contains(r.After["read "+mine].Text, unix.EACCES.Error()) {
				t.Error("it was not Landlock that closed a file for reading")
			}
		})
	}
}

func TestOutputRotates(t *testing.T) {
	needKernel(t, 3)
	for _, as := range []string{"file", "folder"} {
		t.Run("named by its "+as, func(t *testing.T) {
			owner := ownerOfOutput()
			out := folder(t, owner)
			path := write(t, filepath.Join(out, "events.jsonl"), owner)
			named := map[string]string{"file": path, "folder": out}[as]
			attempts := []string{
				"append " + path, "rename " + path + " " + path + ".1", "create " + path, "read " + path, "append " + path,
				"list " + out, "remove " + path + ".1", "append " + path + ".new", "publish " + path,
			}
			forbidden := []string{"link /etc/passwd " + out + "/link", "hardlink " + path + " " + out + "/hard", "folder " + out + "/below", "mode 0666 " + path}
			r := plan{Options: Options{WritePaths: []string{named}, Publish: true, Require: true}, After: append(attempts, forbidden...)}.run(t)
			r.works(t, attempts...)
			r.closed(t, forbidden...)
			if s := r.step(t, stepLandlock, false); !strings.Contains(s, "write 1 path") {
				t.Errorf("landlock: %s", s)
			}
		})
	}
}

func ownerOfOutput() int {
	if os.Geteuid() != 0 {
		return os.Geteuid()
	}
	if a, err := new(confinement).target(); err == nil {
		return a.uid
	}
	return nobody
}

func TestOutputThatTheUserMayNotRotateIsDoubted(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	out := folder(t, 0)
	path := write(t, filepath.Join(out, "events.jsonl"), 0)
	r := plan{Options: Options{User: "nobody", WritePaths: []string{path}, Require: true}, After: []string{"create " + path + ".1"}}.run(t)
	if text := r.step(t, "files", true); !strings.Contains(text, out) || !strings.Contains(text, "nobody") {
		t.Errorf("files: %s", text)
	}
	r.refused(t, unix.EACCES, "create "+path+".1")
	if r.Err != "" {
		t.Errorf("Require is about the sandbox, not about this: %s", r.Err)
	}
}

func TestListIsReadAgainAfterItWasReplaced(t *testing.T) {
	needKernel(t, 1)
	lists := folder(t, ownerOfOutput())
	list := write(t, filepath.Join(lists, "ranges.json"), 0)
	link := filepath.Join(folder(t, ownerOfOutput()), "link.json")
	if err := os.Symlink(list, link); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { defer close(stopped); replace(list, stop) }()
	defer func() { close(stop); <-stopped }() // it makes files in a folder that is removed
	for _, named := range []string{list, link} {
		t.Run(filepath.Base(named), func(t *testing.T) {
			r := plan{
				Options: Options{ReloadPaths: []string{named}, Require: true},
				After:   []string{"wait 50ms", "read " + named, "append " + named},
			}.run(t)
			r.works(t, "read "+named)
			r.closed(t, "append "+named)
		})
	}
}

// replace replaces a list as an editor or a package manager does, again and again.
func replace(path string, stop chan struct{}) {
	for !closed(stop) {
		if os.WriteFile(path+".new", []byte("{}\n"), 0o644) == nil {
			_ = os.Rename(path+".new", path)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestCapturesOpenedLate(t *testing.T) {
	needKernel(t, 1)
	inputs := folder(t, ownerOfOutput())
	named, beside := write(t, filepath.Join(inputs, "a.pcap"), 0), write(t, filepath.Join(inputs, "b.pcap"), 0)
	ring := folder(t, ownerOfOutput())
	r := plan{
		Options: Options{ReadPaths: []string{named, ring}, Require: true},
		After:   []string{"read " + named, "list " + ring, "read " + beside, "append " + named},
	}.run(t)
	r.works(t, "read "+named, "list "+ring)
	r.closed(t, "read "+beside, "append "+named)
}

// A folder with many other things is not allowed for a file in it.
func TestSharedFolderStaysClosed(t *testing.T) {
	needKernel(t, 3)
	path := write(t, filepath.Join(os.TempDir(), fmt.Sprintf("tlsfloor-confine-%d", os.Getpid())), ownerOfOutput())
	t.Cleanup(func() { os.Remove(path) })
	later := path + ".later"
	r := plan{
		Options: Options{WritePaths: []string{path, path}, ReloadPaths: []string{"/etc/passwd", later}, Require: true},
		After:   []string{"append " + path, "create " + path + ".1", "read /etc/passwd", "read /etc/group"},
	}.run(t)
	r.works(t, "append "+path, "read /etc/passwd")
	r.refused(t, unix.EACCES, "create "+path+".1", "read /etc/group")
	doubts := fmt.Sprint(r.Steps)
	for _, want := range []string{path + ": it cannot be rotated", "/etc/passwd: once it is replaced", later + ": it cannot be read when it appears"} {
		if strings.Count(doubts, want) != 1 {
			t.Errorf("%q is not said once", want)
		}
	}
}

func TestSharedFolders(t *testing.T) {
	t.Setenv("HOME", "/srv/people/alice")
	everybodys := folder(t, 0)
	if err := os.Chmod(everybodys, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/": true, "/etc": true, "/home/bob": true, "/srv/people/alice": true, everybodys: true,
		"/etc/tlsfloor": false, "/var/log": false, "/srv/people/alice/out": false, folder(t, 0): false,
	} {
		if got := tooBroad(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}

func TestNetworkIsClosed(t *testing.T) {
	needKernel(t, 1)
	address, _ := listener(t)
	attempts := []string{
		"connect " + address, "datagram " + address, "listen", "lookup localhost", "fast-open " + address,
		"local /run/nothing", fmt.Sprintf("socket %d %d 0", unix.AF_PACKET, unix.SOCK_RAW),
		fmt.Sprintf("socket %d %d 1", unix.AF_INET, unix.SOCK_RAW), fmt.Sprintf("socket %d %d 0", unix.AF_VSOCK, unix.SOCK_STREAM),
		fmt.Sprintf("socket %d %d 0", unix.AF_ALG, unix.SOCK_SEQPACKET),
		fmt.Sprintf("socket %d %d %d", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER), "interface lo",
	}
	r := plan{Options: Options{Require: true}, Before: attempts[:1], After: attempts}.run(t)
	if r.Before[attempts[0]] != (outcome{}) {
		t.Fatalf("before: %s", r.Before[attempts[0]].Text)
	}
	for _, a := range attempts {
		switch a {
		case "interface lo":
			r.works(t, a)
		case "lookup localhost": // a name is not found, for want of a resolver's files
			if r.After[a] == (outcome{}) {
				t.Errorf("%s worked", a)
			}
		default:
			r.refused(t, unix.EPERM, a)
		}
	}
	if text := r.step(t, "network", false); text != "no connections" {
		t.Errorf("network: %s", text)
	}
}

func TestConnectionsLeadToTheirPortOnly(t *testing.T) {
	needKernel(t, abiTCP)
	wanted, port := listener(t)
	other, _ := listener(t)
	v6 := net.JoinHostPort("::1", fmt.Sprint(port))
	const multipath = 262 // IPPROTO_MPTCP
	attempts := []string{
		"connect " + wanted, "queue " + wanted, "connect " + other, "fast-open " + wanted, "datagram " + wanted, "listen",
		fmt.Sprintf("socket %d %d %d", unix.AF_INET, unix.SOCK_STREAM, multipath), "connect " + v6,
	}
	r := plan{Options: Options{Connect: []Endpoint{{Network: "tcp", Port: port}}, Require: true}, After: attempts}.run(t)
	r.works(t, "connect "+wanted, "queue "+wanted)
	r.refused(t, unix.EACCES, "connect "+other)
	r.refused(t, unix.EPERM, "fast-open "+wanted, "datagram "+wanted, attempts[6])
	if o := r.After["connect "+v6]; o.Errno != unix.ECONNREFUSED && o.Errno != unix.EADDRNOTAVAIL && o.Errno != unix.EAFNOSUPPORT {
		t.Errorf("IPv6 is to get as far as the port, where nobody listens: %s", o.Text)
	}
	if r.After["listen"] == (outcome{}) {
		t.Error("it could listen")
	}
	if text := r.step(t, "network", false); text != fmt.Sprintf("connections by TCP to port %d", port) {
		t.Errorf("network: %s", text)
	}
}

func TestOldLandlockKnowsNoPorts(t *testing.T) {
	needKernel(t, 3)
	other, _ := listener(t)
	abi := 3
	r := plan{
		Options: Options{Connect: []Endpoint{{Network: "tcp", Port: 6514}}, Require: true}, Landlock: &abi,
		After: []string{"connect " + other, "datagram " + other, "read /etc/passwd"},
	}.run(t)
	r.works(t, "connect "+other)
	r.refused(t, unix.EPERM, "datagram "+other)
	r.refused(t, unix.EACCES, "read /etc/passwd")
	if text := r.step(t, "network", false); !strings.Contains(text, "any port") {
		t.Errorf("network: %s", text)
	}
}

func TestDatagramsAndLocalSockets(t *testing.T) {
	needKernel(t, 1)
	address, port := listener(t)
	path := filepath.Join(folder(t, ownerOfOutput()), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	r := plan{
		Options: Options{Connect: []Endpoint{{Network: "udp", Port: port}, {Network: "unix", Path: path}}, Require: true},
		After:   []string{"datagram " + address, "datagram [::1]:9", "local " + path, "connect " + address},
	}.run(t)
	r.works(t, "datagram "+address, "local "+path)
	r.refused(t, unix.EPERM, "connect "+address)
	if o := r.After["datagram [::1]:9"]; o != (outcome{}) && o.Errno != unix.EADDRNOTAVAIL && o.Errno != unix.EAFNOSUPPORT {
		t.Errorf("over IPv6: %s", o.Text)
	}
}

// From ABI 9 on, Landlock restricts Unix sockets. The folder is allowed, because a listener
// that restarts creates a new socket.
func TestFolderOfLocalSocketIsGranted(t *testing.T) {
	at := folder(t, 0)
	c := &confinement{Options: Options{Connect: []Endpoint{{Network: "unix", Path: filepath.Join(at, "log")}}}}
	want := []grant{{at, connectUnix}}
	if got := c.grants().list; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestNamesAreLookedUpAgain(t *testing.T) {
	needKernel(t, 1)
	_, port := listener(t)
	works := []string{"resolver", "lookup " + farName, fmt.Sprintf("connect %s:%d", farName, port)}
	for _, file := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"} { // which Go's resolver does without
		if _, err := os.Stat(file); err == nil {
			works = append(works, "read "+file)
		}
	}
	r := plan{
		Options:  Options{Connect: []Endpoint{{Network: "tcp", Port: port}}, Resolve: true, Require: true},
		Resolver: startResolver(t), After: append(works, "read /etc/passwd"),
	}.run(t)
	r.works(t, works...)
	r.refused(t, unix.EACCES, "read /etc/passwd")
}

func TestCallsAreClosed(t *testing.T) {
	needKernel(t, 1)
	attempts := []string{
		"exec /bin/true", "exec-self /bin/true", "namespace", "code", "type",
		fmt.Sprintf("call %d", unix.SYS_PTRACE), fmt.Sprintf("call %d", unix.SYS_BPF), fmt.Sprintf("call %d", unix.SYS_SETUID),
		fmt.Sprintf("call %d", unix.SYS_IO_URING_SETUP), fmt.Sprintf("call %d", unix.SYS_MOUNT), fmt.Sprintf("call %d", unix.SYS_KEYCTL),
		"signal 1", fmt.Sprintf("signal %d", os.Getpid()), "signal -1",
	}
	r := plan{Options: Options{Require: true}, After: append(attempts, "call 100000", "signal 0", "grow")}.run(t)
	r.refused(t, unix.EPERM, attempts...)
	r.refused(t, unix.ENOSYS, "call 100000")
	r.works(t, "signal 0", "grow")
}

func TestTimeZoneIsKnown(t *testing.T) {
	if _, err := time.LoadLocation("Asia/Tokyo"); err != nil {
		t.Skip("no time zones are installed: ", err)
	}
	t.Setenv("TZ", "Asia/Tokyo")
	r := plan{After: []string{"zone JST"}}.run(t)
	r.works(t, "zone JST")
}

func TestRequireRefusesWhatIsNotWhole(t *testing.T) {
	zero := 0
	for name, p := range map[string]plan{
		stepLandlock:     {Landlock: &zero},
		stepSeccomp:      {NoSeccomp: true},
		stepCapabilities: {NoProc: true},
	} {
		t.Run(name, func(t *testing.T) {
			p.After = []string{"read /etc/passwd"}
			p.Options.Require = true
			r := p.run(t)
			if !strings.Contains(r.Err, errNotWhole.Error()+": "+name) {
				t.Fatalf("error %q", r.Err)
			}
			r.works(t, "read /etc/passwd")
			r.all(t, thread{"NoNewPrivs": r.Threads[0]["NoNewPrivs"], "Seccomp": r.Threads[0]["Seccomp"]})
			if os.Geteuid() == 0 && !strings.HasPrefix(r.Threads[0]["Uid"], "0 ") {
				t.Error("it had begun, and stopped half-way")
			}
		})
	}
}

func TestOldKernelIsWarnedOf(t *testing.T) {
	zero := 0
	for name, p := range map[string]plan{
		stepLandlock:     {Landlock: &zero},
		stepSeccomp:      {NoSeccomp: true},
		stepCapabilities: {NoProc: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := p.run(t)
			if r.Err != "" {
				t.Fatal(r.Err)
			}
			r.step(t, name, true)
			if !p.NoProc {
				r.all(t, thread{"CapPrm": none, "CapEff": none, "NoNewPrivs": "1"})
			}
			if os.Geteuid() == 0 && strings.HasPrefix(r.Threads[0]["Uid"], "0 ") {
				t.Error("still root")
			}
		})
	}
}

func TestUserThatCannotBeHad(t *testing.T) {
	r := plan{Options: Options{User: "no-such-user"}}.run(t)
	if !strings.Contains(r.Err, "no-such-user") {
		t.Errorf("unknown user: error %q", r.Err)
	}
	r = plan{Options: Options{User: "root"}}.runPlain(t)
	if !strings.Contains(r.Err, errNotRoot.Error()) {
		t.Errorf("not root: error %q", r.Err)
	}
}

func TestRootAsAskedFor(t *testing.T) {
	needRoot(t)
	needKernel(t, 1)
	r := plan{Options: Options{User: "root"}, After: []string{"read /etc/shadow", fmt.Sprintf("call %d", unix.SYS_SETUID)}}.run(t)
	r.step(t, stepUser, true)
	r.all(t, thread{"CapPrm": none, "CapEff": none, "CapBnd": none, "NoNewPrivs": "1"})
	r.refused(t, unix.EACCES, "read /etc/shadow")
	if r := (plan{Options: Options{User: "root", Require: true}}).run(t); !strings.Contains(r.Err, errNotWhole.Error()) {
		t.Errorf("Require: error %q", r.Err)
	}
}

// What this kernel leaves open is reported.
func TestNetworkStepSaysWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		abi  int
		want string
	}{
		"nothing":                      {Options{KeepNetRaw: true}, 10, "no connections"},
		"a local socket":               {Options{Connect: []Endpoint{{Network: "unix", Path: "/x"}}}, 9, "connections by local sockets where needed"},
		"a local socket, before ABI 9": {Options{Connect: []Endpoint{{Network: "unix", Path: "/x"}}}, 8, "connections by local sockets anywhere (this kernel cannot tell them apart)"},
		"TCP":                          {Options{Connect: []Endpoint{{Network: "tcp", Port: 6514}}}, 4, "connections by TCP to port 6514"},
		"TCP, before ABI 4":            {Options{Connect: []Endpoint{{Network: "tcp", Port: 6514}}}, 3, "connections by TCP to any port (this kernel cannot tell them apart)"},
	} {
		if got := (&confinement{Options: c.o}).connections(c.abi).Text; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
