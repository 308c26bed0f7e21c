package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// testKills kills the sensor, the shipper or both at random moments under load.
func testKills(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.options = "?size=1GiB"
	l.add(acknowledging...)
	random := rand.New(rand.NewPCG(20, 2))
	kills, sensors, shippers := soak(10, 200), 0, 0
	const rate = 2000
	for range kills {
		if l.sensor == nil {
			l.watch()
		}
		if l.shipper == nil {
			l.ship()
		}
		l.handshakes(random.IntN(rate/5), rate)
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		which := random.IntN(3)
		if which != 0 {
			l.sensor.kill()
			l.sensor = nil
			sensors++
		}
		if which != 1 {
			l.shipper.kill()
			l.shipper = nil
			shippers++
		}
	}
	if l.sensor == nil {
		l.watch()
	}
	if l.shipper == nil {
		l.ship()
	}
	l.handshakes(100, rate)
	l.awaitSeen()
	l.sensor.await("all are in the journal", func() bool { return l.journaled().has(l.sent-100, l.sent) })
	journaled := l.journaled()
	written, twice, _ := journaled.counts()
	l.awaitReceived(written)
	for _, end := range l.ends {
		if n := end.missing(journaled); n > 0 {
			t.Errorf("%s misses %d events of the journal", end.spec, n)
		}
	}
	text := l.wantAll(written, shippers)
	sensor, shipper := l.end()
	t.Logf("figures: the sensor killed %d times, the shipper %d times, in %d rounds; %d handshakes sent, %d events in the journal: %.0f ms of traffic lost by a kill of the sensor%s",
		sensors, shippers, kills, l.sent, written, float64(l.sent-written)/float64(max(1, sensors))/rate*1000, text)
	if sensor != 0 || shipper != 0 || twice > 0 || l.sent-written > sensors*rate/5 {
		t.Errorf("status %d and %d, %d twice in the journal: %s", sensor, shipper, twice, l.shipper.said())
	}
}

// has reports whether the events with some numbers are there.
func (r *receipts) has(from, to int) bool {
	if to > len(r.times) {
		return false
	}
	for _, times := range r.times[from:to] {
		if times == 0 {
			return false
		}
	}
	return true
}

// watchAndShip starts a sensor that starts its shipper itself, and returns the shipper's
// process id. A command may be before its own.
func (l *pipeline) watchAndShip(before ...string) (shipper int) {
	l.t.Helper()
	l.watched = l.sent
	command := append(before, l.binary, "--spool", filepath.Dir(l.journal))
	cmd := exec.Command(command[0], command[1:]...)
	for _, end := range l.ends {
		cmd.Args = append(cmd.Args, "-o", end.spec)
	}
	cmd.Env = append(os.Environ(), "SOAK_TOKEN="+soakToken)
	l.sensor = l.w.watch(l.t, l.folder, cmd)
	return childOf(l.t, l.sensor.cmd.Process.Pid, shipCommand)
}

// testKillsOfOne is testKills for a sensor that has started its shipper itself. If that is
// killed, the sensor says so and goes on, and the next run delivers.
func testKillsOfOne(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.journal = filepath.Join(l.folder, "spool", "journal")
	l.add(acknowledging...)
	random := rand.New(rand.NewPCG(20, 4))
	kills, written, alone := soak(4, 100), new(receipts), 0
	for range kills {
		shipper := l.watchAndShip()
		l.handshakes(random.IntN(300), 2000)
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		switch random.IntN(3) {
		case 0:
			l.sensor.kill()
		case 1:
			must(t, syscall.Kill(shipper, syscall.SIGKILL))
			l.sensor.kill()
		default:
			alone++
			must(t, syscall.Kill(shipper, syscall.SIGKILL))
			l.sensor.awaitSaid("it is started again with the next run", 1)
			l.handshakes(random.IntN(100), 2000)
			l.awaitSeen()
			if status := l.sensor.stop(); status != exitError {
				t.Errorf("status %d without a shipper", status)
			}
		}
		eventually(t, "the shipper ends", func() bool { return !isRunning(shipper) })
		written.merge(l.journaled())
	}
	l.watchAndShip()
	l.shipper = l.sensor // whose messages are those of both
	l.handshakes(100, 2000)
	l.awaitSeen()
	n, twice, _ := written.counts()
	l.awaitReceived(n + 100)
	for _, end := range l.ends {
		if missing := end.missing(written); missing > 0 {
			t.Errorf("%s misses %d events of the journal", end.spec, missing)
		}
	}
	text := l.wantAll(n+100, kills)
	status := l.sensor.stop()
	t.Logf("figures: a sensor with a shipper of its own: %d times one or both killed, %d times the shipper alone; %d handshakes sent, %d events in the journal%s", kills, alone, l.sent, n+100, text)
	if status != 0 || twice > 0 {
		t.Errorf("status %d, %d twice in the journal: %s", status, twice, l.sensor.said())
	}
}

// isRunning reports whether there is a process that has not ended.
func isRunning(pid int) bool {
	state := status(fmt.Sprintf("/proc/%d/status", pid), "State")
	return state != "" && state[0] != 'Z'
}

// merge adds events that may have been added before.
func (r *receipts) merge(others *receipts) {
	for n, times := range others.times {
		for n >= len(r.times) {
			r.times, r.hashes = append(r.times, 0), append(r.hashes, 0)
		}
		if times > 0 && r.times[n] == 0 {
			r.times[n] = 1
			r.found++
		}
	}
	r.doubled += others.doubled
}

// testClockSteps: the clock that counts from the start of the machine goes forward by ten
// years between two runs, and back, as it does with a machine that is started again. Each run
// has a time namespace. (The date cannot differ in one, and the journal's own tests set that.)
func testClockSteps(t *testing.T, binary string) {
	if out, err := exec.Command("unshare", "-T", "true").CombinedOutput(); err != nil {
		t.Skipf("no time namespace here: %v: %s", err, out)
	}
	l := newPipeline(t, binary)
	l.journal = filepath.Join(l.folder, "spool", "journal")
	l.add(acknowledging...)
	own, err := os.Readlink("/proc/self/ns/time")
	must(t, err)
	runs := soak(3, 10)
	for run := range runs {
		ahead := fmt.Sprint(run % 2 * 10 * 365 * 24 * 3600)
		shipper := l.watchAndShip("unshare", "-T", "--monotonic", ahead, "--boottime", ahead, "--")
		l.shipper = l.sensor
		for _, pid := range []int{shipper, l.sensor.cmd.Process.Pid} {
			if space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/time", pid)); err != nil || space == own {
				t.Errorf("process %d is in %s: %v", pid, space, err)
			}
		}
		l.handshakes(100, 1000)
		l.awaitSeen()
		if run%3 != 1 { // else the next run delivers some of them
			l.awaitReceived(l.sent)
		}
		if status := l.sensor.stop(); status != 0 {
			t.Errorf("status %d: %s", status, l.sensor.said())
		}
	}
	l.awaitReceived(l.sent)
	t.Logf("figures: the clock ten years ahead in every second of %d runs: %d events%s", runs, l.sent, l.wantAll(l.sent, 1))
}
