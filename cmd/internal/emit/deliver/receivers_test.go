package deliver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

const (
	eventsPerBatch = 50
	batchEvery     = 10 * time.Millisecond
)

// stream is a source of numbered events, until it is finished.
type stream struct {
	name     string
	batch    *transport.Batch
	next     atomic.Int64 // the number of the event that comes next
	last     time.Time    // when a batch was made
	finished atomic.Bool
}

func (s *stream) Take() (*transport.Batch, time.Duration, error) {
	if s.batch != nil && s.batch.Pending() > 0 {
		return s.batch, 0, nil
	}
	if s.finished.Load() {
		return nil, 0, nil
	}
	if time.Since(s.last) < batchEvery {
		return nil, batchEvery, nil
	}
	s.last, s.batch = time.Now(), new(transport.Batch)
	for range eventsPerBatch {
		text := fmt.Appendf(s.batch.Text(), `{"@timestamp":"%s","message":"%s=%d;"}`, s.last.UTC().Format(time.RFC3339Nano), s.name, s.next.Add(1)-1)
		s.batch.Add(text, transport.Mark{Time: s.last.UnixNano(), Severity: transport.Warning})
	}
	return s.batch, 0, nil
}

func (s *stream) Commit() error          { return nil }
func (s *stream) Ready() <-chan struct{} { return nil }
func (s *stream) IsDone() bool           { return s.finished.Load() }
func (s *stream) SetAway(bool)           {}

// delivery is an output to a receiver, under load.
type delivery struct {
	*stream
	*deliver.Loop
}

