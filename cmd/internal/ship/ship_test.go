package ship

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/wait"
)

// Events arrive in order, once, as the sensor has encoded them, and a shipper that is
// started again goes on where the last one has ended.
func TestDelivers(t *testing.T) {
	w := newWriter(t, journal.Options{})
	w.write(1000)
	end0, end1 := &far{}, &far{}
	o := to(t, Options{Inputs: []string{w.folder}}, end0, end1)
	s := start(t, o)
	w.write(1000)
	wait.Until(t, func() bool { return end0.count() == 2000 && end1.count() == 2000 })
	s.Stop(time.Second)
	if err := end(t, s); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*far{end0, end1} {
		if c := tallyOf(t, 2000, f.received()); c != (tally{sent: 2000}) || f.closed != 1 || f.hosts["bastion-1"] != 2000 {
			t.Errorf("%v, closed %d times, %v", c, f.closed, f.hosts)
		}
	}
	if want := strings.TrimSuffix(string(appendEvent(nil, 7)), "\n"); end0.received()[7] != want {
		t.Errorf("%s, want %s", end0.received()[7], want)
	}
	if stats := s.Stats()[0]; stats.Sent != 2000 || stats.Next != 2000 {
		t.Errorf("%+v", stats)
	}
	w.write(10)
	again := to(t, Options{Inputs: []string{w.folder}}, end0, end1)
	once(t, again)
	if c := tallyOf(t, 2010, end0.received()); c != (tally{sent: 2010}) {
		t.Error(c)
	}
}

// Each output has its own selection, and its cursor goes behind what it does not want.
func TestSelections(t *testing.T) {
	w := newWriter(t, journal.Options{})
	w.write(4 * maxPassed)
	ends := []*far{{}, {}, {}}
	o := to(t, Options{Inputs: []string{w.folder}}, ends...)
	for i, selection := range []config.Selection{config.SelectFlagged, config.SelectScoped, config.SelectAll} {
		o.Outputs[i].Emit = selection
	}
	s := start(t, o)
	s.Finish(0)
	if err := end(t, s); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2 * maxPassed, 3 * maxPassed, 4 * maxPassed} {
		if n := ends[i].count(); n != want {
			t.Errorf("output %d has %d events, want %d", i, n, want)
		}
		if next := s.Stats()[i].Next; next != 4*maxPassed {
			t.Errorf("output %d stands before event %d", i, next)
		}
	}
}

// What was not acknowledged is delivered again, with the same bytes; what was is not.
func TestStoppedInABatch(t *testing.T) {
	w := newWriter(t, journal.Options{})
	w.write(500)
	f := &far{decide: func(left int) (int, error) { return min(left, 3), errAway }}
	s := start(t, to(t, Options{Inputs: []string{w.folder}}, f))
	wait.Until(t, func() bool { return f.count() >= 30 })
	s.Stop(time.Millisecond)
	if err := end(t, s); err != nil {
		t.Fatal(err)
	}
	f.tell(nil)
	once(t, to(t, Options{Inputs: []string{w.folder}}, f))
	if c := tallyOf(t, 500, f.received()); c != (tally{sent: 500}) {
		t.Error(c)
	}
}

