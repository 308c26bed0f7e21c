package deliver_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

// one is a source of one batch.
type one struct {
	batch  *transport.Batch
	health *deliver.Health
}

func (s *one) Take() (*transport.Batch, time.Duration, error) {
	if s.IsDone() {
		return nil, 0, nil
	}
	return s.batch, 0, nil
}

func (s *one) Commit() error          { return nil }
func (s *one) Ready() <-chan struct{} { return nil }
func (s *one) IsDone() bool           { return s.batch.Pending() == 0 }

// mute is a listener that accepts connections, and reads nothing until it is told to.
type mute struct {
	net.Listener
	reads chan struct{}
}

func (m *mute) serve() {
	for {
		conn, err := m.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			<-m.reads
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}

func listenMute(t *testing.T, network, address string) *mute {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	m := &mute{l, make(chan struct{})}
	t.Cleanup(func() { l.Close() })
	go m.serve()
	return m
}

// deliverTo delivers one line to an output, and returns what the user was told.
func deliverTo(t *testing.T, spec string, silence time.Duration) (source *one, said chan string) {
	t.Helper()
	c, err := config.Parse(spec, config.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	far, err := c.Open(config.Run{Note: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	source, said = &one{batch: new(transport.Batch)}, make(chan string, 10)
	source.batch.Add(append(source.batch.Text(), `{"n":1}`...), transport.Mark{})
	pace := c.Pace()
	if pace.Silence <= 0 || pace.Silence >= 10*time.Second {
		t.Errorf("%s: a silence of %v is reported", spec, pace.Silence)
	}
	pace.Silence = silence
	source.health = deliver.NewHealth(clock.System{}, c.Name(), func(line string) { said <- line })
	l := deliver.New(deliver.Options{
		Source: source, Transport: far, Pace: pace, Clock: clock.System{}, Random: rand.New(rand.NewPCG(1, 1)),
		Health: source.health,
	})
	ctx, cancel := context.WithCancel(context.Background())
	l.Start(ctx)
	t.Cleanup(func() { cancel(); <-l.Done(); far.Close() })
	return source, said
}

func hear(t *testing.T, said chan string, what string) {
	t.Helper()
	select {
	case line := <-said:
		if !strings.Contains(line, what) {
			t.Errorf("%q does not say %q", line, what)
		}
	case <-time.After(wait.Limit):
		t.Fatalf("nobody says %q", what)
	}
}

// A far end that accepts connections and does nothing is reported, whatever its kind.
func TestSilentFarEndsAreReported(t *testing.T) {
	folder, authority := t.TempDir(), standin.NewAuthority(t)
	token := filepath.Join(folder, "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ spec, network, address string }{
		"Unix socket":   {"unix:ADDRESS", "unix", filepath.Join(folder, "socket")},
		"syslog":        {"syslog+tcp://ADDRESS", "tcp", "127.0.0.1:0"},
		"octets":        {"syslog+tcp://ADDRESS?framing=octet", "tcp", "127.0.0.1:0"},
		"syslog, TLS":   {"syslog+tls://ADDRESS?ca=" + authority.File, "tcp", "127.0.0.1:0"},
		"Splunk":        {"splunk+http://ADDRESS?token-file=" + token, "tcp", "127.0.0.1:0"},
		"Elasticsearch": {"elasticsearch+http://ADDRESS/logs", "tcp", "127.0.0.1:0"},
		"HTTPS":         {"elasticsearch+https://ADDRESS/logs?ca=" + authority.File, "tcp", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			m := listenMute(t, tt.network, tt.address)
			source, said := deliverTo(t, strings.Replace(tt.spec, "ADDRESS", m.Addr().String(), 1), 50*time.Millisecond)
			hear(t, said, "has taken nothing for 50ms, and does not answer; events wait")
			wait.Until(t, source.health.IsFailing)
			if name == "Unix socket" || name == "syslog" {
				close(m.reads)
				hear(t, said, "works again")
				wait.Until(t, func() bool { return !source.health.IsFailing() })
			}
		})
	}
}

// hesitant is a transport that shows a sign of life now and then.
type hesitant struct {
	transport.Transport
	signs int
	pause time.Duration
}

func (h *hesitant) Deliver(_ context.Context, b *transport.Batch) error {
	for range h.signs {
		time.Sleep(h.pause)
		b.Hear()
	}
	b.AcknowledgeTo(b.Len())
	return nil
}

// A far end that answers and has to be asked again is not silent.
func TestHesitantFarEndsAreNotReported(t *testing.T) {
	source, said := &one{batch: new(transport.Batch)}, make(chan string, 10)
	source.batch.Add(append(source.batch.Text(), "x"...), transport.Mark{})
	h := &hesitant{signs: 20, pause: 50 * time.Millisecond}
	l := deliver.New(deliver.Options{
		Source: source, Transport: h, Pace: transport.Pace{Silence: 10 * h.pause}, Clock: clock.System{},
		Health: deliver.NewHealth(clock.System{}, "x", func(line string) { said <- line }),
	})
	l.Start(context.Background())
	<-l.Done()
	if len(said) > 0 {
		t.Error(<-said)
	}
}
