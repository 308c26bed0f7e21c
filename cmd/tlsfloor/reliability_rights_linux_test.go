package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testRootPrivileges checks every thread of a run that root has started.
func testRootPrivileges(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	events := filepath.Join(folder, "events")
	probe := w.here.startSandboxed(t, binary, folder, events)
	tasks := tasksOf(t, probe)
	const netRaw = "0000000000002000"
	for _, task := range tasks {
		for field, want := range map[string]string{
			"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "Groups": "",
			"NoNewPrivs": "1", "Seccomp": "2", "CapInh": "0000000000000000",
			"CapPrm": netRaw, "CapEff": netRaw, "CapAmb": "0000000000000000",
		} {
			if got := status(task, field); got != want {
				t.Errorf("%s: %s is %q, want %q", task, field, got, want)
			}
		}
		if bound := status(task, "CapBnd"); bound != netRaw && bound != "0000000000000000" {
			t.Errorf("%s: CapBnd is %s", task, bound)
		}
	}
	s, from := newScript(t), w.newSender(t)
	from.send(s.frames(clientOf(0))...)
	probe.await("the violation is found", func() bool { return linesOf(events) == 1 })
	ended := probe.stop()
	t.Logf("figures: with --require-sandbox, %d tasks: user 65534, no groups, CAP_NET_RAW and nothing else, NoNewPrivs 1, Seccomp 2; findings: sent 1, found 1", len(tasks))
	if ended != 0 || len(tasks) < 2 {
		t.Errorf("status %d, %d tasks", ended, len(tasks))
	}
}

// startSandboxed runs it with --require-sandbox, or skips the test if a step is missing.
func (n *network) startSandboxed(t *testing.T, binary, folder, events string) *program {
	t.Helper()
	counts := filepath.Join(folder, "counts")
	p := n.start(t, exec.Command(binary, "-i", hereEnd, "--require-sandbox", "--metrics-file", counts, "-o", "file:"+events))
	eventually(t, "it runs or refuses", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			_, err := os.Stat(counts)
			return err == nil
		}
	})
	select {
	case <-p.ended:
		if !strings.Contains(p.said(), "the sandbox is not whole") || p.cmd.ProcessState.ExitCode() != 1 {
			t.Fatalf("status %d: %s", p.cmd.ProcessState.ExitCode(), p.said())
		}
		t.Skipf("this kernel cannot: %s", p.said())
	default:
	}
	return p
}

func tasksOf(t *testing.T, p *program) (all []string) {
	t.Helper()
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
	must(t, err)
	return all
}

// testOwner: files that root creates at the start in a folder of the later user belong to
// that user, so that the journal can be written and a reload can open the output.
func testOwner(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	socket, events, spool := filepath.Join(folder, "socket"), filepath.Join(folder, "events"), filepath.Join(folder, "var/spool")
	p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events, "-o", "unix:"+socket, "--spool", spool))
	s, from, n := newScript(t), w.newSender(t), load(500)
	var made ledger
	made.addMany(0, n)
	paced(n, 2000, func(i int) { from.send(s.frames(clientOf(i))...) })
	awaitQuiet(t, spool)
	p.signal(syscall.SIGHUP)
	p.await("all are in the file", func() bool { return linesOf(events) == n })
	l, err := net.Listen("unix", socket)
	must(t, err)
	defer l.Close()
	must(t, os.Chmod(socket, 0o777))
	var got collected
	go got.accept(l)
	p.await("all events arrive", func() bool { return got.lines() >= n })
	status, said := p.stop(), p.said()
	toFile, toSocket := made.compare(violations(t, read(t, events))), made.compare(violations(t, got.bytes()))
	t.Logf("figures: started by root in a folder of user 65534: output and journal are theirs, and taken up again after a reload; file: %s; socket: %s", toFile, toSocket)
	if !toFile.exact() || !toSocket.exact() || status != 0 || strings.Contains(said, "permission denied") {
		t.Errorf("status %d: %s", status, said)
	}
	for _, path := range []string{events, filepath.Dir(spool), spool} {
		var info syscall.Stat_t
		if err := syscall.Stat(path, &info); err != nil || info.Uid != nobody || info.Gid != nobody {
			t.Errorf("%s: owner %d:%d, %v", path, info.Uid, info.Gid, err)
		}
	}
}

