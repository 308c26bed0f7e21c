package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// testFullJournal fills the disk of the journal under load, and makes room again.
func testFullJournal(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	disk := smallDisk(t, "size=24m")
	l.journal = filepath.Join(disk, "journal")
	l.options = "?size=16MiB" // so that no segment is removed, which would make room
	l.add(acknowledging...)
	l.watch()
	l.ship()
	rounds, waited := soak(1, 5), 0
	for range rounds {
		l.handshakes(200, 1000)
		filler := filepath.Join(disk, "filler")
		must(t, fillUp(filler))
		l.handshakes(1500, 2000) // more than the segment has reserved; less than fits in memory
		l.awaitSeen()
		if l.written() < l.sent-100 { // else segments that were delivered have made room
			waited++
		}
		must(t, os.Remove(filler))
		l.sensor.await("all are written", func() bool { return l.written() == l.sent })
	}
	l.awaitSeen()
	l.awaitReceived(l.sent)
	text := l.wantAll(l.sent, rounds)
	sensor, shipper := l.end()
	t.Logf("figures: the journal's disk full %d times, and no room for the next events %d times: %d events%s", rounds, waited, l.sent, text)
	// An output that fails again is reported after a minute.
	if n := strings.Count(l.sensor.said(), "no space left"); sensor != 0 || shipper != 0 || n < 1 || n > rounds || waited == 0 {
		t.Errorf("status %d and %d, reported %d times: %s%s", sensor, shipper, n, l.sensor.said(), l.shipper.said())
	}
}

// written is how many events were written to the journal, as the name of its last segment and
// the lines in it say. Segments that were delivered may be removed to make room.
func (l *pipeline) written() int {
	l.t.Helper()
	segments, err := filepath.Glob(l.journal + "/*.jsonl")
	must(l.t, err)
	last := segments[len(segments)-1]
	first, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(last), ".jsonl"))
	must(l.t, err)
	return first + linesOf(last)
}

// fillUp takes all the room on a disk.
func fillUp(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	if strings.Contains(err.Error(), "no space left") {
		return nil
	}
	return err
}

// testReadOnlyJournal: while the disk is read-only, the sensor does not start, and says why;
// the shipper delivers what is there, with its places elsewhere.
func testReadOnlyJournal(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	disk := smallDisk(t, "size=8m")
	l.journal = filepath.Join(disk, "journal")
	l.add(acknowledging...)
	l.watch()
	l.handshakes(200, 1000)
	l.awaitSeen()
	first := l.sensor.stop()
	remount := func(flags uintptr) { must(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT|flags, "")) }
	remount(syscall.MS_RDONLY)
	refused := l.w.here.start(t, exec.Command(binary, "-i", hereEnd, "-o", "journal:"+l.journal))
	if status := refused.wait(); status != exitError || !strings.Contains(refused.said(), "read-only file system") {
		t.Errorf("status %d: %s", status, refused.said())
	}
	l.ship("--state", filepath.Join(l.folder, "places"))
	l.awaitReceived(l.sent)
	remount(0)
	l.watch()
	l.handshakes(200, 1000)
	l.awaitSeen()
	l.awaitReceived(l.sent)
	text := l.wantAll(l.sent, 0)
	sensor, shipper := l.end()
	t.Logf("figures: the journal's disk read-only: the sensor does not start, and says so; the shipper goes on before and after, %d events%s", l.sent, text)
	if first+sensor+shipper != 0 {
		t.Errorf("status %d, %d and %d: %s", first, sensor, shipper, l.shipper.said())
	}
}

var lostEvents = regexp.MustCompile(`stdout: (\d+) events? lost`)

// testDamagedJournal flips a bit in a copy of a journal, or cuts a segment, again and again,
// and ships that. What is damaged is reported and counted, the status shows it, and the
// others are delivered.
func testDamagedJournal(t *testing.T, binary string) {
	folder, s := room(t), newScript(t)
	const n = 2000
	capture, journal := filepath.Join(folder, "flows.pcap"), filepath.Join(folder, "journal")
	writeCapture(t, capture, s, n)
	if out, err := exec.Command(binary, "-q", "-r", capture, "-o", "journal:"+journal+"?size=8MiB").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	segments, err := filepath.Glob(journal + "/*.jsonl")
	must(t, err)
	if len(segments) < 4 {
		t.Fatalf("%d segments", len(segments))
	}
	random := rand.New(rand.NewPCG(20, 3))
	rounds, lostByBit, lostByCut, mostByBit := soak(10, 500), 0, 0, 0
	for round := range rounds {
		// What the last segment had, no other says.
		path := segments[random.IntN(len(segments)-1)]
		text := read(t, path)
		damaged := append([]byte(nil), text...)
		if round%2 == 0 {
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
		} else {
			damaged = damaged[:random.IntN(len(damaged))]
		}
		must(t, os.WriteFile(path, damaged, 0o640))
		lost := shipDamaged(t, binary, journal, n)
		must(t, os.WriteFile(path, text, 0o640))
		if round%2 == 0 {
			lostByBit, mostByBit = lostByBit+lost, max(mostByBit, lost)
		} else {
			lostByCut += lost
		}
	}
	t.Logf("figures: of %d events in %d segments, %d times one bit flipped or a segment cut: %d lost by bits, at most %d by one, and %d by cuts; each counted, the others delivered once, status 1",
		n, len(segments), rounds, lostByBit, mostByBit, lostByCut)
	if mostByBit > 2 || lostByBit == 0 {
		t.Errorf("at most %d of %d by a bit", mostByBit, lostByBit)
	}
}

// shipDamaged ships a journal of which some events are damaged, and returns how many.
func shipDamaged(t *testing.T, binary, journal string, n int) (lost int) {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(journal, "cursors")))
	cmd := exec.Command(binary, "ship", "--no-sandbox", "--once", journal, "--to", "stdout")
	var said strings.Builder
	cmd.Stderr = &said
	out, _ := cmd.Output()
	var got receipts
	for line := range strings.Lines(string(out)) {
		got.add([]byte(strings.TrimSuffix(line, "\n")), "")
	}
	found, doubled, wrong := got.counts()
	if m := lostEvents.FindStringSubmatch(said.String()); m != nil {
		lost, _ = strconv.Atoi(m[1])
	}
	if status := cmd.ProcessState.ExitCode(); found+lost != n || doubled+wrong > 0 || lost == 0 || status != exitError {
		t.Errorf("status %d, %d found, %d said to be lost, %d doubled, %d wrong: %s", status, found, lost, doubled, wrong, fmt.Sprintf("%.2000s", said.String()))
	}
	return lost
}
