package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// testKills kills the sensor, the shipper or both at random moments under load.
func testKills(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.options = "?size=1GiB"
	l.add(acknowledging...)
	random := rand.New(rand.NewPCG(20, 2))
	kills, sensors, shippers := soak(12, 200), 0, 0
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