// testHeir: what root makes in folders of root is the later user's, so that files and
// journals go on being rotated. Where that user could not rotate, the program says which
// command mends it, and it does.
func testHeir(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	must(t, os.Chown(folder, 0, 0))
	refused := w.here.start(t, exec.Command(binary, "-i", hereEnd, "-o", "file:"+folder+"/events?rotate=100KB"))
	if status := refused.wait(); status != exitError {
		t.Fatalf("status %d: %s", status, refused.said())
	}
	_, command, _ := strings.Cut(strings.TrimSpace(refused.said()), "give it a folder of its own: ")
	if out, err := exec.Command("sh", "-c", strings.TrimPrefix(command, "sudo ")).CombinedOutput(); err != nil || command == "" {
		t.Fatalf("%q: %v: %s; it said %s", command, err, out, refused.said())
	}
	events, journal := filepath.Join(folder, "tlsfloor", "events"), filepath.Join(folder, "new", "journal")
	p := w.watch(t, room(t), exec.Command(binary, "-o", "file:"+events+"?rotate=100KB", "-o", "journal:"+journal+"?size=2MiB"))
	s, from, n := newScript(t), w.newSender(t), load(500)
	var made ledger
	made.addMany(0, n)
	paced(n, 2000, func(i int) { from.send(s.frames(clientOf(i))...) })
	files, segments := events+"*", filepath.Join(journal, "*.jsonl")
	p.await("all are there", func() bool { return len(joined(t, files)) > 0 && bytes.Count(joined(t, segments), []byte("\n")) == n })
	status, said := p.stop(), p.said()
	toFile, toJournal := made.compare(violations(t, joined(t, files))), made.compare(violations(t, joined(t, segments)))
	rotated, parts := owned(t, files), owned(t, segments)
	t.Logf("figures: started by root in folders of root: %d rotated files and %d segments, all of user 65534; file: %s; journal: %s", rotated-1, parts, toFile, toJournal)
	if !toFile.exact() || !toJournal.exact() || status != 0 || rotated < n/100 || parts < n/300 || strings.Contains(said, "permission") {
		t.Errorf("status %d: %s", status, said)
	}
}

// joined returns the content of the files that match a pattern, in the order of their names.
func joined(t *testing.T, pattern string) (all []byte) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	for _, name := range names {
		all = append(all, read(t, name)...)
	}
	return all
}

// owned counts the files that match a pattern. All have to be of the user nobody.
func owned(t *testing.T, pattern string) int {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	for _, name := range names {
		var info syscall.Stat_t
		if err := syscall.Stat(name, &info); err != nil || info.Uid != nobody {
			t.Errorf("%s is of user %d: %v", name, info.Uid, err)
		}
	}
	return len(names)
}

// testFileCapability captures as a plain user, with a file capability.
func testFileCapability(t *testing.T, binary string) {
	if _, err := exec.LookPath("setcap"); err != nil {
		t.Skipf("no setcap command (libcap2-bin): %v", err)
	}
	n, folder := newNetwork(t), room(t)
	allowed := filepath.Join(folder, "tlsfloor")
	must(t, os.WriteFile(allowed, read(t, binary), 0o755))
	if out, err := exec.Command("setcap", "cap_net_raw+ep", allowed).CombinedOutput(); err != nil {
		t.Skipf("setcap: %v: %s", err, out)
	}
	events, counts := filepath.Join(folder, "events"), filepath.Join(folder, "counts")
	p := n.start(t, plain(allowed, "-i", "lo", "--metrics-file", counts, "-o", "file:"+events))
	p.await("it captures", func() bool { _, err := os.Stat(counts); return err == nil })
	tasks := tasksOf(t, p)
	for _, task := range tasks {
		if caps := status(task, "CapEff"); caps != "0000000000002000" || status(task, "NoNewPrivs") != "1" || status(task, "Seccomp") != "2" {
			t.Errorf("%s: CapEff %s, NoNewPrivs %s, Seccomp %s", task, caps, status(task, "NoNewPrivs"), status(task, "Seccomp"))
		}
	}
	n.serve(t, "127.0.0.1:443")
	var made ledger
	for range 20 {
		client, err := n.violate("127.0.0.1:443")
		must(t, err)
		made.add(client)
	}
	p.await("they are found", func() bool { return linesOf(events) >= 20 })
	time.Sleep(100 * time.Millisecond)
	ended := p.stop()
	account := made.compare(violations(t, read(t, events)))
	t.Logf("figures: user 65534 with cap_net_raw+ep on the program captures on loopback, confined in all %d tasks; %s", len(tasks), account)
	if !account.exact() || ended != 0 {
		t.Errorf("%+v, status %d", account, ended)
	}
}

// testNoPermission: without the right to capture there is one clear message, and status 1.
func testNoPermission(t *testing.T, binary string) {
	n := newNetwork(t)
	p := n.start(t, plain(binary, "-i", "lo"))
	ended, said := p.wait(), p.said()
	t.Logf("figures: status %d, and one line: %s", ended, strings.TrimSpace(said))
	if ended != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "no permission to capture") || !strings.Contains(said, "setcap cap_net_raw+ep "+binary) {
		t.Errorf("status %d: %s", ended, said)
	}
}
