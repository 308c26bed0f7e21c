package sensor

import (
	"encoding/json"
	"errors"
	"math/rand"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/classify"
)

// failForClient causes a panic for each finding of a client, as a bug in judging would,
// and collects the errors that are reported.
func failForClient(o *Options, client string, reported *[]error) {
	o.Tally = func(f *classify.Finding) {
		if f.Client.String() == client {
			var none []int
			_ = none[f.Client.Port()]
		}
	}
	o.Report = func(err error) { *reported = append(*reported, err) }
}

// A packet that causes a fault costs its connection and nothing else: all other findings
// are the same as without it, with one sensor and with several.
func TestFaultDoesNotEndTheRun(t *testing.T) {
	frames := mergeRandomly(rand.New(rand.NewSource(3)), allRecordings(t))
	all, _ := eventsOf(t, 1, &memorySource{frames: frames})
	// A fault over a connection that timed out puts off others that are due, to the next
	// second: so it is one whose handshake was complete.
	at := len(all) / 2
	at += slices.IndexFunc(all[at:], func(event string) bool {
		client := clientIn(t, event)
		return !slices.ContainsFunc(all, func(e string) bool {
			return clientIn(t, e) == client && !strings.Contains(e, `"outcome":"established"`)
		})
	})
	client := clientIn(t, all[at])
	want := slices.DeleteFunc(slices.Clone(all), func(event string) bool { return clientIn(t, event) == client })
	for _, n := range []int{1, 2, 3} {
		var events []string
		var reported []error
		var each []Options
		for range n {
			o := lineOptions(t, &events)
			failForClient(&o, client, &reported)
			each = append(each, o)
		}
		var r runner = New(each[0])
		if n > 1 {
			r = NewWorkers(each[0], each)
		}
		if err := r.Run(&memorySource{frames: frames}, func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		var f *Fault
		if len(reported) == 0 || !errors.As(reported[0], &f) || !strings.Contains(f.At, "failForClient") {
			t.Fatalf("%d workers: reported %v", n, reported)
		}
		if r.Stats().Faults != uint64(len(reported)) {
			t.Errorf("%d workers: %d faults counted, %d reported", n, r.Stats().Faults, len(reported))
		}
		compareLines(t, events, want)
	}
}

// clientIn is the client's address in an event.
func clientIn(t *testing.T, event string) string {
	t.Helper()
	var e struct {
		IP   string `json:"src_ip"`
		Port uint16 `json:"src_port"`
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(e.IP, strconv.Itoa(int(e.Port)))
}

// Any number of faults is counted, and the first few are reported.
func TestFaultReportsAreBounded(t *testing.T) {
	var reported []error
	o := Options{Report: func(err error) { reported = append(reported, err) }}
	var n faults
	for range 1000 {
		n.add(&o, new(Fault))
	}
	if n != 1000 || len(reported) != maxFaults+1 {
		t.Errorf("%d counted, %d reported", n, len(reported))
	}
}

// A fault while connections are ended, after the capture, costs that connection: the
// others are still reported.
func TestFaultAtTheEnd(t *testing.T) {
	frames := upToClientHello(t, time.Now())
	other := slices.Clone(frames)
	for i := range other {
		other[i].Data = slices.Clone(other[i].Data)
		other[i].Data[14+12]++ // the first byte of one end's address, here and as the destination
		if i%2 == 1 {
			other[i].Data[14+12]--
			other[i].Data[14+16]++
		}
	}
	for _, n := range []int{1, 2} {
		var events []string
		var reported []error
		o := lineOptions(t, &events)
		tallied := 0
		o.Report = func(err error) { reported = append(reported, err) }
		o.Tally = func(*classify.Finding) {
			if tallied++; tallied == 1 {
				panic("the first")
			}
		}
		var r runner = New(o)
		if n > 1 {
			r = NewWorkers(o, []Options{o})
		}
		if err := r.Run(&memorySource{frames: append(slices.Clone(frames), other...)}, func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		if len(events) != 1 || len(reported) != 1 {
			t.Errorf("%d events, reported %v", len(events), reported)
		}
	}
}

// brokenSource panics in the middle of its frames.
type brokenSource struct{ memorySource }

func (b *brokenSource) Next(f *capture.Frame) error {
	if len(b.frames) < 100 {
		panic("no more")
	}
	return b.memorySource.Next(f)
}

// A panic in the source ends the run. The findings until then are delivered.
func TestFaultOfTheSource(t *testing.T) {
	frames := mergeRandomly(rand.New(rand.NewSource(4)), allRecordings(t))
	want, _ := eventsOf(t, 1, &memorySource{frames: frames[:len(frames)-99]})
	for _, n := range []int{1, 2} {
		var events []string
		var r runner = New(lineOptions(t, &events))
		if n > 1 {
			r = NewWorkers(lineOptions(t, &events), []Options{lineOptions(t, &events), lineOptions(t, &events)})
		}
		var f *Fault
		if err := r.Run(&brokenSource{memorySource{frames: frames}}, func() bool { return true }); !errors.As(err, &f) {
			t.Errorf("%d workers: %v", n, err)
		}
		compareLines(t, events, want)
	}
}

// failOnce returns a function that panics when it is called for the nth time.
func failOnce(nth int64) func() {
	var calls atomic.Int64
	return func() {
		if calls.Add(1) == nth {
			panic("a mistake outside of the sensor")
		}
	}
}

// A panic in Deliver, Report or Notice is caused by no frame: the run ends soon, and
// returns it. All findings until then are delivered once, except the one that was being
// delivered. One worker and several do the same.
func TestFailureOutsideEndsTheRun(t *testing.T) {
	frames := mergeRandomly(rand.New(rand.NewSource(5)), allRecordings(t))
	for name, tt := range map[string]struct {
		breaks func(o *Options)
		lost   uint64
		faults uint64
	}{
		"delivering": {breaks: func(o *Options) {
			fail, deliver := failOnce(5), o.Deliver
			o.Deliver = func(f *classify.Finding) { fail(); deliver(f) }
		}, lost: 1},
		"noticing": {breaks: func(o *Options) {
			fail := failOnce(5)
			o.Notice = func(_, _ netip.AddrPort, _ bool) { fail() }
		}},
		"reporting a fault": {breaks: func(o *Options) {
			tally, report := failOnce(5), failOnce(1)
			o.Tally = func(*classify.Finding) { tally() }
			o.Report = func(error) { report() }
		}, lost: 1, faults: 1},
	} {
		for _, n := range []int{1, 2, 3} {
			var events []string
			o := lineOptions(t, &events)
			tt.breaks(&o)
			r := newRunner(o, n)
			src := &memorySource{frames: frames, quiet: 50}
			err := runWithin(t, r, src)
			var f *Fault
			if !errors.As(err, &f) || !f.Ends || !strings.Contains(f.At, "failOnce") || !strings.HasSuffix(err.Error(), "the run ends") {
				t.Errorf("%s, %d workers: %v", name, n, err)
			}
			if len(src.frames) == 0 {
				t.Errorf("%s, %d workers: the run went on to the end of the capture", name, n)
			}
			st := r.Stats()
			if got := uint64(len(events)); got < 5 || got+tt.lost != st.Handshakes || st.Faults != tt.faults {
				t.Errorf("%s, %d workers: %d events of %d, %d faults", name, n, got, st.Handshakes, st.Faults)
			}
			slices.Sort(events)
			if once := slices.Compact(slices.Clone(events)); len(once) != len(events) {
				t.Errorf("%s, %d workers: %d events were delivered twice", name, n, len(events)-len(once))
			}
		}
	}
}

// newRunner makes a Sensor, or Workers with n shards.
func newRunner(o Options, n int) runner {
	if n == 1 {
		return New(o)
	}
	return NewWorkers(o, slices.Repeat([]Options{o}, n))
}

// runWithin fails if a run does not end. That is worse than a crash, after which the
// process is started again.
func runWithin(t *testing.T, r runner, src capture.Source) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(src, func() bool { return true }) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the run does not end")
		return nil
	}
}

// corruptingSource changes a batch in flight, after some frames.
type corruptingSource struct {
	memorySource
	workers *Workers
}

func (m *corruptingSource) Next(f *capture.Frame) error {
	if w := m.workers; len(m.frames) < 100 && len(w.inFlight) > 0 {
		w.inFlight[0].faults = nil // reset expects an element for each shard
	}
	return m.memorySource.Next(f)
}

// A panic of Workers itself, in delivering a batch, ends the run.
func TestFailureOfWorkersEndsTheRun(t *testing.T) {
	frames := mergeRandomly(rand.New(rand.NewSource(6)), allRecordings(t))
	var events []string
	w := newRunner(lineOptions(t, &events), 2).(*Workers)
	var f *Fault
	err := runWithin(t, w, &corruptingSource{memorySource{frames: frames}, w})
	if !errors.As(err, &f) || !f.Ends || !strings.Contains(f.At, "reset") {
		t.Errorf("%v", err)
	}
	if st := w.Stats(); len(events) == 0 || st.Faults != 0 {
		t.Errorf("%d events, %d faults", len(events), st.Faults)
	}
}
