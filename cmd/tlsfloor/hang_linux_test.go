package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// endsWithin is how long the program may take to end after a signal.
const endsWithin = 2 * time.Second

// held is a run that hangs.
type held struct {
	name string
	args []string
	// prepare changes the command. It returns a function to call before the signal.
	prepare func(t *testing.T, cmd *exec.Cmd) func()
	status  int
	said    string // on standard error
	found   int    // events that are written nevertheless
}

// TestSignalsEndEveryState makes the program hang in every state, and sends SIGTERM.
func TestSignalsEndEveryState(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	binary := build(t)
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	capture := whole(t, captures+"/openssl-tls10-sni.pcap")
	small := captures + "/openssl-tls10-sni.pcap"
	silent := serveAt(t, func(c net.Conn) { time.Sleep(time.Minute) })
	secret := filepath.Join(folder, "secret")
	must(t, os.WriteFile(secret, []byte("s"), 0o600))
	long, spool := filepath.Join(folder, "long.pcap"), filepath.Join(room(t), "spool")
	writeMany(t, long, 20_000)
	var frozenBy = func(after uint32, content []byte, args func(f *frozen) []string) func(*testing.T, *exec.Cmd) func() {
		return func(t *testing.T, cmd *exec.Cmd) func() {
			f := newFrozen(t, content)
			if after == fuseRead {
				f.spared = 40
			}
			f.freeze(after)
			cmd.Args = append(cmd.Args, args(f)...)
			return nil
		}
	}
	ofCapture := func(f *frozen) []string { return []string{"-r", f.path()} }
	for _, h := range []held{
		{name: "a named pipe without a writer", args: []string{"-r", pipe}},
		{name: "a named pipe, and a file", args: []string{"-r", pipe, "-r", small}},
		{name: "a terminal", prepare: terminal},
		{name: "standard input", args: []string{"-r", "-"}, prepare: quietInput(nil)},
		{name: "compressed standard input", args: []string{"-r", "-"}, prepare: quietInput([]byte("\x28\xb5\x2f\xfd"))},
		{name: "half a capture", args: []string{"-r", "-"}, prepare: quietInput(capture[:len(capture)-5]), found: 1},
		{name: "a list from a descriptor", args: []string{"-r", small, "--names", "/dev/stdin"}, prepare: quietInput(nil),
			status: exitError, said: "ended while it was still reading the lists"},
		{name: "opening a file", prepare: frozenBy(fuseLookup, capture, ofCapture), status: exitError, said: "ended while it was still"},
		{name: "reading a header", prepare: frozenBy(fuseOpen, capture, ofCapture), status: exitError, said: "ended while it was still opening what is to be read"},
		{name: "reading on", prepare: frozenBy(fuseRead, whole(t, long), ofCapture), found: -1},
		{name: "listing a folder", prepare: frozenBy(fuseOpendir, capture, func(f *frozen) []string { return []string{"-r", f.folder} }),
			status: exitError, said: "ended while it was still opening what is to be read"},
		{name: "reading a list", args: []string{"-r", small}, prepare: frozenBy(fuseOpen, []byte("192.0.2.1 a\n"), func(f *frozen) []string { return []string{"--names", f.path()} }),
			status: exitError, said: "ended while it was still reading the lists"},
		{name: "reading a secret", args: []string{"-r", small}, prepare: frozenBy(fuseOpen, []byte("s"), func(f *frozen) []string {
			return []string{"--spool", spool, "-o", "splunk+http://127.0.0.1:1?token-file=" + f.path()}
		}),
			status: exitError, said: "ended while it was still opening the outputs"},
		{name: "writing metrics", args: []string{"-r", small, "--no-sandbox"}, prepare: frozenBy(fuseLookup, nil, func(f *frozen) []string { return []string{"--metrics-file", f.path()} }),
			status: exitError, said: "ended while it was still writing --metrics-file", found: 1},
		{name: "a pipe that nobody reads", args: []string{"-r", long, "--emit", "all"}, prepare: fullPipe, status: exitError, said: "events were not sent, and are lost"},
		{name: "a collector that does not answer", args: []string{"-r", small, "--spool", spool, "-o", "splunk+http://" + silent + "?token-file=" + secret},
			status: exitError, said: "ended while it was still opening the outputs"},
		{name: "a server that does not read", args: []string{"-r", small, "--spool", spool + "2", "-o", "syslog+tcp://" + silent},
			said: "1 event kept in " + spool + "2/journal for the next run"},
		{name: "packets to a pipe that nobody reads", args: []string{"-r", long, "-w", "-"}, prepare: fullPipe, status: exitError, said: "packets are lost: -w -: too slow: not everything was written before the end"},
		{name: "packets to a named pipe without a reader", args: []string{"-r", small, "-w", pipe},
			status: exitError, said: "ended while it was still opening the file for packets"},
	} {
		t.Run(h.name, func(t *testing.T) { h.test(t, binary) })
	}
}

func (h *held) test(t *testing.T, binary string) {
	cmd := exec.Command(binary, append([]string{"-q"}, h.args...)...)
	var said, events strings.Builder
	cmd.Stderr, cmd.Stdout = &said, &events
	if h.prepare != nil {
		h.prepare(t, cmd)
	}
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	select {
	case <-ended:
		t.Fatalf("it does not wait: %s", said.String())
	case <-time.After(time.Second):
	}
	if n := mainThreadCall(t, cmd.Process.Pid); n != syscall.SYS_FUTEX {
		t.Errorf("the main thread, which signals are given to, is in system call %d and not idle", n)
	}
	begin := time.Now()
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		if inKernel(cmd.Process.Pid) {
			_ = cmd.Process.Kill()
			t.Skip("it has ended, and the kernel keeps it: the file system has taken its request, and does not answer")
		}
		_ = cmd.Process.Kill()
		t.Fatalf("it does not end; it said %q", said.String())
	}
	if took := time.Since(begin); took > endsWithin {
		t.Errorf("it ended after %v", took)
	}
	if status := cmd.ProcessState.ExitCode(); status != h.status || !strings.Contains(said.String(), h.said) || h.said == "" && said.Len() > 0 {
		t.Errorf("status %d, and it said %q", status, said.String())
	}
	if n := strings.Count(events.String(), "\n"); h.found >= 0 && n != h.found || h.found < 0 && n == 0 {
		t.Errorf("%d events, want %d", n, h.found)
	}
}

