package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/faketime"
	"tlsfloor/cmd/internal/testing/wait"
)

// A far end that accepts part of a batch and then fails, again and again, gets every
// event once and in order.
func TestNothingLostNothingDoubled(t *testing.T) {
	const n = 2000
	for name, mode := range map[string]Options{"live": {Live: true}, "from files": {}, "encoded by whom sends": {Inline: true}} {
		for seed := range uint64(4) {
			random := rand.New(rand.NewPCG(seed, 1))
			var sent atomic.Int64
			end := &far{decide: func(left int) (int, error) {
				switch random.IntN(4) {
				case 0:
					return 0, errAway
				case 1:
					return random.IntN(left + 1), errAway
				case 2: // slow: others gather meanwhile
					more := min(sent.Load()+random.Int64N(60), n)
					wait.Until(t, func() bool { return sent.Load() >= more })
				}
				return left, nil
			}}
			mode.Memory, mode.Seed, mode.Grace = 2<<20, seed, 1000*time.Hour
			s, clock := openTimed(t, configs(t, "unix:/x"), to(mode, end))
			for i := range n {
				s.Send(inSpare(s, finding(i)))
				if sent.Add(1)%20 == 0 {
					clock.Until(t, func() bool { return isEncoded(s) })
				}
			}
			if _, err := closeTimed(t, s, clock); err != nil {
				t.Error(err)
			}
			c := tallyOf(t, n, end.received())
			stats := s.Stats()[0]
			if c != (tally{sent: n}) || stats.Sent != n || stats.Dropped != 0 || stats.Waiting != 0 {
				t.Errorf("%s, seed %d: %v, %+v", name, seed, c, stats)
			}
			if seed == 0 {
				t.Logf("%s: %v; %d attempts failed", name, c, stats.Retries)
			}
		}
	}
}

// A batch that was accepted completely is not sent again, even with an error: UDP may
// refuse lines that are too long and then report a closed port.
func TestTakenBatchIsNotSentAgain(t *testing.T) {
	end := &far{decide: away}
	o := to(Options{Live: true}, end)
	o.pace.Max = time.Millisecond
	s, clock := openTimed(t, configs(t, "unix:/x"), o)
	const n = 300
	for i := range n {
		s.Send(finding(i))
		if i == n/3 {
			clock.Until(t, func() bool { return s.Stats()[0].Retries > 0 })
			end.tell(func(left int) (int, error) { return left, errAway })
		}
	}
	clock.Until(t, func() bool { return s.Stats()[0].Sent == n })
	closeSet(t, s)
	if c := tallyOf(t, n, end.received()); c != (tally{sent: n}) {
		t.Error(c)
	}
}

// A reader that hangs does not block Send, and dropped events are counted.
func TestLiveNeverBlocks(t *testing.T) {
	const n = 10_000
	end := &far{hold: make(chan struct{})}
	var told said
	s, clock := openTimed(t, configs(t, "unix:/x"), to(Options{Live: true, Memory: 1 << 20, Note: told.note}, end))
	sendPaced(t, s, clock, 0, n)
	close(end.hold)
	err := s.Close()
	stats := s.Stats()[0]
	if stats.Dropped == 0 || stats.Sent+stats.Dropped != n || len(end.received()) != int(stats.Sent) {
		t.Errorf("%+v for %d events", stats, n)
	}
	if want := fmt.Sprintf("%d events were not sent", stats.Dropped); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if strings.Count(told.text(), "no room for more events") != 1 {
		t.Errorf("said %q", told.text())
	}
	c := tallyOf(t, n, end.received())
	if c.doubled+c.disordered > 0 || c.lost != int(stats.Dropped) {
		t.Error(c)
	}
	t.Logf("%d events at a reader that is stuck: %d dropped and counted", n, stats.Dropped)
}

