package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/standin"
)

// journalOf makes a journal with all events of two captures, which has two.
func journalOf(t *testing.T, folder string) {
	t.Helper()
	out, err := exec.Command("tlsfloor", "-q", "--emit", "all", "-o", "journal:"+folder,
		"-r", captures+"/openssl-tls10-sni.pcap", captures+"/openssl-exposed.pcap").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// startShip starts "tlsfloor ship".
func startShip(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command("tlsfloor", append([]string{"ship"}, args...)...), messages: filepath.Join(room(t), "messages"), ended: make(chan struct{})}
	stderr, err := os.Create(p.messages)
	must(t, err)
	defer stderr.Close()
	p.cmd.Stderr = stderr
	must(t, p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(p.kill)
	return p
}

// A far end that accepts and reads nothing does not hold the end up, and what it did not
// read is delivered by the next run. Signals ask for counts, and for secrets to be read
// again.
func TestShipSignals(t *testing.T) {
	folder := room(t)
	journal, socket, ca := filepath.Join(folder, "j"), filepath.Join(folder, "socket"), filepath.Join(folder, "ca.pem")
	journalOf(t, journal)
	l, err := net.Listen("unix", socket)
	must(t, err)
	defer l.Close()
	must(t, os.Rename(standin.NewAuthority(t).File, ca))
	p := startShip(t, "--no-sandbox", journal, "--to", "unix:"+socket, "--to", "syslog+tls://127.0.0.1:9?ca="+ca)
	p.awaitSaid("ready: delivering", 1)
	p.signal(syscall.SIGUSR1)
	p.awaitSaid("unix:"+socket+": 0 events delivered", 1)
	must(t, os.Remove(ca))
	p.signal(syscall.SIGHUP)
	p.awaitSaid(ca+": no such file or directory; going on as before", 1)
	began := time.Now()
	const within = 4 * time.Second // two, and as much again on a busy machine
	if status := p.stop(); status != 0 || time.Since(began) > within {
		t.Errorf("status %d after %v: %s", status, time.Since(began), p.said())
	}
	var got collected
	go got.accept(l)
	p = startShip(t, "--no-sandbox", "--once", journal, "--to", "unix:"+socket)
	if status := p.wait(); status != 0 || !strings.Contains(p.said(), "2 events delivered") || got.lines() < 2 {
		t.Errorf("status %d, %d lines: %s", status, got.lines(), p.said())
	}
}

// Root's shipper becomes a user of its own, and reads what the sensor's group may. Where it
// cannot, it says which command mends that.
func TestShipRights(t *testing.T) {
	if os.Geteuid() != 0 || testing.Short() {
		t.Skip("needs root")
	}
	folder := room(t)
	journal := filepath.Join(folder, "j")
	journalOf(t, journal)
	must(t, os.Chmod(journal, 0o700))
	p := startShip(t, "-v", "--once", journal, "--to", "stdout")
	status := p.wait()
	mend := regexp.MustCompile(`cannot read it; mend it with: (.*)`).FindStringSubmatch(p.said())
	if status != exitError || mend == nil || !strings.Contains(p.said(), "sandbox: user: ") {
		t.Fatalf("status %d: %s", status, p.said())
	}
	if out, err := exec.Command("sh", "-c", mend[1]).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", mend[1], err, out)
	}
	p = startShip(t, "--once", journal, "--to", "stdout")
	if status := p.wait(); status != 0 || !strings.Contains(p.said(), "stdout: 2 events delivered") {
		t.Errorf("status %d: %s", status, p.said())
	}
}

// With the same output on the same journal, a second shipper is refused, and the first one
// goes on.
func TestTwoShippers(t *testing.T) {
	journal := filepath.Join(room(t), "j")
	journalOf(t, journal)
	args := []string{"--no-sandbox", journal, "--to", "unix:" + filepath.Join(journal, "nobody")}
	first := startShip(t, args...)
	first.awaitSaid("ready: delivering", 1)
	second := startShip(t, args...)
	if status := second.wait(); status != exitError || !strings.Contains(second.said(), fmt.Sprintf("another tlsfloor delivers %s there", journal)) {
		t.Errorf("status %d: %s", status, second.said())
	}
	if status := first.stop(); status != 0 {
		t.Errorf("status %d: %s", status, first.said())
	}
}
