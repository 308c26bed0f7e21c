package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// soakToken is the secret of the far ends that want one.
const soakToken = "secret"

// pipeline is a sensor, a journal, a shipper and far ends.
type pipeline struct {
	t               *testing.T
	binary          string
	w               *wire
	folder, journal string
	options         string // of the journal
	ends            []*farEnd
	script          script
	from            *sender
	sent            int // handshakes
	watched         int // handshakes when the sensor was started
	sensor, shipper *program
}

func newPipeline(t *testing.T, binary string) *pipeline {
	t.Helper()
	w, folder := newWire(t), room(t)
	return &pipeline{
		t: t, binary: binary, w: w, folder: folder, journal: filepath.Join(folder, "journal"),
		script: newScript(t), from: w.newSender(t),
	}
}

// add adds far ends, which are up.
func (l *pipeline) add(kinds ...string) {
	l.t.Helper()
	for _, kind := range kinds {
		l.ends = append(l.ends, newFarEnd(l.t, l.w.here, l.folder, kind))
	}
}

// watch starts the sensor.
func (l *pipeline) watch() {
	l.t.Helper()
	l.watched = l.sent
	l.sensor = l.w.watch(l.t, l.folder, exec.Command(l.binary, "-o", "journal:"+l.journal+l.options))
}

// ship starts the shipper.
func (l *pipeline) ship(args ...string) {
	l.t.Helper()
	args = append([]string{"ship", l.journal}, args...)
	for _, end := range l.ends {
		args = append(args, "--to", end.spec)
	}
	cmd := exec.Command(l.binary, args...)
	cmd.Env = append(os.Environ(), "SOAK_TOKEN="+soakToken)
	l.shipper = l.w.here.start(l.t, cmd)
	l.shipper.awaitSaid("ready: delivering", 1)
}

// handshakes sends violations of new clients.
func (l *pipeline) handshakes(n, rate int) {
	paced(n, rate, func(int) {
		l.from.send(l.script.frames(clientOf(l.sent))...)
		l.sent++
	})
}

// journaled are the events in the journal.
func (l *pipeline) journaled() *receipts {
	l.t.Helper()
	r := new(receipts)
	for _, line := range bytes.SplitAfter(joined(l.t, l.journal+"/*.jsonl"), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		if line[len(line)-1] != '\n' {
			l.t.Errorf("a torn line: %q", line)
		}
		r.add(line, "")
	}
	return r
}

// awaitSeen waits until the sensor has seen all violations.
func (l *pipeline) awaitSeen() {
	l.t.Helper()
	l.sensor.await("all are seen", func() bool { return l.sensor.askCounts().flagged == l.sent-l.watched })
}

// awaitReceived waits until each far end has at least n different events. It goes on
// waiting while any event arrives.
func (l *pipeline) awaitReceived(n int) {
	l.t.Helper()
	for _, end := range l.ends {
		last, since := -1, time.Now()
		for now := end.different(); now < n; now = end.different() {
			if now != last {
				last, since = now, time.Now()
			}
			if time.Since(since) > patience {
				l.t.Fatalf("%s has %d of %d events, and %v nothing new; it said %s", end.spec, now, n, patience, l.shipper.said())
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// wantAll checks that each far end has all the events, and returns what they have. The last
// batch, which was not acknowledged, may come twice at each of so many interruptions.
func (l *pipeline) wantAll(n, interruptions int) (text string) {
	l.t.Helper()
	for _, end := range l.ends {
		found, doubled, changed := end.counts()
		text += fmt.Sprintf("; %s %d, %d doubled", end.kind, found, doubled)
		if found != n || doubled > interruptions*mostInBatch || changed > 0 {
			l.t.Errorf("%s: found %d of %d, doubled %d, %d of them with another id", end.spec, found, n, doubled, changed)
		}
	}
	return text
}

// mostInBatch is how many events of these tests the largest batch has: 2 MiB of them, and
// one that is half beyond.
const mostInBatch = 2<<20/1300 + 1

// end ends both processes, which have nothing more to do. Each returns its status.
func (l *pipeline) end() (sensor, shipper int) {
	l.t.Helper()
	return l.sensor.stop(), l.shipper.stop()
}
