package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/faketime"
	"tlsfloor/cmd/internal/testing/wait"
	"tlsfloor/parse"
)

// quick is a pace with short waits between attempts.
var quick = transport.Pace{Chunk: 8 << 10, Linger: 5 * time.Millisecond, Min: time.Millisecond, Max: 20 * time.Millisecond}

// finding returns a finding of usual length with a number in it.
func finding(n int) *classify.Finding {
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 16), byte(n >> 8)}), uint16(n))
	return &classify.Finding{
		Observation: classify.Observation{
			Time: int64(n) * 1e6, Client: client, Server: netip.MustParseAddrPort("192.0.2.1:443"),
			SNI: strconv.Itoa(n), Hello: &classify.ClientHello{RecordVersion: parse.TLSv1, LegacyVersion: parse.TLSv1, JA3Full: strings.Repeat("771,", 100)},
		},
		Flagged: true, InScope: true, Verdict: classify.Violation,
		Host: strconv.Itoa(n), HostSource: classify.NameSNI, Reason: "a test",
	}
}

// inSpare copies f into a finding that was sent before, if there is one.
func inSpare(s *Set, f *classify.Finding) *classify.Finding {
	spare := s.Spare()
	if spare == nil {
		return f
	}
	*spare = *f
	return spare
}

// numberOf returns the number in the finding of a line.
func numberOf(t testing.TB, line string) int {
	t.Helper()
	var e struct{ Host string }
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	n, err := strconv.Atoi(e.Host)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return n
}

// tally compares the numbers that arrived with those below sent.
type tally struct{ sent, lost, doubled, disordered int }

func (c tally) String() string {
	return fmt.Sprintf("sent %d, lost %d, doubled %d, first arrivals out of order %d", c.sent, c.lost, c.doubled, c.disordered)
}

func tallyOf(t testing.TB, sent int, lines []string) tally {
	t.Helper()
	seen := make([]int, sent)
	c := tally{sent: sent}
	highest := -1
	for _, line := range lines {
		n := numberOf(t, line)
		if seen[n]++; seen[n] > 1 {
			c.doubled++
		} else if n < highest {
			c.disordered++
		}
		highest = max(highest, n)
	}
	for _, times := range seen {
		if times == 0 {
			c.lost++
		}
	}
	return c
}

// configs parses specs, all for every finding.
func configs(t testing.TB, specs ...string) (all []config.Config) {
	t.Helper()
	for _, spec := range specs {
		c, err := config.Parse(spec, config.Defaults{Emit: config.SelectAll})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// said collects messages for the user.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// openSet opens a set, and checks at the end that it leaves no goroutine behind. Parallel
// tests use mustOpen instead.
func openSet(t testing.TB, all []config.Config, o Options) *Set {
	t.Helper()
	before := runtime.NumGoroutine()
	s := mustOpen(t, all, o)
	t.Cleanup(func() {
		wait.Until(t, func() bool { return runtime.NumGoroutine() <= before })
	})
	return s
}

// openTimed opens a set with a clock that the test advances.
func openTimed(t testing.TB, all []config.Config, o Options) (*Set, *faketime.Clock) {
	t.Helper()
	c := faketime.New()
	o.clock = c
	return openSet(t, all, o), c
}

func mustOpen(t testing.TB, all []config.Config, o Options) *Set {
	t.Helper()
	s, err := Open(all, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeSet(t testing.TB, s *Set) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// closeTimed closes s while the clock advances, and returns how long it took.
func closeTimed(t testing.TB, s *Set, c *faketime.Clock) (took time.Duration, err error) {
	t.Helper()
	began := c.Now()
	closed := make(chan struct{})
	go func() { err = s.Close(); close(closed) }()
	c.Until(t, func() bool { return isOver(closed) })
	return c.Now().Sub(began), err
}

func isOver(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func sendAll(s *Set, from, to int) {
	for i := from; i < to; i++ {
		s.Send(finding(i))
	}
}

// sendPaced sends no faster than events are encoded, so that the queue is never full.
func sendPaced(t testing.TB, s *Set, c *faketime.Clock, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		s.Send(finding(i))
		if (i+1)%100 == 0 || i+1 == to {
			c.Until(t, func() bool { return isEncoded(s) })
		}
	}
}

// isEncoded reports whether the outputs have all events.
func isEncoded(s *Set) bool {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.events) == 0
}

var errAway = errors.New("the far end is away")

// far is a far end that the test controls.
type far struct {
	mu    sync.Mutex
	lines []string
	// decide returns how many of the pending lines are accepted, and the error then; nil:
	// all, without an error.
	decide func(left int) (taken int, err error)
	// hold makes every delivery wait until it is closed, or ctx ends.
	hold     chan struct{}
	reopened int
	closed   int
}

func (f *far) Check(context.Context) error { return nil }

func (f *far) Deliver(ctx context.Context, b *transport.Batch) error {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	taken, err := b.Pending(), error(nil)
	if f.decide != nil {
		taken, err = f.decide(b.Pending())
	}
	for i := b.Front(); taken > 0; i++ {
		f.lines = append(f.lines, string(b.Line(i)))
		b.Acknowledge(i)
		taken--
	}
	return err
}

func (f *far) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reopened++
	return nil
}

func (f *far) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func (f *far) received() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.lines...)
}

func (f *far) tell(decide func(left int) (int, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide = decide
}

func away(int) (int, error) { return 0, errAway }

// to returns options with which the outputs deliver to the given far ends, in order.
func to(o Options, ends ...*far) Options {
	o.pace = quick
	i := 0
	o.newTransport = func(*config.Config) transport.Transport {
		i++
		return ends[i-1]
	}
	return o
}