// In a live run, Send takes no lock that is held while events are encoded or a backlog
// is used.
func TestLiveSendWaitsForNobody(t *testing.T) {
	s, _ := openTimed(t, configs(t, "unix:/x"), to(Options{Live: true}, &far{}))
	const n = 2 * liveQueueLength
	s.encoding.Lock()
	s.outputs[0].backlog.mu.Lock()
	sent := make(chan struct{})
	go func() { sendAll(s, 0, n); close(sent) }()
	wait.Until(t, func() bool { return isOver(sent) })
	s.outputs[0].backlog.mu.Unlock()
	s.encoding.Unlock()
	if err := s.Close(); err == nil {
		t.Error("nothing is said to be lost")
	}
	if stats := s.Stats()[0]; stats.Sent != liveQueueLength || stats.Dropped != n-liveQueueLength {
		t.Errorf("%+v", stats)
	}
}

// A run over captures waits, with bounded memory.
func TestFilesWaitForASlowReader(t *testing.T) {
	for _, inline := range []bool{false, true} {
		filesWaitForASlowReader(t, inline)
	}
}

func filesWaitForASlowReader(t *testing.T, inline bool) {
	end := &far{hold: make(chan struct{})}
	s := openSet(t, configs(t, "-"), to(Options{Memory: 100_000, Inline: inline}, end))
	var sent atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 3000 {
			s.Send(finding(i))
			sent.Add(1)
		}
	}()
	wait.UntilBlocked(t, "sink.(*backlog).add")
	wait.UntilBlocked(t, "sink.(*Set).Send")
	if n := sent.Load(); n > 1000 || n < 100 {
		t.Errorf("%d events were taken", n)
	}
	close(end.hold)
	<-done
	closeSet(t, s)
	if c := tallyOf(t, 3000, end.received()); c != (tally{sent: 3000}) {
		t.Error(c)
	}
}

// An event is delivered soon, even if no other follows: a capture may be a pipe.
func TestSentIsThereSoon(t *testing.T) {
	for _, mode := range []Options{{}, {Inline: true}, {Live: true}} {
		end := &far{}
		s, clock := openTimed(t, configs(t, "-"), to(mode, end))
		began := clock.Now()
		for sent := range 3 * inlineLength {
			s.Send(inSpare(s, finding(sent)))
			if sent%7 == 0 || sent%inlineLength == 0 {
				clock.Until(t, func() bool { return len(end.received()) == sent+1 })
			}
		}
		if passed := clock.Now().Sub(began); passed > 20*(gatherTime+quick.Linger) {
			t.Errorf("%+v: %v have passed", mode, passed)
		}
		closeSet(t, s)
	}
}

// An output that hangs does not affect the others.
func TestOutputsDoNotWaitForEachOther(t *testing.T) {
	stuck, good := &far{hold: make(chan struct{})}, &far{}
	s, clock := openTimed(t, configs(t, "unix:/stuck", "unix:/good"), to(Options{Live: true, Memory: 1 << 20, Grace: 20 * time.Millisecond}, stuck, good))
	for sent := 0; sent < 5000; sent += 100 {
		sendAll(s, sent, sent+100)
		clock.Until(t, func() bool { return len(good.received()) == sent+100 })
	}
	if _, err := closeTimed(t, s, clock); err == nil || !strings.Contains(err.Error(), "unix:/stuck: ") || strings.Contains(err.Error(), "unix:/good") {
		t.Error(err)
	}
	if stats := s.Stats(); stats[0].Sent != 0 || stats[0].Dropped == 0 || stats[1].Sent != 5000 || stats[1].Dropped != 0 {
		t.Errorf("%+v", stats)
	}
}

