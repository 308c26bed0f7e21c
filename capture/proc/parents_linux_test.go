package proc

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The environment of the copy of the test that connects and stays until the server closes
// the connection; with orphaned, it first waits until its parent has ended.
const (
	stayAt   = "TLSFLOOR_PROC_STAY_AT"
	orphaned = "TLSFLOOR_PROC_ORPHANED"
)

func TestConnectAndStay(t *testing.T) {
	to := os.Getenv(stayAt)
	if to == "" {
		t.Skip("this is TestParents' other process")
	}
	for parent := os.Getenv(orphaned); parent != "" && fmt.Sprint(os.Getppid()) == parent; {
		time.Sleep(time.Millisecond)
	}
	conn, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, conn)
}

// job is a script in a folder of its own.
func job(t *testing.T, lines string) (script string) {
	t.Helper()
	script = filepath.Join(t.TempDir(), "job.sh")
	if err := os.WriteFile(script, []byte(lines), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// client runs a command, and returns the process of the connection that it leads to.
// $CLIENT in the command connects.
func client(t *testing.T, f *Finder, folder string, command ...string) *Process {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	child := exec.Command(command[0], command[1:]...)
	child.Dir = folder
	child.Env = append(os.Environ(), stayAt+"="+l.Addr().String(), "CLIENT="+os.Args[0]+" -test.run=^TestConnectAndStay$")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = child.Wait() }()
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p, err := find(t, f, conn.RemoteAddr(), conn.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// finders are the ways in which a process is found.
func finders(t *testing.T) map[string]*Finder {
	needRoot(t)
	return map[string]*Finder{"reported by the kernel": open(t), "asked for": withoutTrace(t), "by an opener": throughOpener(t)}
}

// TestParents: a program that a script calls, which another program has started.
func TestParents(t *testing.T) {
	for name, f := range finders(t) {
		t.Run(name, func(t *testing.T) {
			script := job(t, "#!/bin/sh\ncd /\n$CLIENT token=secret\n:\n")
			began := time.Now()
			p := client(t, f, filepath.Dir(script), "sh", "-c", "PASSWORD=secret ./job.sh; :")
			if len(p.Parents) != maxParents || p.Parents[2].PID != os.Getpid() {
				t.Fatalf("%+v", p.Parents)
			}
			if job := p.Parents[0]; filepath.Base(job.Executable) != "dash" && filepath.Base(job.Executable) != "bash" || !slices.Equal(job.CommandLine, []string{"/bin/sh", "./job.sh"}) {
				t.Errorf("%+v", job)
			}
			if cron := p.Parents[1]; !slices.Equal(cron.CommandLine, []string{"sh", "-c", "PASSWORD=*** ./job.sh; :"}) {
				t.Errorf("%+v", cron)
			}
			if p.Script != script || p.Folder != "/" {
				t.Errorf("script %s, want %s; folder %s", p.Script, script, p.Folder)
			}
			if started := time.Unix(0, p.Started); started.Before(began.Add(-50*time.Millisecond)) || started.After(time.Now()) {
				t.Errorf("started at %v, after %v", started, began)
			}
		})
	}
}

// TestParentsInAContainer: they have the numbers that this host gives them.
func TestParentsInAContainer(t *testing.T) {
	if err := exec.Command("unshare", "-pf", "true").Run(); err != nil {
		t.Skipf("no process namespace can be made: %v", err)
	}
	for name, f := range finders(t) {
		t.Run(name, func(t *testing.T) {
			script := job(t, "$CLIENT\n:\n")
			p := client(t, f, "/", "unshare", "-pf", "sh", script)
			if len(p.Parents) != maxParents || !slices.Equal(p.Parents[0].CommandLine, []string{"sh", script}) || p.Parents[1].CommandLine[0] != "unshare" || p.Parents[2].PID != os.Getpid() {
				t.Errorf("%+v", p.Parents)
			}
			if p.Script != script {
				t.Errorf("script %s, want %s", p.Script, script)
			}
		})
	}
}

// TestLoginUser: the user who logged in stays the same behind su and sudo.
func TestLoginUser(t *testing.T) {
	if text, err := os.ReadFile("/proc/self/loginuid"); err != nil {
		t.Skipf("the kernel has no audit: %v", err)
	} else if readLogin(text) != nobody {
		t.Skipf("%s has logged in: only a process of nobody may set that", text)
	}
	for name, f := range finders(t) {
		t.Run(name, func(t *testing.T) {
			for _, user := range []struct{ id, name string }{{"1", "daemon"}, {"3999999999", "3999999999"}, {"0", "root"}} {
				p := client(t, f, "/", "sh", "-c", "echo "+user.id+" > /proc/self/loginuid && $CLIENT; :")
				if p.LoginUser != user.name || p.User != "root" {
					t.Errorf("%s logged in, want %s; %s runs it", p.LoginUser, user.name, p.User)
				}
			}
			if p := client(t, f, "/", "sh", "-c", "$CLIENT; :"); p.LoginUser != "" {
				t.Errorf("%s logged in", p.LoginUser)
			}
		})
	}
}

// TestOrphan: the process that takes in an orphan did not start it.
func TestOrphan(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
	for name, f := range finders(t) {
		t.Run(name, func(t *testing.T) {
			p := client(t, f, "/", "sh", "-c", orphaned+"=$$ $CLIENT & :")
			if len(p.Parents) != 0 || p.Script != "" {
				t.Errorf("%+v", p)
			}
			if now := lineOf(p.PID); len(now) < 2 || now[1].pid != os.Getpid() {
				t.Errorf("no orphan: %+v", now)
			}
			_, _ = unix.Wait4(p.PID, nil, 0, nil)
		})
	}
}

func TestStarted(t *testing.T) {
	for name, tt := range map[string]struct {
		parent, child member
		want          bool
	}{
		"in its session":                {member{10, 9, 5}, member{11, 9, 6}, true},
		"in a session of its own":       {member{10, 9, 5}, member{11, 11, 6}, true},
		"at the same time":              {member{10, 9, 5}, member{11, 9, 5}, true},
		"an id that was used again":     {member{10, 9, 7}, member{11, 9, 6}, false},
		"an orphan":                     {member{10, 10, 5}, member{11, 9, 6}, false},
		"a service":                     {member{1, 1, 1}, member{11, 11, 6}, false},
		"an orphan of the first system": {member{1, 9, 1}, member{11, 9, 6}, false},
	} {
		if got := started(tt.parent, tt.child); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestParentsThatNeverEnd: a user whose command lines cannot be read hides those only,
// not what another user's process is that he has started (sudo).
func TestParentsThatNeverEnd(t *testing.T) {
	needRoot(t)
	child, _ := start(t, "setpriv", "--reuid=65534", "sleep", "20")
	var d describer
	d.opener = direct{}
	never := make(chan struct{})
	defer close(never)
	for range maxOfUser {
		d.complete(Process{UID: 0}, func(*Process) { <-never })
	}
	var p *Process
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if p = d.describe(lineOf(child.Process.Pid)); p != nil && p.UID == 65534 {
			break
		}
	}
	if p == nil || len(p.CommandLine) == 0 || len(p.Parents) == 0 || p.Parents[0].PID != os.Getpid() || p.Parents[0].Executable == "" || p.Parents[0].CommandLine != nil {
		t.Errorf("%+v", p)
	}
}

func TestParentsLinesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 256)
	for want, arguments := range map[int][]string{
		0: nil, 8: slices.Repeat([]string{"a"}, 32), 4: slices.Repeat([]string{long}, 5), 3: {long, long, "", strings.Repeat(long, 3)},
	} {
		if got := shortened(arguments); len(got) != want {
			t.Errorf("%d arguments, want %d", len(got), want)
		}
	}
}

// TestScripts: the path of a script that was called by a relative one, and has changed to
// another folder since.
func TestScripts(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "job.sh"), []byte("echo ready\ncd /\nread x\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command []string
		want    string
	}{
		{[]string{"dash", "job.sh"}, filepath.Join(folder, "job.sh")},
		{[]string{"bash", "-e", "../" + filepath.Base(folder) + "/job.sh"}, filepath.Join(folder, "job.sh")},
		{[]string{"sh", filepath.Join(folder, "job.sh")}, filepath.Join(folder, "job.sh")},
	} {
		child := exec.Command(tt.command[0], tt.command[1:]...)
		child.Dir = folder
		in, _ := child.StdinPipe()
		out, _ := child.StdoutPipe()
		if err := child.Start(); err != nil {
			t.Skip(err)
		}
		_, _ = out.Read(make([]byte, 16))
		var d describer
		d.opener = direct{}
		for deadline := time.Now().Add(2 * time.Second); workingFolder(direct{}, child.Process.Pid) != "/" && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		p := d.describe(lineOf(child.Process.Pid))
		if p == nil || p.Script != tt.want || p.Folder != "/" {
			t.Errorf("%q: %+v, want %s", tt.command, p, tt.want)
		}
		in.Close()
		_ = child.Wait()
	}
}

func TestJoined(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "job.py"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		p    Process
		want string
	}{
		"a program":                 {Process{Executable: "/usr/bin/curl", CommandLine: []string{"python3", "job.py"}, Folder: folder}, ""},
		"relative":                  {Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "./job.py"}, Folder: folder}, filepath.Join(folder, "job.py")},
		"in another folder now":     {Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "job.py"}, Folder: "/"}, "job.py"},
		"in a container":            {Process{Executable: "/usr/bin/node", CommandLine: []string{"node", "server.js"}, Folder: "/app", Container: "c"}, "/app/server.js"},
		"of an unknown folder":      {Process{PID: 1 << 30, Executable: "/usr/bin/node", CommandLine: []string{"node", "server.js"}}, "server.js"},
		"of an unknown program":     {Process{CommandLine: []string{"/usr/bin/python3", "/x.py"}}, "/x.py"},
		"without command line":      {Process{Executable: "/usr/bin/python3"}, ""},
		"longer than a path may be": {Process{Executable: "/usr/bin/node", CommandLine: []string{"node", "a"}, Folder: "/" + strings.Repeat("x", 600), Container: "c"}, "/" + strings.Repeat("x", maxPath-1)},
	} {
		if got := script(direct{}, &tt.p); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