func startDelivery(t *testing.T, name, spec string) delivery {
	t.Helper()
	c, err := config.Parse(spec, config.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	far, err := c.Open(config.Run{Host: "bastion-1", Note: func(line string) { t.Errorf("%s: %s", name, line) }})
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{name: name}
	l := deliver.New(deliver.Options{
		Source: s, Transport: far, Pace: transport.Pace{Min: 5 * time.Millisecond, Max: 100 * time.Millisecond},
		Clock: clock.System{}, Random: rand.New(rand.NewPCG(1, 1)),
		Health: deliver.NewHealth(clock.System{}, name, func(line string) { t.Log(line) }),
	})
	ctx, cancel := context.WithCancel(context.Background())
	l.Start(ctx)
	t.Cleanup(func() { cancel(); <-l.Done(); far.Close() })
	return delivery{s, l}
}

// moved waits until the output has delivered some batches more.
func (d delivery) moved(t *testing.T) {
	t.Helper()
	sent := d.Counts().Sent
	wait.Until(t, func() bool { return d.Counts().Sent >= sent+4*eventsPerBatch })
}

// failed waits until the output has noticed that the receiver is away.
func (d delivery) failed(t *testing.T) {
	t.Helper()
	retries := d.Counts().Retries
	wait.Until(t, func() bool { return d.Counts().Retries >= retries+2 })
}

// tally counts what a receiver has of an output: different events, and repetitions.
type tally struct{ events, lost, repeated int }

func (d delivery) tally(text string) (c tally) {
	seen := map[int]int{}
	for _, m := range regexp.MustCompile(regexp.QuoteMeta(d.name)+`=(\d+);`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		seen[n]++
	}
	for _, times := range seen {
		c.repeated += times - 1
	}
	c.events = len(seen)
	c.lost = int(d.next.Load()) - c.events
	return c
}

// received waits until the receiver has all events, or for as long as there come more.
func received(t *testing.T, r standin.Receiver, all []delivery) string {
	t.Helper()
	const patience = 10 * time.Second // VictoriaLogs shows events after a second
	text, grown := "", time.Now()
	for time.Since(grown) < patience {
		more := r.Received()
		complete := true
		for _, d := range all {
			complete = complete && d.tally(more).lost == 0
		}
		if complete {
			return more
		}
		if len(more) != len(text) {
			text, grown = more, time.Now()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return text
}

// outputs are values of --output, by a name for each.
type outputs map[string]string

func streamsOf(s standin.Streams) outputs {
	return outputs{
		"tcp-newline": "syslog+tcp://" + s.Lines,
		"tcp-octet":   "syslog+tcp://" + s.Octets + "?framing=octet",
		"tls-newline": "syslog+tls://" + s.SecureLines + "?ca=" + s.Authority.File,
		"tls-octet":   "syslog+tls://" + s.SecureOctets + "?framing=octet&ca=" + s.Authority.File,
	}
}

// underLoad ends a receiver again and again while outputs deliver to it, and returns
// what became of the events of each.
func underLoad(t *testing.T, r standin.Receiver, o outputs, ends ...func()) map[string]tally {
	t.Helper()
	var all []delivery
	for name, spec := range o {
		all = append(all, startDelivery(t, name, spec))
	}
	for _, end := range ends {
		for _, d := range all {
			d.moved(t)
		}
		end()
		for _, d := range all {
			d.failed(t)
		}
		r.Start()
	}
	for _, d := range all {
		d.moved(t)
		d.finished.Store(true)
	}
	for _, d := range all {
		<-d.Done()
	}
	text, tallies := received(t, r, all), map[string]tally{}
	for _, d := range all {
		tallies[d.name] = d.tally(text)
		t.Logf("%s: %d events, %+v", d.name, d.next.Load(), tallies[d.name])
	}
	return tallies
}

// noneLost checks that all events arrived, and that not more than one batch was doubled
// each time the receiver ended.
func noneLost(t *testing.T, tallies map[string]tally, ends int) {
	t.Helper()
	for name, c := range tallies {
		if c.lost > 0 || c.repeated > ends*eventsPerBatch {
			t.Errorf("%s: %+v after %d ends", name, c, ends)
		}
	}
}

func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
}

// Rsyslog writes a message before it reads the next one, so that even a killed one loses
// nothing that tlsfloor counts as sent.
func TestReceiverRsyslog(t *testing.T) {
	skipShort(t)
	r := standin.StartRsyslog(t)
	s := standin.Streams{Lines: r.TCP, Octets: r.TCP, SecureLines: r.TLS, SecureOctets: r.TLS, Authority: r.Authority}
	noneLost(t, underLoad(t, rsyslog{r}, streamsOf(s), r.Stop, r.Kill, r.Stop, r.Kill), 4)
}

type rsyslog struct{ *standin.Rsyslog }

func (r rsyslog) Received() string {
	var text strings.Builder
	for _, m := range r.Rsyslog.Received() {
		text.WriteString(m.Text)
	}
	return text.String()
}

func TestReceiverSyslogNG(t *testing.T) {
	skipShort(t)
	r := standin.StartSyslogNG(t)
	noneLost(t, underLoad(t, r, streamsOf(r.Streams), r.Stop, r.Kill, r.Stop, r.Kill), 4)
}

// A server that counts octets ends a connection that brings lines: no event counts as sent,
// and the user is told what may be the cause.
func TestReceiverOfOctets(t *testing.T) {
	skipShort(t)
	s := standin.StartSyslogNG(t).Streams
	for _, spec := range []string{"syslog+tcp://" + s.Octets, "syslog+tls://" + s.SecureOctets + "?ca=" + s.Authority.File} {
		source, said := deliverTo(t, spec, 0)
		hear(t, said, "it needs framing=octet")
		wait.Until(t, source.health.IsFailing)
	}
}

func TestReceiverCollector(t *testing.T) {
	skipShort(t)
	r := standin.StartCollector(t)
	noneLost(t, underLoad(t, r, streamsOf(r.Streams), r.Stop, r.Stop, r.Stop), 3)
}

func TestReceiverTelegraf(t *testing.T) {
	skipShort(t)
	r := standin.StartTelegraf(t)
	noneLost(t, underLoad(t, r, streamsOf(r.Streams), r.Stop, r.Stop, r.Stop), 3)
}

func TestReceiverVictoriaLogs(t *testing.T) {
	skipShort(t)
	r := standin.StartVictoriaLogs(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("any"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := streamsOf(r.Streams)
	o["bulk"] = "elasticsearch+http://" + r.HTTP + "/insert/elasticsearch/tlsfloor?query=_msg_field%3Dmessage"
	o["collector"] = "splunk+http://" + r.HTTP + "/insert/splunk/services/collector/event?token-file=" + token
	noneLost(t, underLoad(t, r, o, r.Stop, r.Stop, r.Stop), 3)
}