// Each output has its own selection and format, and all get the counts.
func TestSelectionAndFormat(t *testing.T) {
	ends := []*far{{}, {}, {}}
	s := openSet(t, configs(t, "unix:/1?emit=flagged", "unix:/2?emit=aws&format=ecs", "unix:/3?emit=all&format=ocsf"), to(Options{}, ends...))
	for _, f := range []classify.Finding{{Flagged: true, InScope: true}, {InScope: true}, {}} {
		if !s.Wants(&f) {
			t.Errorf("%+v is not wanted", f)
		}
		s.Send(&f)
	}
	s.SendStats(&event.Stats{Packets: 77})
	closeSet(t, s)
	for i, want := range []struct {
		findings int
		format   string
	}{{1, `"schema":"tlsfloor/1"`}, {2, `"ecs"`}, {3, `"class_uid"`}} {
		lines := ends[i].received()
		kinds := 0
		for _, line := range lines {
			if strings.Contains(line, want.format) {
				kinds++
			}
		}
		if len(lines) < want.findings || len(lines) > want.findings+1 || kinds == 0 {
			t.Errorf("output %d: %q", i, lines)
		}
	}
	if first := ends[0].received(); !strings.Contains(first[len(first)-1], `"packets":77`) {
		t.Error("the counts do not come last")
	}
	only := openSet(t, configs(t, "unix:/1?emit=flagged"), to(Options{}, &far{}))
	if only.Wants(&classify.Finding{InScope: true}) {
		t.Error("what no output wants is wanted")
	}
	closeSet(t, only)
}

// Close does not wait for a line if the format has none for counts.
func TestEventsWithoutALine(t *testing.T) {
	for _, o := range []Options{{Live: true}, {}, {Inline: true}} {
		for sent := range 2 {
			end := new(far)
			s, _ := openTimed(t, configs(t, "unix:/x?format=zeek"), to(o, end))
			s.SendStats(&event.Stats{Packets: 77})
			if sent > 0 {
				s.Send(finding(1))
			}
			s.SendStats(&event.Stats{Packets: 78})
			closed := make(chan struct{})
			go func() { closeSet(t, s); close(closed) }()
			wait.Until(t, func() bool { return isOver(closed) })
			if len(end.received()) != sent {
				t.Errorf("%+v: received %q", o, end.received())
			}
		}
	}
}

// If an encoder panics, that output loses one event, which is counted and reported, and
// no other, although many are encoded at a time.
func TestFaultOfAnEncoder(t *testing.T) {
	for _, o := range []Options{{Live: true}, {}, {Inline: true}} {
		native, text := new(far), new(far)
		var told said
		o.Note = told.note
		s := openSet(t, configs(t, "unix:/x", "unix:/y?format=text"), to(o, native, text))
		const n = 100
		for i := range n {
			f := finding(i)
			if i == 5 || i == 40 {
				f.Outcome = classify.Truncated + 1 // which a line of text does not name
			}
			s.Send(f)
		}
		err := s.Close()
		want := slices.DeleteFunc(numbers(n), func(i int) bool { return i == 5 || i == 40 })
		if got := numbersOf(t, native.received()); !slices.Equal(got, want) {
			t.Errorf("%+v: received %v", o, got)
		}
		if lines := text.received(); len(lines) != n {
			t.Errorf("%+v: the other output received %d", o, len(lines))
		}
		if stats := s.Stats(); stats[0].Dropped != 2 || stats[0].Sent != n-2 || stats[1].Dropped != 0 {
			t.Errorf("%+v", stats)
		}
		if err == nil || !strings.Contains(err.Error(), "unix:/x: 2 events were not sent, and are lost") {
			t.Errorf("Close: %v", err)
		}
		lines := strings.Split(told.text(), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "unix:/x: a fault of tlsfloor's own, please report it: tlsfloor/classify.Outcome.String, line ") {
			t.Errorf("reported %q", lines)
		}
	}
}

// An attacker who causes faults again and again does not fill the log.
func TestFaultsReportedAreBounded(t *testing.T) {
	var told said
	s := openSet(t, configs(t, "unix:/x"), to(Options{Note: told.note}, new(far)))
	const n = 100
	for i := range n {
		f := finding(i)
		f.Outcome = classify.Truncated + 1
		s.Send(f)
	}
	_ = s.Close()
	lines := strings.Split(told.text(), "\n")
	if len(lines) != maxFaults || !strings.Contains(lines[maxFaults-1], "only counted") || s.Stats()[0].Dropped != n {
		t.Errorf("%d dropped, reported %q", s.Stats()[0].Dropped, lines)
	}
}