// mainThreadCall returns the number of the system call in which a process's main thread
// waits.
func mainThreadCall(t *testing.T, pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/syscall", pid))
	must(t, err)
	n := -1
	_, err = fmt.Sscan(string(b), &n)
	must(t, err)
	return n
}

// inKernel reports whether a process has ended, except for a thread in an uninterruptible
// system call.
func inKernel(pid int) bool {
	states := ""
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if at := strings.LastIndex(string(b), ") "); err == nil && at >= 0 {
			states += string(b[at+2])
		}
	}
	return strings.Contains(states, "D") && strings.Trim(states, "DZX") == ""
}

// quietInput makes standard input a pipe that is open and has some data.
func quietInput(content []byte) func(*testing.T, *exec.Cmd) func() {
	return func(t *testing.T, cmd *exec.Cmd) func() {
		r, w, err := os.Pipe()
		must(t, err)
		t.Cleanup(func() { r.Close(); w.Close() })
		_, err = w.Write(content)
		must(t, err)
		cmd.Stdin = r
		return nil
	}
}

func fullPipe(t *testing.T, cmd *exec.Cmd) func() {
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	cmd.Stdout = w
	return nil
}

// terminal returns the name of a terminal without input.
func terminal(t *testing.T, cmd *exec.Cmd) func() {
	near, name, err := makeTerminal()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { near.Close() })
	cmd.Args = append(cmd.Args, "-r", name)
	return nil
}

// writeMany writes a capture of n handshakes that agree on TLS 1.0.
func writeMany(t *testing.T, name string, n int) {
	t.Helper()
	file, err := os.Create(name)
	must(t, err)
	c, s := newCapturing(file), newScript(t)
	for i := range n {
		for _, frame := range s.frames(clientOf(i)) {
			c.add(frame)
		}
	}
	must(t, c.Flush())
	must(t, file.Close())
}

// TestReloadDoesNotHoldTheRun: packets are still read while a list cannot be read again.
func TestReloadDoesNotHoldTheRun(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	binary := build(t)
	frozen := newFrozen(t, []byte("192.0.2.1 a\n"))
	pipe := filepath.Join(t.TempDir(), "hosts")
	must(t, os.WriteFile(pipe, []byte("192.0.2.1 a\n"), 0o600))
	for name, tt := range map[string]struct {
		path string
		harm func()
		said string
	}{
		"a file system that does not answer": {frozen.path(), func() { frozen.freeze(fuseOpen) }, ""},
		"a named pipe":                       {pipe, func() { must(t, os.Remove(pipe)); must(t, unix.Mkfifo(pipe, 0o600)) }, "is a named pipe, and no regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			must(t, err)
			defer r.Close()
			defer w.Close()
			events := filepath.Join(t.TempDir(), "events")
			cmd := exec.Command(binary, "-q", "-r", "-", "-o", "file:"+events, "--names", tt.path, "--no-sandbox")
			cmd.Stdin = r
			here := newNetwork(t)
			p := here.start(t, cmd)
			c, s := newCapturing(w), newScript(t)
			feed := func(n int) {
				for _, frame := range s.frames(clientOf(n)) {
					c.add(frame)
				}
				must(t, c.Flush())
				p.await("it finds what comes", func() bool { return linesOf(events) == n+1 })
			}
			feed(0)
			tt.harm()
			p.signal(syscall.SIGHUP)
			feed(1)
			p.awaitSaid(tt.said, 1)
			p.askCounts()
			p.signal(syscall.SIGHUP)
			feed(2)
			begin := time.Now()
			p.stop()
			if took := time.Since(begin); took > endsWithin {
				t.Errorf("it ended after %v", took)
			}
		})
	}
}

// TestQuitEndsInOrder: SIGQUIT ends a run as SIGTERM does, also when it comes twice, and
// a command without a list of goroutines.
func TestQuitEndsInOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	binary := build(t)
	for _, tt := range []struct {
		args   []string
		status int
	}{
		{[]string{"-q", "--follow", "-r", captures + "/openssl-tls10-sni.pcap"}, 0},
		{[]string{"explain", "-"}, 128 + int(syscall.SIGQUIT)},
	} {
		var out, messages strings.Builder
		cmd := exec.Command(binary, tt.args...)
		stdin, err := cmd.StdinPipe()
		must(t, err)
		defer stdin.Close()
		cmd.Stdout, cmd.Stderr = &out, &messages
		must(t, cmd.Start())
		time.Sleep(time.Second)
		must(t, cmd.Process.Signal(syscall.SIGQUIT))
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		begin := time.Now()
		_ = cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != tt.status || messages.Len() > 0 || time.Since(begin) > endsWithin {
			t.Errorf("%v: status %d after %v: %.200s", tt.args, status, time.Since(begin), messages.String())
		}
		if tt.status == 0 && !strings.Contains(out.String(), `"flagged":true`) {
			t.Errorf("%v wrote %q", tt.args, out.String())
		}
	}
}
