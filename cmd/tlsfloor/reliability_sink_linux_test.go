package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// testFullDisk fills a small disk under the output, and makes room again.
func testFullDisk(t *testing.T, binary string) {
	w, disk, folder := newWire(t), smallDisk(t, "size=1m"), room(t)
	events, filler := filepath.Join(disk, "events"), filepath.Join(disk, "filler")
	p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events))
	must(t, os.WriteFile(filler, make([]byte, 900<<10), 0o600))
	n := load(1500)
	var made ledger
	made.addMany(0, n)
	s, from := newScript(t), w.newSender(t)
	paced(n, 1000, func(i int) { from.send(s.frames(clientOf(i))...) })
	p.awaitSaid("no space left on device", 1)
	p.await("all are seen while the disk is full", func() bool { return p.askCounts().flagged == n })
	full := linesOf(events)
	violations(t, read(t, events)) // no line is torn
	must(t, os.Remove(filler))
	// n events may be more than the disk holds: they are taken away as they come
	text := drain(t, p, events, n)
	p.awaitSaid("works again", 1)
	status, counts := p.stop(), p.counts()
	account := made.compare(violations(t, text))
	t.Logf("figures: disk full after %d of %d events, said %d time(s); kernel dropped %d; nothing torn; %s",
		full, n, strings.Count(p.said(), "no space left"), counts.dropped, account)
	if !account.exact() || full == 0 || full >= n || status != 0 || counts.dropped > 0 || strings.Count(p.said(), "no space left") > 1 {
		t.Errorf("%+v, status %d, %+v", account, status, counts)
	}
}

// drain moves the output away each time it fills half the disk, as logrotate would, and
// returns all n lines.
func drain(t *testing.T, p *program, events string, n int) (text []byte) {
	t.Helper()
	count := 0
	p.await("all events are written", func() bool {
		part, _ := os.ReadFile(events)
		have := bytes.Count(part, []byte("\n"))
		if count+have == n {
			text = append(text, part...)
			return true
		}
		if len(part) < 512<<10 {
			return false
		}
		must(t, os.Rename(events, events+".1"))
		p.signal(syscall.SIGHUP)
		p.await("the output is opened again", func() bool { _, err := os.Stat(events); return err == nil })
		time.Sleep(20 * time.Millisecond) // for a line under way
		part = read(t, events+".1")
		text, count = append(text, part...), count+bytes.Count(part, []byte("\n"))
		must(t, os.Remove(events+".1"))
		return false
	})
	return text
}

// smallDisk mounts a file system that belongs to nobody.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	folder := room(t)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options+",uid=65534,gid=65534,mode=755"); err != nil {
		t.Skipf("no small file system here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// testBlockedPipe makes standard output a pipe that is not read for a while. Its events wait
// in memory.
func testBlockedPipe(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	r, out, err := os.Pipe()
	must(t, err)
	defer r.Close()
	cmd := exec.Command(binary)
	cmd.Stdout = out
	p := w.watch(t, folder, cmd)
	out.Close()
	blocked(t, w, p, 2500, func(n int) ([]byte, int) {
		done := make(chan []byte)
		go func() { all, _ := io.ReadAll(r); done <- all }()
		status := p.stop()
		return <-done, status
	})
}

// testBlockedSocket makes the output a socket of a reader that does not accept.
func testBlockedSocket(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	path := filepath.Join(folder, "socket")
	l, err := net.Listen("unix", path)
	must(t, err)
	defer l.Close()
	must(t, os.Chmod(path, 0o777))
	p := w.watch(t, folder, asService(binary, "-o", "unix:"+path, "--spool", folder+"/spool"))
	blocked(t, w, p, 6000, func(n int) ([]byte, int) {
		var got collected
		go got.accept(l)
		p.await("all events arrive", func() bool { return got.lines() >= n })
		status := p.stop()
		return got.bytes(), status
	})
}

// blocked sends n handshakes, and then reads the output.
func blocked(t *testing.T, w *wire, p *program, n int, unblock func(n int) (events []byte, status int)) {
	t.Helper()
	var made ledger
	made.addMany(0, n)
	s, from := newScript(t), w.newSender(t)
	begin := time.Now()
	paced(n, 2500, func(i int) { from.send(s.frames(clientOf(i))...) })
	p.await("all are seen while nobody reads", func() bool { return p.askCounts().flagged == n })
	took := time.Since(begin)
	events, status := unblock(n)
	account, counts := made.compare(violations(t, events)), p.counts()
	t.Logf("figures: nobody read for %v; %d handshakes meanwhile, kernel dropped %d; %s",
		took.Round(time.Second/10), n, counts.dropped, account)
	if !account.exact() || status != 0 || counts.dropped > 0 {
		t.Errorf("%+v, status %d, %+v", account, status, counts)
	}
}

// collected is the text that a reader of a socket got.
type collected struct {
	mu   sync.Mutex
	text []byte
}

func (c *collected) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(c, conn)
		conn.Close()
	}
}

func (c *collected) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, b...)
	return len(b), nil
}

func (c *collected) lines() int { return bytes.Count(c.bytes(), []byte("\n")) }