// A far end that is away costs no memory, and the others nothing. It gets everything when
// it is back.
func TestFarEndIsAway(t *testing.T) {
	w := newWriter(t, journal.Options{})
	gone, there := &far{decide: away}, &far{}
	var told said
	s := start(t, to(t, Options{Inputs: []string{w.folder}, Note: told.note}, gone, there))
	const rounds, each = 10, 2000
	var before uint64
	for i := range rounds {
		w.write(each)
		wait.Until(t, func() bool { return there.count() == (i+1)*each })
		if i == 1 {
			before = heap()
		}
	}
	there.mu.Lock()
	there.lines = nil // the test's own memory
	there.mu.Unlock()
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("the memory has grown by %d bytes", grown)
	}
	if gone.count() != 0 || s.Stats()[0].Failure != "the far end is away" || s.Stats()[1].Failure != "" || !strings.Contains(told.text(), "unix:/0: the far end is away; events wait") {
		t.Errorf("%+v, %q", s.Stats(), told.text())
	}
	gone.tell(nil)
	wait.Until(t, func() bool { return gone.count() == rounds*each })
	s.Stop(time.Second)
	if err := end(t, s); err != nil || !strings.Contains(told.text(), "unix:/0: works again") {
		t.Errorf("%v, %q", err, told.text())
	}
	if c := tallyOf(t, rounds*each, gone.received()); c != (tally{sent: rounds * each}) {
		t.Error(c)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Two shippers with the same output on one journal would deliver everything twice.
func TestTwoShippersAreRefused(t *testing.T) {
	w := newWriter(t, journal.Options{})
	s := start(t, to(t, Options{Inputs: []string{w.folder}}, &far{}))
	o := to(t, Options{Inputs: []string{w.folder}, Note: func(string) {}}, &far{})
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "unix:/0: another tlsfloor delivers "+w.folder+" there") {
		t.Error(err)
	}
	other := to(t, Options{Inputs: []string{w.folder}}, &far{}, &far{})
	other.Outputs = other.Outputs[1:]
	once(t, other)
	s.Stop(time.Second)
	if err := end(t, s); err != nil {
		t.Error(err)
	}
	same := to(t, Options{Inputs: []string{w.folder}, Note: func(string) {}}, &far{}, &far{})
	same.Outputs[1] = same.Outputs[0]
	if _, err := Open(same); err == nil || !strings.Contains(err.Error(), "is given twice") {
		t.Error(err)
	}
}

