package ship

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

// breaking is a shipper whose far ends break while events are written.
type breaking struct {
	*writer
	shipper *Shipper
	n       int // events written
}

// duringBreak and afterBreak are how many events are written then.
const duringBreak, afterBreak = 1000, 1000

// while writes events while something breaks, and after that.
func (b *breaking) while(breaks func()) {
	b.t.Helper()
	broken := make(chan struct{})
	go func() { breaks(); close(broken) }()
	b.write(duringBreak)
	<-broken
	b.write(afterBreak)
	b.n += duringBreak + afterBreak
}

// untilTried waits until each output has failed to reach its far end.
func (b *breaking) untilTried() {
	b.t.Helper()
	before := b.shipper.Stats()
	wait.Until(b.t, func() bool {
		for i, o := range b.shipper.Stats() {
			if o.Retries <= before[i].Retries+1 {
				return false
			}
		}
		return true
	})
}

// untilSent waits until each output has sent everything.
func (b *breaking) untilSent() {
	b.t.Helper()
	wait.Until(b.t, func() bool {
		for _, o := range b.shipper.Stats() {
			if o.Next != uint64(b.n) {
				return false
			}
		}
		return true
	})
}

// A real rsyslog is restarted, killed and frozen under load. Over TCP and TLS, with both
// framings, no event is lost, and at most one batch comes twice each time. Over UDP some
// events are lost.
func TestRsyslogRestartedUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	r := standin.StartRsyslog(t)
	w := newWriter(t, journal.Options{})
	names := []string{"local1", "local2", "local3", "local4"}
	pace := transport.Pace{Chunk: 128 << 10, Linger: 20 * time.Millisecond, Min: 5 * time.Millisecond, Max: 50 * time.Millisecond}
	b := &breaking{writer: w, shipper: start(t, Options{Inputs: []string{w.folder}, pace: pace, Outputs: outputs(t,
		fmt.Sprintf("syslog+udp://%s?facility=local1", r.UDP),
		fmt.Sprintf("syslog+tcp://%s?facility=local2", r.TCP),
		fmt.Sprintf("syslog+tls://%s?facility=local3&ca=%s", r.TLS, r.Authority.File),
		fmt.Sprintf("syslog+tcp://%s?facility=local4&framing=octet&format=ecs", r.TCP),
	)})}
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
	b.shipper.Stop(time.Second)
	if err := end(t, b.shipper); err != nil {
		t.Error(err)
	}
	wait.Until(t, func() bool { return len(received(r)["local1"]) > 0 })
	r.Stop()
	batch := pace.Chunk/len(appendEvent(nil, b.n)) + 2
	for i, name := range names[:3] {
		c := tallyOf(t, b.n, received(r)[name])
		t.Logf("%s: %v", b.shipper.Stats()[i].Name, c)
		if i > 0 && (c.lost > 0 || c.doubled > breaks*batch) {
			t.Errorf("%s: %v", name, c)
		}
	}
	if lines := received(r)["local4"]; len(lines) < b.n || !strings.Contains(lines[0], `"ecs"`) {
		t.Errorf("%d events in ECS of %d", len(lines), b.n)
	}
}

// received returns the texts that rsyslog has, by facility.
func received(r *standin.Rsyslog) map[string][]string {
	lines := map[string][]string{}
	for _, m := range r.Received() {
		var priority int
		_, _ = fmt.Sscan(m.Pri, &priority)
		name := fmt.Sprintf("local%d", priority>>3-16)
		lines[name] = append(lines[name], strings.TrimSpace(m.Text))
	}
	return lines
}

// busy makes a server refuse every fifth request, and wait in a request during which a
// test kills the server.
type busy struct {
	requests atomic.Int64
	reached  chan struct{} // has an element when a request waits
	killed   chan struct{} // has an element when it may go on
}

func newBusy() *busy { return &busy{reached: make(chan struct{}), killed: make(chan struct{})} }

func (b *busy) before(w http.ResponseWriter, _ *http.Request) int {
	if b.requests.Add(1)%5 == 0 {
		w.Header().Set("Retry-After", "0")
		return http.StatusServiceUnavailable
	}
	select {
	case b.reached <- struct{}{}:
		<-b.killed
	default:
	}
	return 0
}

// Servers of both kinds are killed and started again under load, during a request, and are
// too busy now and then. One refuses one event in a thousand. No other is lost, and
// Elasticsearch has an event that was sent twice once, because its id is the same.
func TestHTTPRestartedUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	both := []*busy{newBusy(), newBusy()}
	elastic := &standin.Elastic{T: t, Index: "tls", Authorization: "ApiKey secret", Before: both[0].before, Item: func(event []byte) (int, string) {
		if numberOf(t, string(event))%1000 == 999 {
			return http.StatusBadRequest, `{"type":"document_parsing_exception","reason":"no"}`
		}
		return 0, ""
	}}
	splunk := &standin.Splunk{T: t, Token: "secret", Before: both[1].before}
	authority := standin.NewAuthority(t)
	servers := []*standin.Server{standin.Start(t, authority.Server(t), elastic), standin.Start(t, authority.Server(t), splunk)}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, journal.Options{})
	pace := quick
	pace.Chunk = 512 << 10
	b := &breaking{writer: w, shipper: start(t, Options{Inputs: []string{w.folder}, pace: pace, Outputs: outputs(t,
		fmt.Sprintf("elasticsearch+https://%s/tls?api-key-file=%s&ca=%s", servers[0].Address, secret, authority.File),
		fmt.Sprintf("splunk+https://%s?token-file=%s&ca=%s", servers[1].Address, secret, authority.File),
	)})}
	const kills = 8
	for i := range kills {
		b.while(func() {
			<-both[i%2].reached
			servers[i%2].Kill()
			both[i%2].killed <- struct{}{}
		})
		servers[i%2].Restart()
	}
	b.untilSent()
	b.shipper.Stop(time.Second)
	refused := b.n / 1000
	if err := end(t, b.shipper); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d events refused", refused)) {
		t.Error(err)
	}
	stored, repeated := elastic.Events()
	c := tallyOf(t, b.n, stored)
	t.Logf("Elasticsearch: %v, %d sent again", c, repeated)
	if c.lost != refused || c.doubled > 0 {
		t.Errorf("Elasticsearch: %v", c)
	}
	var collected []string
	for _, e := range splunk.Events() {
		collected = append(collected, string(e.Event))
	}
	if c := tallyOf(t, b.n, collected); c.lost > 0 {
		t.Errorf("Splunk: %v", c)
	}
}
