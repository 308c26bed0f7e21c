package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

// breaking sends findings to rsyslog, in portions, while that is restarted,
// killed and frozen.
type breaking struct {
	t    *testing.T
	set  *Set
	sent int
}

// How many findings are sent around a break. At most a fifth of them may be lost as
// datagrams.
const (
	beforeBreak = 800
	duringBreak = 200
	afterBreak  = 100
)

// send sends n findings, no faster than they are encoded.
func (b *breaking) send(n int) {
	b.t.Helper()
	for range n / 100 {
		sendAll(b.set, b.sent, b.sent+100)
		b.sent += 100
		wait.Until(b.t, func() bool { return isEncoded(b.set) })
	}
}

// untilSent waits until the server has the events over TCP and TLS, and until those over
// UDP were sent.
func (b *breaking) untilSent() {
	b.t.Helper()
	wait.Until(b.t, func() bool {
		for _, o := range b.set.Stats() {
			if o.Sent != uint64(b.sent) {
				return false
			}
		}
		return true
	})
}

// while breaks the server while findings are sent.
func (b *breaking) while(breaks func()) {
	b.t.Helper()
	b.send(beforeBreak)
	b.untilSent()
	broken := make(chan struct{})
	go func() { breaks(); close(broken) }()
	b.send(duringBreak)
	<-broken
	b.send(afterBreak)
}

// untilTried waits until each output has failed to reach the server.
func (b *breaking) untilTried() {
	b.t.Helper()
	before := b.set.Stats()
	wait.Until(b.t, func() bool {
		for i, o := range b.set.Stats() {
			if o.Retries <= before[i].Retries+1 {
				return false
			}
		}
		return true
	})
}

// A real rsyslog is restarted, killed and frozen under load. Over TCP and TLS
// no event is lost, and at most one batch comes twice each time. Over UDP some events are
// lost.
func TestRsyslogRestartedUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	r := standin.StartRsyslog(t)
	spool := t.TempDir()
	o := Options{Live: true, Sensor: event.Sensor{Host: "bastion-1"}, Grace: wait.Limit}
	o.pace = transport.Pace{Chunk: 128 << 10, Linger: 20 * time.Millisecond, Min: 5 * time.Millisecond, Max: 50 * time.Millisecond}
	s := mustOpen(t, configs(t,
		fmt.Sprintf("syslog+udp://%s?facility=local1&spool=%s", r.UDP, spool),
		fmt.Sprintf("syslog+tcp://%s?facility=local2&spool=%s", r.TCP, spool),
		fmt.Sprintf("syslog+tls://%s?facility=local3&spool=%s&ca=%s", r.TLS, spool, r.Authority.File),
	), o)
	b := &breaking{t: t, set: s}
	for range 2 {
		for _, end := range []func(){r.Stop, r.Kill} {
			b.while(end)
			b.untilTried()
			r.Start()
		}
	}
	b.while(r.Freeze)
	r.Thaw()
	const breaks = 5
	b.untilSent()
	n := b.sent
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wait.Until(t, func() bool {
		lines := received(r)["local1"]
		return len(lines) > 0 && numberOf(t, lines[len(lines)-1]) == n-1
	})
	r.Stop()

	for i, name := range []string{"local1", "local2", "local3"} {
		c, stats := tallyOf(t, n, received(r)[name]), s.Stats()[i]
		t.Logf("%s, rsyslog stopped twice, killed twice, frozen once: %v; %d attempts failed, %d events were in the spool",
			stats.Name, c, stats.Retries, stats.Spooled)
		if name == "local1" {
			if c.lost > n/4 {
				t.Errorf("%s: %v", stats.Name, c)
			}
			continue
		}
		if c.lost > 0 || c.doubled > breaks*180 || c.disordered > 0 || stats.Sent != uint64(n) {
			t.Errorf("%s: %v, %+v", stats.Name, c, stats)
		}
	}
}

// received returns the lines that the server has, by facility.
func received(r *standin.Rsyslog) map[string][]string {
	lines := map[string][]string{}
	for _, m := range r.Received() {
		lines[facility(m.Pri)] = append(lines[facility(m.Pri)], strings.TrimSpace(m.Text))
	}
	return lines
}

// facility names the facility of a PRI with the severity of findings.
func facility(pri string) string {
	return map[string]string{"140": "local1", "148": "local2", "156": "local3"}[pri]
}
