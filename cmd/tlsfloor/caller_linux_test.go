package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// calledEvent has the members of an event about who called a process.
type calledEvent struct {
	Verdict string `json:"verdict"`
	Process struct {
		Executable string         `json:"executable"`
		LoginUser  string         `json:"login_user"`
		Started    string         `json:"started"`
		Folder     string         `json:"working_directory"`
		Script     string         `json:"script"`
		Parents    []parentOfCurl `json:"parents"`
	} `json:"process"`
}

type parentOfCurl struct {
	Executable  string   `json:"executable"`
	CommandLine []string `json:"command_line"`
}

// TestCaller: of a curl in a script that cron runs, the event has the script, cron, and
// whose job it is.
func TestCaller(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces, and look at other processes")
	}
	for _, program := range []string{"curl", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	binary := build(t)
	t.Run("cron", func(t *testing.T) {
		cron, err := exec.LookPath("/usr/sbin/cron")
		if err != nil {
			t.Skip("cron is not installed")
		}
		testCaller(t, binary, "nobody", cron, func(job string) *exec.Cmd { return cronOf(t, cron, job) })
	})
	t.Run("without cron", func(t *testing.T) {
		sh, err := filepath.EvalSymlinks("/bin/sh")
		must(t, err)
		testCaller(t, binary, "daemon", sh, func(job string) *exec.Cmd {
			return exec.Command("setsid", "sh", "-c", "echo 1 > /proc/self/loginuid; cd "+filepath.Dir(job)+" && ./"+filepath.Base(job)+"; :")
		})
	})
}

// testCaller has starter run a script, and checks the event of its curl: caller is the
// program that runs the script.
func testCaller(t *testing.T, binary, login, caller string, starter func(job string) *exec.Cmd) {
	n := newNetwork(t)
	n.serveOpenSSL(t)
	events := filepath.Join(room(t), "events")
	p := n.watchLoopback(t, exec.Command(binary, "--process"), events)
	job := writeJob(t)
	began := time.Now()
	n.runs(t, starter(job))
	eventually(t, "the event", func() bool { return linesOf(events) >= 1 })
	if status := p.stop(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	var e calledEvent
	must(t, json.Unmarshal(read(t, events), &e))
	got := &e.Process
	if e.Verdict != "violation" || filepath.Base(got.Executable) != "curl" || got.Folder != "/" || got.Script != job || len(got.Parents) < 2 {
		t.Fatalf("%+v, of the script %s", e, job)
	}
	isCaller := func(p parentOfCurl) bool { return p.Executable == caller } // with a shell in between, or without
	if !slices.Equal(got.Parents[0].CommandLine, []string{"/bin/sh", "./" + filepath.Base(job)}) || !slices.ContainsFunc(got.Parents[1:], isCaller) {
		t.Errorf("parents %+v, want %s", got.Parents, caller)
	}
	if started, err := time.Parse(time.RFC3339Nano, got.Started); err != nil || started.Before(began.Add(-time.Second)) || started.After(time.Now()) {
		t.Errorf("started %s, after %v (%v)", got.Started, began, err)
	}
	checkLogin(t, got.LoginUser, login)
}

// checkLogin: the kernel may have no audit, and a login does not change once it is set,
// such as that of whoever runs the test.
func checkLogin(t *testing.T, got, want string) {
	t.Helper()
	own, err := os.ReadFile("/proc/self/loginuid")
	switch {
	case err != nil:
		t.Logf("login user not checked: the kernel has no audit: %v", err)
	case strings.TrimSpace(string(own)) != "4294967295":
		t.Logf("login user not checked: that of this test is %s", own)
	case got != want:
		t.Errorf("login user %q, want %q", got, want)
	}
}

// writeJob writes a script that changes to another folder and calls curl, which stays
// until the server has ended: on a busy machine a program that ends at once, and its
// parents, have often ended before they are read.
func writeJob(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tlsfloor-job") // not t.TempDir: other users may not enter it
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	must(t, os.Chmod(folder, 0o755))
	must(t, os.WriteFile(filepath.Join(folder, "openssl.cnf"), []byte(allowOld), 0o644))
	job := filepath.Join(folder, "nightly.sh")
	must(t, os.WriteFile(job, []byte(fmt.Sprintf(`#!/bin/sh
export OPENSSL_CONF=$PWD/openssl.cnf
cd /
curl -sk --max-time 60 --tls-max 1.0 -o /dev/null --resolve %[1]s:443:127.0.0.1 https://%[1]s
:
`, awsName)), 0o755))
	return job
}

// cronOf is a cron of its own, whose only job runs once, when cron starts. It sees no
// other crontabs, and no lock of another cron.
func cronOf(t *testing.T, cron, job string) *exec.Cmd {
	t.Helper()
	table := filepath.Join(room(t), "crontab")
	must(t, os.WriteFile(table, []byte(fmt.Sprintf("MAILTO=\"\"\n@reboot nobody cd %s && ./%s\n", filepath.Dir(job), filepath.Base(job))), 0o644))
	const own = `for folder in /run /etc/cron.d /var/spool/cron; do mount -t tmpfs none "$folder" || exit; done
mkdir /var/spool/cron/crontabs && mount --bind /dev/null /etc/crontab && install -m 644 "$0" /etc/cron.d/job && exec "$1" -f`
	return exec.Command("unshare", "-m", "sh", "-c", own, table, cron)
}

// runs runs a command in the namespace until the test ends.
func (n *network) runs(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	var err error
	n.do(func() { err = cmd.Start() })
	must(t, err)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %.2000s", cmd.Args[0], out.String())
		}
	})
}

// serveOpenSSL runs openssl s_server with TLS 1.0 until the test ends. Its standard input
// stays open, so it answers no request and closes no connection.
func (n *network) serveOpenSSL(t *testing.T) {
	t.Helper()
	folder := room(t)
	config, key := filepath.Join(folder, "openssl.cnf"), filepath.Join(folder, "key.pem")
	must(t, os.WriteFile(config, []byte(allowOld+"[req]\ndistinguished_name = name\n[name]\n"), 0o644))
	openssl := func(args ...string) *exec.Cmd {
		cmd := exec.Command("openssl", args...)
		cmd.Env = append(os.Environ(), "OPENSSL_CONF="+config)
		return cmd
	}
	if out, err := openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN="+awsName, "-keyout", key, "-out", key+".crt").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := openssl("s_server", "-accept", "127.0.0.1:443", "-key", key, "-cert", key+".crt", "-tls1", "-quiet")
	_, err := server.StdinPipe()
	must(t, err)
	n.runs(t, server)
	eventually(t, "openssl listens", func() (up bool) {
		n.do(func() {
			c, err := net.Dial("tcp", "127.0.0.1:443")
			if up = err == nil; up {
				c.Close()
			}
		})
		return up
	})
}
