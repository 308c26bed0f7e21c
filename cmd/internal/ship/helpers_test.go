package ship

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/wait"
	"tlsfloor/parse"
)

// quick is a pace with short waits between attempts.
var quick = transport.Pace{Chunk: 8 << 10, Linger: 5 * time.Millisecond, Min: time.Millisecond, Max: 20 * time.Millisecond}

// native encodes the events of tests, which one goroutine makes.
var native = event.NewNative(event.Sensor{Host: "bastion-1"})

// appendEvent appends an event of usual length with a number in it.
func appendEvent(dst []byte, n int) []byte {
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 16), byte(n >> 8)}), uint16(n))
	f := &classify.Finding{
		Observation: classify.Observation{
			Time: int64(n) * 1e6, Client: client, Server: netip.MustParseAddrPort("192.0.2.1:443"),
			SNI: strconv.Itoa(n), Hello: &classify.ClientHello{RecordVersion: parse.TLSv1, LegacyVersion: parse.TLSv1, JA3Full: strings.Repeat("771,", 100)},
		},
		Flagged: n%2 == 0, InScope: n%4 < 3, Verdict: classify.Violation,
		Host: strconv.Itoa(n), HostSource: classify.NameSNI, Reason: "a test",
	}
	return append(native.AppendFinding(dst, f), '\n')
}

// numberOf returns the number in an event.
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

// writer is a journal that the test writes.
type writer struct {
	*journal.Writer
	t      testing.TB
	folder string
	n      int
}

func newWriter(t testing.TB, o journal.Options) *writer {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	w, err := journal.Create(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return &writer{Writer: w, t: t, folder: o.Folder}
}

// write appends events with the next n numbers.
func (w *writer) write(n int) {
	w.t.Helper()
	const most = 100
	for n > 0 {
		var lines []byte
		some := min(n, most)
		for range some {
			lines = appendEvent(lines, w.n)
			w.n++
		}
		if err := w.Append(lines, some); err != nil {
			w.t.Fatal(err)
		}
		n -= some
	}
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

var errAway = errors.New("the far end is away")

// far is a far end that the test controls.
type far struct {
	mu    sync.Mutex
	lines []string
	hosts map[string]int
	// decide returns how many of the pending lines are accepted, and the error then; nil:
	// all, without an error.
	decide func(left int) (taken int, err error)
	hold   chan struct{} // every delivery waits until it is closed, or ctx ends
	closed int
	// forgets: lines are not kept.
	forgets bool
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
		if !f.forgets {
			f.lines = append(f.lines, string(b.Line(i)))
		}
		if f.hosts == nil {
			f.hosts = map[string]int{}
		}
		f.hosts[b.Mark(i).Host]++
		b.Acknowledge(i)
		taken--
	}
	return err
}

func (f *far) Reopen() error { return nil }

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

func (f *far) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lines)
}

func (f *far) tell(decide func(left int) (int, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide = decide
}

func away(int) (int, error) { return 0, errAway }

// outputs parses specs, all for every event.
func outputs(t testing.TB, specs ...string) (all []config.Config) {
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

// to returns options with which the outputs unix:/0, unix:/1 and so on deliver to the far
// ends.
func to(t testing.TB, o Options, ends ...*far) Options {
	t.Helper()
	o.pace = quick
	for i := range ends {
		o.Outputs = append(o.Outputs, outputs(t, fmt.Sprintf("unix:/%d", i))...)
	}
	i := 0
	o.open = func(*config.Config, func(string)) (transport.Transport, error) {
		i++
		return ends[i-1], nil
	}
	return o
}

// start opens and starts a shipper.
func start(t testing.TB, o Options) *Shipper {
	t.Helper()
	if o.Note == nil {
		o.Note = func(string) {}
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

// end waits for the end, and closes the shipper.
func end(t testing.TB, s *Shipper) error {
	t.Helper()
	wait.Until(t, func() bool { return isClosed(s.Done()) })
	return s.Close()
}

// once delivers what is there, and ends without an error.
func once(t testing.TB, o Options) {
	t.Helper()
	s := start(t, o)
	s.Finish(0)
	if err := end(t, s); err != nil {
		t.Fatal(err)
	}
}
