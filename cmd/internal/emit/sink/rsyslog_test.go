package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit"
	"tlsfloor/cmd/internal/emit/transport/standin"
)

// load sends findings at a steady rate until stop is closed, and says how many.
func load(s *Set, perSecond int, stop <-chan struct{}) <-chan int {
	sent := make(chan int, 1)
	go func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		n := 0
		for {
			select {
			case <-stop:
				sent <- n
				return
			case <-ticker.C:
				sendAll(s, n, n+perSecond/100)
				n += perSecond / 100
			}
		}
	}()
	return sent
}

// A real rsyslog is restarted, killed and frozen under load. Over TCP and TLS
// nothing is lost; what is doubled is at most one batch each time. Over UDP
// some is lost, as it has to be.
func TestRsyslogRestartedUnderLoad(t *testing.T) {
	t.Parallel()
	r := standin.StartRsyslog(t)
	spool := t.TempDir()
	o := Options{Live: true, Sensor: emit.Sensor{Host: "bastion-1"}, Grace: 10 * time.Second}
	o.pace = pace{chunk: 128 << 10, linger: 200 * time.Millisecond, min: 50 * time.Millisecond, max: 500 * time.Millisecond}
	s := mustOpen(t, configs(t,
		fmt.Sprintf("syslog+udp://%s?facility=local1&spool=%s", r.UDP, spool),
		fmt.Sprintf("syslog+tcp://%s?facility=local2&spool=%s", r.TCP, spool),
		fmt.Sprintf("syslog+tls://%s?facility=local3&spool=%s&ca=%s", r.TLS, spool, r.Authority.File),
	), o)
	const rate, breaks = 1000, 5
	stop := make(chan struct{})
	sent := load(s, rate, stop)
	for range 2 {
		pauseBetween()
		r.Stop()
		pauseBetween()
		r.Start()
		pauseBetween()
		r.Kill()
		pauseBetween()
		r.Start()
	}
	r.Freeze()
	pauseBetween()
	r.Thaw()
	pauseBetween()
	close(stop)
	n := <-sent
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(200 * time.Millisecond) // for UDP, which says nothing
	r.Stop()

	lines := map[string][]string{}
	for _, m := range r.Received() {
		lines[facility(m.Pri)] = append(lines[facility(m.Pri)], strings.TrimSpace(m.Text))
	}
	for i, name := range []string{"local1", "local2", "local3"} {
		c, stats := tallyOf(t, n, lines[name]), s.Stats()[i]
		t.Logf("%s, rsyslog stopped twice, killed twice, frozen once at %d events/s: %v; %d attempts failed, %d events were in the spool",
			stats.Name, rate, c, stats.Retries, stats.Spooled)
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

// facility names that of a PRI with the severity of our findings.
func facility(pri string) string {
	return map[string]string{"140": "local1", "148": "local2", "156": "local3"}[pri]
}

func pauseBetween() { time.Sleep(700 * time.Millisecond) }
