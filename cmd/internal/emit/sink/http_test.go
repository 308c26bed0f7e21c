package sink

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

// busy makes a server refuse every fifth request, and wait in a request during which a
// test kills the server.
type busy struct {
	requests atomic.Int64
	reached  chan struct{} // closed when a request waits
	killed   chan struct{} // closed when it may go on
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

// Servers of both kinds are killed and started again under load, between requests and
// during one, and are too busy now and then. No event is lost. Elasticsearch has an event
// that was sent twice once, because its id is the same.
func TestHTTPRestartedUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	both := []*busy{newBusy(), newBusy()}
	var items atomic.Int64
	elastic := &standin.Elastic{T: t, Index: "tls", Authorization: "ApiKey secret", Before: both[0].before,
		Item: func([]byte) (int, string) {
			if items.Add(1)%1000 == 0 {
				return http.StatusTooManyRequests, "es_rejected_execution_exception"
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
	common := "spool=" + t.TempDir() + "&ca=" + authority.File
	o := Options{Live: true, Grace: wait.Limit, pace: quick}
	o.pace.Chunk = 512 << 10
	s := mustOpen(t, configs(t,
		fmt.Sprintf("elasticsearch+https://%s/tls?api-key-file=%s&%s", servers[0].Address, secret, common),
		fmt.Sprintf("splunk+https://%s?token-file=%s&%s", servers[1].Address, secret, common),
	), o)
	const kills = 8
	load := startLoad(t, s)
	for i := range kills {
		for n, server := range servers {
			sent := s.Stats()[n].Sent
			wait.Until(t, func() bool { return s.Stats()[n].Sent > sent })
			failed := s.Stats()[n].Retries
			if i%2 == 0 {
				<-both[n].reached
				server.Kill()
				both[n].killed <- struct{}{}
			} else {
				server.Kill()
			}
			wait.Until(t, func() bool { return s.Stats()[n].Retries > failed+1 })
			server.Restart()
		}
	}
	n := load.stop()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	lines, repeated := elastic.Events()
	stats := s.Stats()
	c := tallyOf(t, n, lines)
	t.Logf("%s, killed %d times: %v (%d were sent again under the same id); %d attempts failed, %d events were in the spool",
		stats[0].Name, kills, c, repeated, stats[0].Retries, stats[0].Spooled)
	if c.lost+c.doubled > 0 || repeated == 0 {
		t.Error("Elasticsearch: not each event once")
	}
	lines = lines[:0]
	ids := map[string]bool{}
	for _, e := range splunk.Events() {
		lines = append(lines, string(e.Event))
		ids[e.Fields["event_id"]] = true
	}
	c = tallyOf(t, n, lines)
	t.Logf("%s, killed %d times: %v (%d by event_id); %d attempts failed, %d events were in the spool",
		stats[1].Name, kills, c, len(lines)-len(ids), stats[1].Retries, stats[1].Spooled)
	if c.lost+c.disordered > 0 || len(ids) != n || c.doubled > kills*1000 || c.doubled == 0 {
		t.Error("Splunk: not each event at least once, and once by its id")
	}
}

// Errors of the configuration are found at the start.
func TestWrongAtTheStart(t *testing.T) {
	splunk := &standin.Splunk{T: t, Token: "right"}
	authority, other := standin.NewAuthority(t), standin.NewAuthority(t)
	server := standin.Start(t, authority.Server(t), splunk)
	t.Setenv("TLSFLOOR_WRONG", "hunter2")
	t.Setenv("TLSFLOOR_RIGHT", "right")
	for want, spec := range map[string]string{
		"403 Forbidden": "?token-env=TLSFLOOR_WRONG&ca=" + authority.File,
		"404 Not Found": "/nowhere?token-env=TLSFLOOR_RIGHT&ca=" + authority.File,
		"certificate":   "?token-env=TLSFLOOR_RIGHT&ca=" + other.File,
	} {
		s, err := Open(configs(t, "splunk+https://"+server.Address+spec), Options{Live: true})
		if err == nil {
			closeSet(t, s)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "splunk+https://127.0.0.1:") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", spec, err, want)
		}
	}
	_, err := Open(configs(t, "splunk+https://"+server.Address+"?token-env=TLSFLOOR_WRONG&ca="+authority.File,
		"splunk+https://"+server.Address+"?format=ecs&token-env=TLSFLOOR_WRONG&ca="+authority.File), Options{})
	if err == nil || strings.Count(err.Error(), "403") != 2 || strings.Contains(err.Error(), "\n") {
		t.Errorf("two wrong tokens: %v", err)
	}
	closeSet(t, openSet(t, configs(t, "splunk+https://"+server.Address+"?token-env=TLSFLOOR_RIGHT&ca="+authority.File), Options{}))
	server.Kill() // an unreachable server is no error
	var told said
	s := openSet(t, configs(t, "splunk+https://"+server.Address+"?token-env=TLSFLOOR_RIGHT&ca="+authority.File), Options{Live: true, Note: told.note})
	if !strings.Contains(told.text(), "connection refused; events wait") {
		t.Errorf("said %q", told.text())
	}
	closeSet(t, s)
}