func (c *collected) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.text)
}

// testKilled kills the program while it writes, again and again.
func testKilled(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	events := filepath.Join(folder, "events")
	s, from := newScript(t), w.newSender(t)
	const rate = 5000 // handshakes a second
	kills, torn, mended, made := 50, 0, 0, 0
	if testing.Short() {
		kills = 15
	}
	before := 0
	for i := range kills {
		p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events))
		wantMended(t, p, torn, events, before)
		sending := made
		paced(100+i*10, rate, func(int) { // for 20 to 120 ms: the kill comes anywhere
			from.send(s.frames(clientOf(made))...)
			made++
		})
		if i%2 == 0 {
			p.await("it writes", func() bool { return linesOf(events) > before })
		}
		p.kill()
		if i%5 == 4 { // as if the machine had stopped in the middle of a write
			tear(t, events, made-sending)
		}
		text, _ := os.ReadFile(events)
		torn, before = len(text)-1-bytes.LastIndexByte(text, '\n'), bytes.Count(text, []byte("\n"))
		if torn > 0 {
			mended++
		}
	}
	p := w.watch(t, folder, exec.Command(binary, "-o", "file:"+events))
	wantMended(t, p, torn, events, before)
	status := p.stop()
	found := violations(t, read(t, events))
	var all ledger
	all.addMany(0, made)
	account := all.compare(found)
	t.Logf("figures: %d times kill -9 and start, %d torn lines (most by hand) repaired; %d handshakes sent all the while, %d lines written, all whole, doubled %d; not yet written at a kill: %.0f ms of traffic on average",
		kills, mended, made, account.found, account.doubled, float64(account.lost)/float64(kills)/rate*1000)
	if account.doubled+account.foreign > 0 || account.found < kills/2 || mended < kills/5 || status != 0 {
		t.Errorf("%+v, status %d", account, status)
	}
	wantNoLitter(t, folder, "events", "counts")
}

// tear cuts the last line of the file in two.
func tear(t *testing.T, name string, seed int) {
	t.Helper()
	text := read(t, name)
	last := bytes.LastIndexByte(text[:max(0, len(text)-1)], '\n') + 1
	if len(text)-last < 100 {
		t.Fatalf("no line to tear in %d bytes", len(text))
	}
	must(t, os.Truncate(name, int64(last+1+seed%(len(text)-last-3))))
}

// wantMended checks the repaired file, which had so many whole lines.
func wantMended(t *testing.T, p *program, torn int, events string, whole int) {
	t.Helper()
	if text, _ := os.ReadFile(events); bytes.Count(text, []byte("\n")) != whole || len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("%d lines after a start, %d before", bytes.Count(text, []byte("\n")), whole)
	}
	if said := strings.Contains(p.said(), "its last line was cut short"); said != (torn > 0) {
		t.Errorf("%d bytes of a torn line; it said %q", torn, p.said())
	}
}

// wantNoLitter fails the test if a killed run left other files than those wanted.
func wantNoLitter(t *testing.T, folder string, wanted ...string) {
	t.Helper()
	all, err := os.ReadDir(folder)
	must(t, err)
	for _, f := range all {
		if !strings.Contains(" "+strings.Join(wanted, " ")+" ", " "+f.Name()+" ") {
			t.Errorf("%s is left in the folder", f.Name())
		}
	}
}

// testKilledWhileAway kills the program while its output is unreachable. The next run sends
// the events in the journal.
func testKilledWhileAway(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	path := filepath.Join(folder, "socket")
	args := []string{"-o", "unix:" + path, "--spool", folder + "/spool"}
	s, from := newScript(t), w.newSender(t)
	n, round := load(1000), 0
	var made ledger
	made.addMany(0, n)
	for ; round < 10; round++ {
		p := w.watch(t, folder, exec.Command(binary, args...))
		paced(n/10, 2000, func(i int) { from.send(s.frames(clientOf(round*n/10 + i))...) })
		p.await("all are seen", func() bool { return p.askCounts().flagged == n/10 })
		awaitQuiet(t, folder+"/spool")
		p.kill()
	}
	l, err := net.Listen("unix", path)
	must(t, err)
	defer l.Close()
	must(t, os.Chmod(path, 0o777))
	var got collected
	go got.accept(l)
	p := w.watch(t, folder, exec.Command(binary, args...))
	p.await("all events arrive", func() bool { return got.lines() >= n })
	status := p.stop()
	account := made.compare(violations(t, got.bytes()))
	t.Logf("figures: %d times kill -9 while the output was away; %s", round, account)
	if account.lost+account.foreign > 0 || status != 0 {
		t.Errorf("%+v, status %d", account, status)
	}
}

// awaitQuiet waits until a folder stops growing.
func awaitQuiet(t *testing.T, folder string) {
	t.Helper()
	size, since := int64(-1), time.Now()
	eventually(t, "the journal has what came", func() bool {
		if now := sizeBelow(folder); now != size {
			size, since = now, time.Now()
		}
		return size > 0 && time.Since(since) > 300*time.Millisecond
	})
}