func numbers(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func numbersOf(t *testing.T, lines []string) (all []int) {
	for _, line := range lines {
		all = append(all, numberOf(t, line))
	}
	return all
}

func TestMarks(t *testing.T) {
	for _, tt := range []struct {
		item queued
		want transport.Mark
	}{
		{queued{finding: &classify.Finding{Flagged: true, Verdict: classify.Violation, Observation: classify.Observation{Time: 5}}}, transport.Mark{Time: 5, Severity: transport.Warning}},
		{queued{finding: &classify.Finding{Flagged: true, Verdict: classify.Attempt}}, transport.Mark{Severity: transport.Notice}},
		{queued{finding: &classify.Finding{Verdict: classify.Violation}}, transport.Mark{Severity: transport.Informational}},
		{queued{stats: &event.Stats{Time: 6}}, transport.Mark{Time: 6, Kind: transport.Stats, Severity: transport.Informational}},
	} {
		if got := tt.item.mark(); got != tt.want {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
	}
}

// broken fails every Write.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// A reader like head closes early: the run may stop, without an error.
func TestReaderThatLeaves(t *testing.T) {
	s := openSet(t, configs(t, "-"), Options{Stdout: broken{syscall.EPIPE}})
	sendAll(s, 0, 5000) // does not block
	wait.Until(t, func() bool { return errors.Is(s.Err(), syscall.EPIPE) })
	if err := s.Close(); !errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "lost") {
		t.Error(err)
	}
}

func TestReaderThatLeavesWhileAFileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	var told said
	s := openSet(t, configs(t, "-", "file:"+path), Options{Stdout: broken{syscall.EPIPE}, Note: told.note})
	sendAll(s, 0, 100)
	wait.Until(t, func() bool { return strings.Contains(told.text(), "stdout: given up: broken pipe") })
	sendAll(s, 100, 200)
	if err := s.Err(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); !errors.Is(err, syscall.EPIPE) {
		t.Error(err)
	}
	if c := tallyOf(t, 200, linesOf(t, path)); c != (tally{sent: 200}) {
		t.Error(c)
	}
}

func linesOf(t testing.TB, names ...string) (lines []string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")...)
	}
	return lines
}

func TestDiskErrorOnStandardOutput(t *testing.T) {
	s := openSet(t, configs(t, "-"), Options{Stdout: broken{syscall.EIO}})
	sendAll(s, 0, 10)
	if err := s.Close(); !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), "writing events: ") {
		t.Error(err)
	}
}

// Over captures, a full disk is waited for without end, unless EndBy ends that.
func TestFullDiskIsWaitedFor(t *testing.T) {
	var told said
	s, clock := openTimed(t, configs(t, "-"), Options{Stdout: broken{syscall.ENOSPC}, Note: told.note})
	clock.Longest = 2 * time.Second // between attempts
	sendAll(s, 0, 10)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	began := clock.Now()
	clock.Until(t, func() bool { return clock.Now().Sub(began) > 100*defaultGrace })
	if len(closed) > 0 || !strings.Contains(told.text(), "no space left on device; events wait") {
		t.Errorf("said %q", told.text())
	}
	s.EndBy(clock.Now().Add(time.Second))
	clock.Until(t, func() bool { return len(closed) > 0 })
	if err := <-closed; err == nil || !strings.Contains(err.Error(), "10 events were not sent, and are lost") {
		t.Error(err)
	}
}

// A writer that hangs is left behind after a timeout.
func TestCloseIsBounded(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	clock := faketime.New()
	s := mustOpen(t, configs(t, "-"), Options{Live: true, Stdout: w, Grace: 50 * time.Millisecond, clock: clock})
	sendPaced(t, s, clock, 0, 3000)
	began := clock.Now()
	closed := make(chan struct{})
	go func() { err = s.Close(); close(closed) }()
	o := s.outputs[0]
	clock.Until(t, func() bool { return o.ctx.Err() != nil })
	clock.Longest = cancelTimeout // it waits for the writer now
	clock.Until(t, func() bool { return isOver(closed) })
	if d := clock.Now().Sub(began); d > 5*time.Second {
		t.Errorf("Close took %v", d)
	}
	if stats := s.Stats()[0]; err == nil || stats.Waiting == 0 || stats.Sent+stats.Waiting+stats.Dropped != 3000 {
		t.Errorf("%v, %+v", err, stats)
	}
	r.Close() // which ends the write
	w.Close()
}

