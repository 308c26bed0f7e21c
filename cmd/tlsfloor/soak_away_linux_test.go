package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// acknowledging are kinds of far ends that lose nothing.
var acknowledging = []string{"unix", "tcp", "tls", "elasticsearch", "splunk"}

// testAway: nobody is there for ten minutes under load. The events wait on the disk, and not
// in memory.
func testAway(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.options = "?size=4GiB"
	l.add(acknowledging...)
	l.watch()
	l.ship()
	const rate = 500
	l.handshakes(rate/5, rate)
	l.awaitReceived(l.sent)
	for _, end := range l.ends {
		end.stop()
	}
	began := time.Now()
	n := soak(rate*3, rate*600)
	first := l.memoryDuring(func() { l.handshakes(n/5, rate) })
	last := l.memoryDuring(func() { l.handshakes(n-n/5, rate) })
	l.awaitSeen()
	away, waiting := time.Since(began), sizeBelow(l.journal)
	for _, end := range l.ends {
		end.start()
	}
	back := time.Now()
	drain := l.memoryDuring(func() { l.awaitReceived(l.sent) })
	caughtUp := time.Since(back)
	text := l.wantAll(l.sent, 1)
	dropped := l.sensor.counts().dropped
	sensor, shipper := l.end()
	t.Logf("figures: %d far ends away for %v, %d events a second meanwhile, %d MiB in the journal; caught up %v after; sensor %s, shipper %s, and %s while it caught up; kernel dropped %d%s",
		len(l.ends), away.Round(time.Second), rate, waiting>>20, caughtUp.Round(time.Second/10), rise(first[0], last[0]), rise(first[1], last[1]), drain[1], dropped, text)
	for i, name := range []string{"the sensor", "the shipper"} {
		if last[i].anonymous > first[i].anonymous+first[i].anonymous/4+8<<10 {
			t.Errorf("%s grows: %s", name, rise(first[i], last[i]))
		}
	}
	if sensor != 0 || shipper != 0 || drain[1].anonymous > shipperMost {
		t.Errorf("status %d and %d, %s: %s", sensor, shipper, drain[1], l.shipper.said())
	}
}

// shipperMost bounds the memory of the shipper with all kinds of outputs, in KiB: each has a
// batch, packed and not, and the collector lets garbage come to as much again.
const shipperMost = 96 << 10

// memoryDuring returns the peaks of both processes while something is done.
func (l *pipeline) memoryDuring(do func()) (peaks [2]peakMemory) {
	stops := []func() peakMemory{l.sensor.measure(), l.shipper.measure()}
	do()
	for i, stop := range stops {
		peaks[i] = stop()
	}
	return peaks
}

func (p peakMemory) String() string { return fmt.Sprintf("%d MiB", p.anonymous>>10) }

// rise says what a process needs in the first fifth of the time, and in the others.
func rise(first, last peakMemory) string { return fmt.Sprintf("%s, then %s", first, last) }

// testRestarted: one far end after the other is cut off under load and comes back.
func testRestarted(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.add(acknowledging...)
	l.watch()
	l.ship()
	random := rand.New(rand.NewPCG(20, 1))
	restarts := soak(2, 50)
	for range restarts {
		for _, end := range l.ends {
			l.handshakes(20+random.IntN(40), 1000)
			end.stop()
			l.handshakes(random.IntN(40), 1000)
			end.start()
		}
	}
	l.awaitSeen()
	l.awaitReceived(l.sent)
	text := l.wantAll(l.sent, restarts)
	sensor, shipper := l.end()
	t.Logf("figures: each of %d far ends cut off and started again %d times, %d events meanwhile%s", len(l.ends), restarts, l.sent, text)
	if sensor != 0 || shipper != 0 {
		t.Errorf("status %d and %d: %s", sensor, shipper, l.shipper.said())
	}
}

// garbage are answers that no such server gives.
var garbage = []struct {
	status int
	text   string
}{
	{200, "<html>log in first</html>"},
	{200, strings.Repeat("\x1b[2J\xff\x00", 100_000)},
	{500, "\x00\x01\x02"},
	{200, ""},
	{200, `{"errors":true,"items":[`},
	{200, `{"errors":true,"items":[{"create":{"status":"\u0000"}}]}`},
	{200, strings.Repeat("[", 100_000)},
	{503, `{"error":{"root_cause":[{}]}}`},
	{429, ""},
}

// testWrong: the far ends are slow, answer garbage, and refuse one event in a hundred.
func testWrong(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.add(acknowledging...)
	l.watch()
	l.ship()
	for _, end := range l.ends {
		end.pause.Store(int64(50 * time.Millisecond))
	}
	kinds := min(soak(2, len(garbage)), len(garbage))
	for i := range kinds {
		l.answer(garbage[i].status, garbage[i].text)
		l.handshakes(soak(100, 1000), 500)
		l.awaitSeen()
		for _, end := range l.ends {
			l.shipper.await("an answer of "+end.kind, func() bool { return !end.isHTTP() || end.answered.Load() > 0 })
			end.before.Store(nil)
		}
		l.shipper.signal(syscall.SIGHUP) // tries again at once
		l.awaitReceived(l.sent)
	}
	text := l.wantAll(l.sent, 0)
	before := l.sent
	for _, end := range l.ends {
		end.refuse.Store(100)
	}
	l.handshakes(soak(200, 5000), 500)
	l.awaitSeen()
	refused := 0
	for i := before; i < l.sent; i++ {
		if i%100 == 0 {
			refused++
		}
	}
	l.ends = l.wantRefused(refused)
	l.awaitReceived(l.sent)
	sensor, shipper := l.end()
	t.Logf("figures: slow, and wrong answers of %d kinds: nothing lost%s; then %d of %d events refused, and the others there; status %d",
		kinds, text, refused, l.sent-before, shipper)
	if sensor != 0 || shipper != exitError || strings.Count(l.shipper.said(), fmt.Sprintf(": %d events refused", refused)) != 2 {
		t.Errorf("status %d and %d, want %d refused by two: %s", sensor, shipper, refused, l.shipper.said())
	}
	if strings.ContainsAny(l.shipper.said(), "\x1b\x00") {
		t.Errorf("it said %q", l.shipper.said())
	}
}

// wantRefused waits until the far ends that refuse events have all others. It returns the
// far ends that refuse none.
func (l *pipeline) wantRefused(refused int) (others []*farEnd) {
	for _, end := range l.ends {
		if !end.isHTTP() {
			others = append(others, end)
			continue
		}
		l.shipper.await(end.kind+" has all but the refused ones", func() bool { return end.different() >= l.sent-refused })
		if n := end.different(); n != l.sent-refused {
			l.t.Errorf("%s has %d events of %d, %d refused", end.kind, n, l.sent, refused)
		}
	}
	return others
}

// answer makes the far ends answer every request so, which acknowledges nothing.
func (l *pipeline) answer(status int, text string) {
	for _, end := range l.ends {
		end.answered.Store(0)
		answer := func(w http.ResponseWriter, _ *http.Request) int {
			end.answered.Add(1)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
			return status
		}
		end.before.Store(&answer)
	}
}
