package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/options"
)

const known = "client: 10.0.0.5\nowner: alice\nreason: known\nuntil: 2026-12-31\n"

// SIGHUP reads the file again, confined. A broken one leaves the exceptions as they were.
func TestExceptionsAreReadAgain(t *testing.T) {
	binary, folder := build(t), room(t)
	path := func(name string) string { return filepath.Join(folder, name) }
	writeAs(t, path("list"), []byte(known), 0o644)
	writeAs(t, path("capture"), readCapture(t, "openssl-tls10-sni.pcap"), 0o644)
	said, err := os.Create(path("messages"))
	must(t, err)
	defer said.Close()
	out, err := os.Create(path("out"))
	must(t, err)
	defer out.Close()
	cmd := exec.Command(binary, "--follow", "--emit", "all", "--except", path("list"), "-r", path("capture"))
	cmd.Stdout, cmd.Stderr = out, said
	must(t, cmd.Start())
	defer cmd.Process.Kill()
	say := func() string { return string(read(t, path("messages"))) }
	events := func(what string, n int) {
		t.Helper()
		eventually(t, what, func() bool { return strings.Count(string(read(t, path("out"))), what) == n })
	}
	add := func(name string) {
		t.Helper()
		f, err := os.OpenFile(path("capture"), os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		_, err = f.Write(readCapture(t, name)[24:]) // without the header of the file
		must(t, err)
		must(t, f.Close())
	}
	events(`"exception":{"owner":"alice"`, 1)

	writeAs(t, path("list"), []byte("owners: bob\n"), 0o644)
	must(t, cmd.Process.Signal(syscall.SIGHUP))
	eventually(t, "the error is reported", func() bool {
		return strings.Contains(say(), "line 1: no such key: owners; did you mean owner?; going on as before")
	})
	add("haproxy-v1.pcap")
	events(`"exception":{"owner":"alice"`, 2)

	writeAs(t, path("list"), []byte(strings.Replace(known, "10.0.0.5", "10.0.0.6", 1)+"\nhost: a.example\nowner: bob\nreason: over\nuntil: 2020-01-01\n"), 0o644)
	must(t, cmd.Process.Signal(syscall.SIGHUP))
	eventually(t, "what has ended is reported", func() bool {
		return strings.Contains(say(), "line 6: the exception of bob (over) has ended on 2020-01-01, and no longer applies")
	})
	add("curl-tls10-sni.pcap")
	events(`"flagged":true`, 1)
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil || !strings.Contains(say(), "1 handshake flagged of 3 seen, 2 excepted") || strings.Contains(say(), "permission denied") {
		t.Errorf("%v: %s", err, say())
	}
}

// What is excepted by its process is known later, and counted all the same.
func TestExceptionsOfProcesses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	writeAs(t, file, []byte("program: /usr/bin/curl\nowner: alice\nreason: known\nuntil: 2026-12-31\n"), 0o644)
	o, err := options.Parse([]string{"-r", "a", "--except", file, "--fail-on", "violation"})
	must(t, err)
	var messages bytes.Buffer
	w := &watcher{options: o, messages: newMessages(io.Writer(&messages))}
	w.summary, w.exceptions.path = w.newSummary(), file
	must(t, w.exceptions.load())
	for _, executable := range []string{"/usr/bin/curl", "/usr/bin/wget"} {
		f := &classify.Finding{Flagged: true, InScope: true, Verdict: classify.Violation}
		f.Time = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		if w.exceptions.early()(f); !f.Flagged {
			t.Fatal("it is excepted before the process is known")
		}
		f.Process = &classify.Process{PID: 1, Executable: executable}
		w.identify(f)
		if excepted := executable == "/usr/bin/curl"; f.Flagged == excepted || (f.Exception != nil) != excepted {
			t.Errorf("%s: %+v", executable, f.Exception)
		}
	}
	all, violations := w.summary.Flagged()
	if excepted, _ := w.summary.Excepted(); all != 1 || violations != 1 || excepted != 1 || w.status(false) != exitFailOn {
		t.Errorf("%d flagged, %d violations, %d excepted", all, violations, excepted)
	}
	w.noteExcepted()
	if got := messages.String(); got != "tlsfloor: --fail-on: 1 handshake below the floor excepted, not counted: 1 by alice until 2026-12-31\n" {
		t.Error(got)
	}
}