// A run over captures waits for its reader, but not after EndBy.
func TestEndByIsKept(t *testing.T) {
	for _, inline := range []bool{false, true} {
		r, w := io.Pipe() // nobody reads
		s, clock := openTimed(t, configs(t, "-"), Options{Stdout: w, Inline: inline, Memory: 64 << 10})
		sent := make(chan struct{})
		go func() { sendAll(s, 0, 2000); close(sent) }()
		wait.UntilBlocked(t, "sink.(*backlog).add")
		wait.UntilBlocked(t, "sink.(*Set).Send")
		if memory := s.outputs[0].backlog.waiting(); memory <= 30 {
			t.Errorf("%d events wait", memory)
		}
		begin := clock.Now()
		s.EndBy(begin.Add(900 * time.Millisecond))
		clock.Until(t, func() bool { return isOver(sent) })
		if passed := clock.Now().Sub(begin); passed < 300*time.Millisecond {
			t.Errorf("a run over files does not wait for its reader: %v", passed)
		}
		_, err := closeTimed(t, s, clock)
		if took := clock.Now().Sub(begin); took > 1200*time.Millisecond || err == nil || !strings.Contains(err.Error(), "2000 events were not sent, and are lost") {
			t.Errorf("after %v: %v", took, err)
		}
		r.Close()
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	s := openSet(t, configs(t, "file:"+path), Options{Live: true})
	sendAll(s, 0, 100)
	wait.Until(t, func() bool { return s.Stats()[0].Sent == 100 })
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	sendAll(s, 100, 200)
	closeSet(t, s)
	if len(linesOf(t, path+".1")) != 100 || tallyOf(t, 200, linesOf(t, path+".1", path)) != (tally{sent: 200}) {
		t.Error("the files do not add up")
	}
}

// SIGHUP makes the next attempt start at once.
func TestReopenTriesAgainAtOnce(t *testing.T) {
	end := &far{decide: func(int) (int, error) { return 0, transport.Wrong(errAway) }}
	o := to(Options{Live: true}, end)
	o.pace.Max = time.Hour
	s, clock := openTimed(t, configs(t, "unix:/x"), o)
	sendAll(s, 0, 10)
	clock.Until(t, func() bool { return s.Stats()[0].Retries == 1 })
	clock.UntilAlarm(t, time.Hour)
	end.tell(nil)
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, func() bool { return s.Stats()[0].Sent == 10 })
	closeSet(t, s)
}