// Damage is reported and counted, and costs the events that it is in. The end is an error.
func TestDamage(t *testing.T) {
	w := newWriter(t, journal.Options{})
	w.write(300)
	path := filepath.Join(w.folder, "0000000000000000.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte{'\n'})
	for i := range 20 { // one in ten, and two in a row
		lines[10*i+5][100] ^= 1
	}
	lines[6][100] ^= 1
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	var told said
	f := &far{}
	s := start(t, to(t, Options{Inputs: []string{w.folder}, Note: told.note}, f))
	s.Finish(0)
	if err := end(t, s); err == nil || !strings.Contains(err.Error(), "unix:/0: 21 events lost") {
		t.Error(err)
	}
	if f.count() != 279 || s.Stats()[0].Lost != 21 {
		t.Errorf("%d events arrived, %+v", f.count(), s.Stats()[0])
	}
	if n := strings.Count(told.text(), "\n") + 1; n != maxReports || !strings.Contains(told.text(), "further losses are only counted") ||
		!strings.Contains(told.text(), ": damaged: 2 events lost") {
		t.Errorf("%d messages: %s", n, told.text())
	}
	once(t, to(t, Options{Inputs: []string{w.folder}}, f)) // it is not reported again
}

// What is removed before it was read is lost, and counted.
func TestRemovedBeforeItWasRead(t *testing.T) {
	w := newWriter(t, journal.Options{Size: journal.MinSize})
	w.write(100)
	f := &far{}
	once(t, to(t, Options{Inputs: []string{w.folder}}, f))
	w.write(5000)
	s := start(t, to(t, Options{Inputs: []string{w.folder}}, f))
	s.Finish(0)
	err := end(t, s)
	stats := s.Stats()[0]
	if err == nil || stats.Lost == 0 || stats.Lost+uint64(f.count()) != 5100 || stats.Next != 5100 {
		t.Errorf("%v, %+v, %d arrived", err, stats, f.count())
	}
}

// Several inputs, journals and files, have a place each, in the folder that is given.
func TestSeveralInputs(t *testing.T) {
	w := newWriter(t, journal.Options{})
	file, state := filepath.Join(t.TempDir(), "events.jsonl"), t.TempDir()
	var lines []byte
	for i := range 1000 {
		lines = appendEvent(lines, 1000+i)
	}
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	w.write(1000)
	f := &far{}
	o := Options{Inputs: []string{w.folder, file}, State: state}
	once(t, to(t, o, f))
	once(t, to(t, o, f))
	c := tallyOf(t, 2000, f.received())
	if c.lost+c.doubled > 0 {
		t.Error(c)
	}
	if entries, err := os.ReadDir(state); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	if entries, _ := os.ReadDir(journal.Cursors(w.folder)); len(entries) > 0 {
		t.Errorf("%v are made in the journal", entries)
	}
	o.State = ""
	o.Inputs = o.Inputs[1:]
	once(t, to(t, o, f))
	once(t, to(t, o, f))
	if f.count() != 4000 {
		t.Errorf("%d events: without a folder, the place is not kept", f.count())
	}
}

// An end does not wait for a far end that makes no progress, or longer than it may.
func TestEndIsBounded(t *testing.T) {
	w := newWriter(t, journal.Options{})
	w.write(100)
	for name, finish := range map[string]func(*Shipper){
		"in time": func(s *Shipper) { s.Finish(50 * time.Millisecond) },
		"stopped": func(s *Shipper) { s.Stop(50 * time.Millisecond) },
	} {
		f := &far{hold: make(chan struct{})}
		s := start(t, to(t, Options{Inputs: []string{w.folder}}, f))
		wait.UntilBlocked(t, "ship.(*far).Deliver")
		began := time.Now()
		finish(s)
		if err := end(t, s); (err == nil) != (name == "stopped") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 10*time.Second || took < 50*time.Millisecond {
			t.Errorf("%s: it took %v", name, took)
		}
	}
	f := &far{decide: away}
	s := start(t, to(t, Options{Inputs: []string{w.folder}}, f))
	began := time.Now()
	s.Finish(0)
	if err := end(t, s); err == nil || !strings.Contains(err.Error(), "unix:/0: not everything was delivered") || time.Since(began) < grace {
		t.Errorf("%v, after %v", err, time.Since(began))
	}
	f.tell(nil)
	once(t, to(t, Options{Inputs: []string{w.folder}}, f))
	if c := tallyOf(t, 100, f.received()); c != (tally{sent: 100}) {
		t.Error(c)
	}
}

// broken is an input whose file system fails.
type broken struct{ err error }

func (b *broken) Seek(journal.Position) error { return nil }
func (b *broken) Position() journal.Position  { return journal.Position{} }
func (b *broken) Close() error                { return nil }
func (b *broken) Next() ([]byte, journal.Position, error) {
	return nil, journal.Position{}, b.err
}

// An input that cannot be read is reported once, tried again, and an error at the end.
func TestInputThatCannotBeRead(t *testing.T) {
	f, told := &far{}, said{}
	w := newWriter(t, journal.Options{})
	w.write(10)
	s, err := Open(to(t, Options{Inputs: []string{w.folder}, Note: told.note}, f))
	if err != nil {
		t.Fatal(err)
	}
	source := s.outputs[0].source
	whole := source.inputs[0].reader
	source.inputs[0].reader = &broken{syscall.EIO}
	for range 3 {
		if b, wait, err := source.Take(); b != nil || wait != retryRead || err != nil {
			t.Errorf("%v, %v, %v", b, wait, err)
		}
	}
	if err := *source.failure.Load(); !errors.Is(err, syscall.EIO) || strings.Count(told.text(), "input/output error; it is tried again") != 1 {
		t.Errorf("%v, %q", err, told.text())
	}
	source.inputs[0].reader = whole
	s.Start()
	s.Finish(0)
	if err := end(t, s); err != nil || f.count() != 10 {
		t.Errorf("%v, %d events", err, f.count())
	}
}
