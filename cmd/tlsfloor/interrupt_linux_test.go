package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestInterruptedCaptures: over captures, the first Ctrl-C ends reading, and what was read is
// written however long that takes. A second one ends the waiting, and says what is lost.
func TestInterruptedCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	binary := build(t)
	long := filepath.Join(t.TempDir(), "long.pcap")
	writeMany(t, long, 20_000)
	t.Run("a reader that pauses", func(t *testing.T) { testInterruptedPipe(t, binary, long) })
	t.Run("a full disk", func(t *testing.T) { testInterruptedDisk(t, binary, long) })
	t.Run("twice", func(t *testing.T) { testInterruptedTwice(t, binary, long) })
	t.Run("reading that hangs", func(t *testing.T) { testInterruptedReading(t, binary, long) })
}

// interrupted is a run that is interrupted a second after its start.
func interrupted(t *testing.T, cmd *exec.Cmd) (said *lockedBuffer, ended chan struct{}) {
	t.Helper()
	said, ended = new(lockedBuffer), make(chan struct{})
	cmd.Stderr = said
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() { _ = cmd.Wait(); close(ended) }()
	time.Sleep(time.Second)
	must(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Process.Signal(os.Interrupt) // timeout(1) makes two signals of one
	return said, ended
}

// stillWaits checks that a run goes on for longer than it may take to end.
func stillWaits(t *testing.T, said *lockedBuffer, ended chan struct{}, what string) {
	t.Helper()
	select {
	case <-ended:
		t.Fatalf("it ended: %s", said.String())
	case <-time.After(endsWithin + time.Second):
	}
	if text := said.String(); strings.Count(text, "waiting for "+what+", which has not taken ") != 1 || !strings.Contains(text, "Ctrl-C again ends without them") {
		t.Errorf("it said %q", text)
	}
}

func testInterruptedPipe(t *testing.T, binary, capture string) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	cmd := exec.Command(binary, "-r", capture)
	cmd.Stdout = w
	said, ended := interrupted(t, cmd)
	must(t, w.Close())
	stillWaits(t, said, ended, "stdout")
	var got bytes.Buffer
	_, err = got.ReadFrom(r)
	must(t, err)
	<-ended
	n := bytes.Count(got.Bytes(), []byte(`"flagged":true`))
	if status := cmd.ProcessState.ExitCode(); status != 0 || n < 1000 || !strings.Contains(said.String(), "handshakes flagged") {
		t.Errorf("status %d, %d events: %s", status, n, said.String())
	}
	if !strings.HasSuffix(got.String(), "}\n") {
		t.Error("the last line is cut short")
	}
}

func testInterruptedDisk(t *testing.T, binary, capture string) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	defer func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) }()
	events := filepath.Join(folder, "events")
	cmd := exec.Command(binary, "--no-sandbox", "-r", capture, "-o", "file:"+events)
	said, ended := interrupted(t, cmd)
	stillWaits(t, said, ended, "file:"+events)
	full := linesOf(events)
	must(t, syscall.Mount("", folder, "", syscall.MS_REMOUNT, "size=100m"))
	<-ended
	n := linesOf(events)
	t.Logf("figures: full after %d events, %d when there was room", full, n)
	if status := cmd.ProcessState.ExitCode(); status != 0 || n <= full || full == 0 || !strings.Contains(said.String(), "no space left on device; events wait") {
		t.Errorf("status %d, %d events, %d when the disk was full: %s", status, n, full, said.String())
	}
}

func testInterruptedTwice(t *testing.T, binary, capture string) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	cmd := exec.Command(binary, "-r", capture)
	cmd.Stdout = w
	said, ended := interrupted(t, cmd)
	stillWaits(t, said, ended, "stdout")
	begin := time.Now()
	must(t, cmd.Process.Signal(os.Interrupt))
	<-ended
	if took := time.Since(begin); took > endsWithin {
		t.Errorf("it ended after %v", took)
	}
	if status := cmd.ProcessState.ExitCode(); status != exitError || !strings.Contains(said.String(), "events were not sent, and are lost") {
		t.Errorf("status %d: %s", status, said.String())
	}
}

// testInterruptedReading: what is no output is not waited for.
func testInterruptedReading(t *testing.T, binary, capture string) {
	f := newFrozen(t, whole(t, capture))
	f.freeze(fuseOpen)
	begin := time.Now()
	_, ended := interrupted(t, exec.Command(binary, "-r", f.path()))
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if took := time.Since(begin); took > time.Second+2*endsWithin {
		t.Errorf("it ended after %v", took)
	}
}

// lockedBuffer is a buffer that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