// Retry-After is obeyed, but Close does not wait for it.
func TestServerAskedToWait(t *testing.T) {
	asked := false
	end := &far{}
	end.tell(func(left int) (int, error) {
		if !asked {
			asked = true
			return 0, &transport.Failure{Err: errAway, After: time.Hour}
		}
		return left, nil
	})
	s, clock := openTimed(t, configs(t, "unix:/x"), to(Options{Live: true}, end))
	sendAll(s, 0, 10)
	clock.Until(t, func() bool { return s.Stats()[0].Retries == 1 })
	clock.UntilAlarm(t, time.Hour)
	clock.Advance(time.Hour - 1)
	if n := len(end.received()); n > 0 {
		t.Errorf("%d events before it was time", n)
	}
	closeSet(t, s)
	if n := len(end.received()); n != 10 {
		t.Errorf("%d events", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	for want, specs := range map[string][]string{
		"file:/none/x: open /none/x: no such file": {"file:/none/x"},
		"stdout is given twice":                    {"-", "-?format=ecs"},
		folder + "/e is given twice":               {"file:" + folder + "/e", "file:" + folder + "/e?format=ecs"},
		"open /none: no such file":                 {"splunk+https://127.0.0.1:1?token-file=/none"},
		"has no TLSFLOOR_NONE":                     {"elasticsearch+https://127.0.0.1:1/i?api-key-env=TLSFLOOR_NONE"},
		"syslog+tls://127.0.0.1:1: open /none":     {"file:" + folder + "/f", "syslog+tls://127.0.0.1:1?ca=/none"},
	} {
		s, err := Open(configs(t, specs...), Options{Live: true})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", specs, err, want)
		}
		if s != nil {
			closeSet(t, s)
		}
	}
	// Nothing is left open or locked.
	closeSet(t, openSet(t, configs(t, "file:"+folder+"/f"), Options{}))
}

func TestErrorsAreOneLine(t *testing.T) {
	err := join(nil, errAway, nil, syscall.EPIPE, nil)
	if err == nil || err.Error() != "the far end is away; broken pipe" || !errors.Is(err, errAway) || !errors.Is(err, syscall.EPIPE) {
		t.Error(err)
	}
	if err := join(nil, nil); err != nil {
		t.Error(err)
	}
}

func TestNeeds(t *testing.T) {
	folder := t.TempDir()
	s := openSet(t, configs(t, "-", "file:"+folder+"/e", "unix:/run/x", "syslog+udp://127.0.0.1:1"), Options{Live: true, Stdout: &bytes.Buffer{}})
	n := s.Needs()
	if n.Network || !slices.Equal(n.Sockets, []string{"/run/x"}) || len(n.Read) != 0 || !slices.Equal(n.Write, []string{folder + "/e"}) {
		t.Errorf("%+v", n)
	}
	closeSet(t, s)
	for spec, want := range map[string]bool{"syslog+tcp://localhost:1": true, "syslog+tcp://127.0.0.1:1": false, "syslog+udp://[::1]:1": false} {
		s := openSet(t, configs(t, spec), to(Options{Live: true}, &far{})) // nothing is looked up
		if got := s.Needs().Network; got != want {
			t.Errorf("%s looks up names: %t", spec, got)
		}
		closeSet(t, s)
	}
}

func TestManySenders(t *testing.T) {
	var out bytes.Buffer
	s := openSet(t, configs(t, "-"), Options{Stdout: &out})
	var all sync.WaitGroup
	for part := range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			sendAll(s, 1000*part, 1000*part+1000)
		}()
	}
	all.Wait()
	closeSet(t, s)
	c := tallyOf(t, 4000, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"))
	if c.lost+c.doubled > 0 {
		t.Error(c)
	}
}

// In a live run, each line is written without waiting for another.
func TestWritesWithoutClose(t *testing.T) {
	end := &far{}
	s, clock := openTimed(t, configs(t, "-"), to(Options{}, end))
	for i := range 3 {
		s.Send(finding(i))
		clock.Until(t, func() bool { return len(end.received()) == i+1 })
	}
	closeSet(t, s)
}

// An output that fails again and again is not reported each time.
func TestTroubleIsSaidOnce(t *testing.T) {
	n := 0
	end := &far{decide: func(left int) (int, error) {
		if n++; n%2 == 0 {
			return left, nil
		}
		return 0, errAway
	}}
	var told said
	s, clock := openTimed(t, configs(t, "unix:/x"), to(Options{Live: true, Note: told.note}, end))
	for i := range 50 {
		s.Send(finding(i))
		clock.Until(t, func() bool { return s.Stats()[0].Sent == uint64(i+1) })
	}
	closeSet(t, s)
	if lines := strings.Split(told.text(), "\n"); len(lines) != 2 || !strings.Contains(lines[0], "away") || !strings.Contains(lines[1], "works again") {
		t.Errorf("said %q", lines)
	}
}

func BenchmarkSend(b *testing.B) {
	b.ReportAllocs()
	s, err := Open(configs(b, "-"), Options{Stdout: nothing{}})
	if err != nil {
		b.Fatal(err)
	}
	f := finding(1)
	for b.Loop() {
		s.Send(f)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
