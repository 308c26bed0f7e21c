package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testInterface sets the interface down and up, and then removes it and creates it again.
func testInterface(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	events := filepath.Join(folder, "events")
	p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events))
	s, n := newScript(t), load(100)
	var made ledger
	next := 0
	some := func() {
		from := w.newSender(t)
		awaitCapture(t, p, from, s, events)
		paced(n, 1000, func(i int) { from.send(s.frames(clientOf(next + i))...) })
		made.addMany(next, next+n)
		next += n
		p.await("they are found", func() bool { return made.compare(withoutProbes(violations(t, whole(t, events)))).lost == 0 })
	}
	some()
	w.here.ip(t, "link set "+hereEnd+" down")
	p.awaitSaid("the interface is down", 1)
	time.Sleep(500 * time.Millisecond)
	w.here.ip(t, "link set "+hereEnd+" up")
	up := time.Now()
	some()
	again := time.Since(up)
	w.here.ip(t, "link delete "+hereEnd)
	p.awaitSaid("the interface went away", 1)
	time.Sleep(500 * time.Millisecond)
	w.plug(t)
	made2 := time.Now()
	some()
	back := time.Since(made2)
	status := p.stop()
	account := made.compare(withoutProbes(violations(t, read(t, events))))
	t.Logf("figures: taken down and up: captures again, and finds %d, within %v; removed and made anew: within %v; exit status %d; %s",
		n, again.Round(time.Millisecond), back.Round(time.Millisecond), status, account)
	if !account.exact() || strings.Count(p.said(), "went away") != 1 {
		t.Errorf("%+v", account)
	}
}

// firstProbe is the number of the first client whose handshake only tests whether packets
// are captured.
const firstProbe = 1 << 20

var probes = firstProbe

// awaitCapture sends handshakes until one is found.
func awaitCapture(t *testing.T, p *program, from *sender, s script, events string) {
	t.Helper()
	first := probes
	p.await("a handshake is found", func() bool {
		found := violations(t, whole(t, events))
		for i := first; i < probes; i++ {
			if found[clientOf(i).String()] > 0 {
				return true
			}
		}
		from.send(s.frames(clientOf(probes))...)
		probes++
		time.Sleep(50 * time.Millisecond)
		return false
	})
}

func withoutProbes(found map[string]int) map[string]int {
	for i := firstProbe; i < probes; i++ {
		delete(found, clientOf(i).String())
	}
	return found
}

// whole returns the whole lines of a file that is being written.
func whole(t *testing.T, name string) []byte {
	t.Helper()
	text := read(t, name)
	return text[:strings.LastIndexByte(string(text), '\n')+1]
}

// testClock reads captures whose time jumps by years, between handshakes and
// within them.
func testClock(t *testing.T, binary string) {
	folder, s := room(t), newScript(t)
	n := load(2000)
	capture := filepath.Join(folder, "jumps.pcap")
	packets, jumps := writeJumps(t, capture, s, n)
	events := filepath.Join(folder, "events")
	out, err := exec.Command(binary, "-r", capture, "-o", "file:"+events+"?every=24h").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var made ledger
	made.addMany(0, n)
	account := made.compare(violations(t, read(t, events)))
	t.Logf("figures: %d packets whose clock jumps %d times, by up to 30 years forth and back, half of the jumps within a handshake; %s", packets, jumps, account)
	if !account.exact() {
		t.Errorf("%+v", account)
	}
}

// writeJumps writes n handshakes, three at a time with their packets interleaved.
func writeJumps(t *testing.T, name string, s script, n int) (packets, jumps int) {
	t.Helper()
	const year = 365 * 24 * 3600
	clock := []uint32{30 * year, 60 * year, 45 * year, 1 * year, 0, 59 * year}
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for i := 0; i < n; i += 3 {
		var all [][][]byte
		for j := i; j < min(i+3, n); j++ {
			all = append(all, s.frames(clientOf(j)))
		}
		for k := range all[0] {
			if k == 0 || i%2 == 0 && k == 3 {
				jumps++
			}
			for _, frames := range all {
				b = binary.LittleEndian.AppendUint32(b, clock[jumps%len(clock)]+uint32(i))
				b = binary.LittleEndian.AppendUint32(b, uint32(k))
				b = binary.LittleEndian.AppendUint32(b, uint32(len(frames[k])))
				b = binary.LittleEndian.AppendUint32(b, uint32(len(frames[k])))
				b = append(b, frames[k]...)
				packets++
			}
		}
	}
	must(t, os.WriteFile(name, b, 0o644))
	return packets, jumps
}

// testReload sends SIGHUP twenty times a second while handshakes flow, with
// lists that change and an output that is rotated as logrotate does.
func testReload(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	w.here.serve(t, hereAddress+":443")
	lists := room(t)
	hosts, ranges := filepath.Join(lists, "hosts"), filepath.Join(lists, "ip-ranges.json")
	writeLists(t, hosts, ranges, 0)
	events := filepath.Join(folder, "events")
	p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events, "--names", hosts, "--aws-ip-ranges", ranges))
	var made ledger
	stopClients := w.keepViolating(t, &made)
	s, from, n := newScript(t), w.newSender(t), load(10_000)
	made.addMany(0, n)
	flowing := make(chan struct{})
	go func() {
		defer close(flowing)
		paced(n, 2000, func(i int) { from.send(s.frames(clientOf(i))...) })
	}()
	t.Cleanup(func() { <-flowing })
	reloads, files := hangUp(t, p, hosts, ranges, events, flowing)
	stopClients()
	all := len(made.clients)
	p.await("all are found", func() bool { return p.askCounts().flagged >= all })
	status, counts := p.stop(), p.counts()
	account := made.compare(violations(t, read(t, append(files, events)...)))
	t.Logf("figures: %d handshakes (%d of them real) under %d reloads, the output rotated %d times, the lists replaced each time; kernel dropped %d; %s",
		all, all-n, reloads, len(files), counts.dropped, account)
	if !account.exact() || status != 0 || counts.dropped > 0 || reloads < 5 {
		t.Errorf("%+v, status %d, %+v", account, status, counts)
	}
	if strings.Contains(p.said(), "going on as before") {
		t.Error("a reload failed")
	}
}

// hangUp reloads until done, and returns the names of the files rotated away.
func hangUp(t *testing.T, p *program, hosts, ranges, events string, done <-chan struct{}) (reloads int, files []string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return reloads, files
		case <-tick.C:
		}
		writeLists(t, hosts, ranges, reloads)
		if reloads%3 == 0 && linesOf(events) > 0 {
			name := fmt.Sprintf("%s.%03d", events, len(files))
			must(t, os.Rename(events, name))
			files = append(files, name)
		}
		p.signal(syscall.SIGHUP)
		reloads++
		p.await("the output is opened again", func() bool { _, err := os.Stat(events); return err == nil })
	}
}

// writeLists replaces the lists by renaming.
func writeLists(t *testing.T, hosts, ranges string, n int) {
	t.Helper()
	replace(t, hosts, fmt.Sprintf("198.51.100.%d sts.amazonaws.com\n", n%250))
	replace(t, ranges, fmt.Sprintf(`{"prefixes":[{"ip_prefix":"198.51.%d.0/24","region":"us-west-2","service":"EC2","network_border_group":"us-west-2"}],"ipv6_prefixes":[]}`, n%250))
}

func replace(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name+".new", []byte(text), 0o644))
	must(t, os.Rename(name+".new", name))
}

// testSignalTwice ends the run as timeout(1) does: it signals the process, and
// then its group, so that the signal comes twice.
func testSignalTwice(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	n, rounds := 20, load(10)
	s, from := newScript(t), w.newSender(t)
	for round := range rounds {
		events := filepath.Join(folder, fmt.Sprint("events", round))
		p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events))
		var made ledger
		made.addMany(0, n)
		paced(n, 2000, func(i int) { from.send(s.frames(clientOf(i))...) })
		p.await("all are seen", func() bool { return p.askCounts().flagged == n })
		p.signal(syscall.SIGINT)
		time.Sleep(time.Duration(round) * 200 * time.Microsecond)
		_ = p.cmd.Process.Signal(syscall.SIGINT)
		status := p.wait()
		if account := made.compare(violations(t, read(t, events))); !account.exact() || status != 0 {
			t.Fatalf("round %d: %+v, status %d", round, account, status)
		}
	}
	t.Logf("figures: %d runs ended by two signals within 2 ms; each wrote all its %d findings and its summary", rounds, n)
}

// testStopped ends the run while the kernel still has packets: these have to be read, too.
func testStopped(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	n, rounds := 100, load(10)
	s, from := newScript(t), w.newSender(t)
	for round := range rounds {
		events := filepath.Join(folder, fmt.Sprint("events", round))
		args := []string{"-o", "file:" + events, "--workers", fmt.Sprint(1 + round%2)}
		p := w.watch(t, folder, exec.Command(binary, args...))
		var made ledger
		made.addMany(0, n)
		paced(n, 20000, func(i int) { from.send(s.frames(clientOf(i))...) })
		status := p.stop()
		if account := made.compare(violations(t, read(t, events))); !account.exact() || status != 0 {
			t.Fatalf("round %d: %+v, status %d", round, account, status)
		}
	}
	t.Logf("figures: %d runs ended by SIGTERM right behind the last of %d handshakes; each has found them all", rounds, n)
}
