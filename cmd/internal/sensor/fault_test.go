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

// failing makes the findings of a client panic, as a mistake in judging them
// would, and collects what is reported.
func failing(o *Options, client string, reported *[]error) {
	o.Tally = func(f *classify.Finding) {
		if f.Client.String() == client {
			var none []int
			_ = none[f.Client.Port()]
		}
	}
	o.Report = func(err error) { *reported = append(*reported, err) }
}

// A packet that leads to a fault costs its connection, and nothing else: all that
// was found and is found without it is there, with one sensor and with several.
func TestFaultDoesNotEndTheRun(t *testing.T) {
	frames := merged(rand.New(rand.NewSource(3)), recordings(t))
	all, _ := watchedBy(t, 1, &replayed{frames: frames})
	client := clientIn(t, all[len(all)/2])
	want := slices.DeleteFunc(slices.Clone(all), func(event string) bool { return clientIn(t, event) == client })
	for _, n := range []int{1, 2, 3} {
		var events []string
		var reported []error
		var each []Options
		for range n {
			o := lineOptions(t, &events)
			failing(&o, client, &reported)
			each = append(each, o)
		}
		var r runner = New(each[0])
		if n > 1 {
			r = NewWorkers(each[0], each)
		}
		if err := r.Run(&replayed{frames: frames}, func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		var f *Fault
		if len(reported) == 0 || !errors.As(reported[0], &f) || !strings.Contains(f.At, "failing") {
			t.Fatalf("%d workers: reported %v", n, reported)
		}
		if r.Stats().Faults != uint64(len(reported)) {
			t.Errorf("%d workers: %d faults counted, %d reported", n, r.Stats().Faults, len(reported))
		}
		compareLines(t, events, want)
	}
}

// clientIn is who an event is of.
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

// Faults without end are counted, and said a few times.
func TestFaultsAreSaidAFewTimes(t *testing.T) {
	var reported []error
	o := Options{Report: func(err error) { reported = append(reported, err) }}
	var n faults
	for range 1000 {
		n.add(&o, new(Fault))
	}
	if n != 1000 || len(reported) != maxFaults+1 {
		t.Errorf("%d counted, %d said", n, len(reported))
	}
}

// What fails while the capture is over is passed over: the rest is concluded.
func TestFaultAtTheEnd(t *testing.T) {
	frames := unanswered(t, time.Now())
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
		if err := r.Run(&replayed{frames: append(slices.Clone(frames), other...)}, func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		if len(events) != 1 || len(reported) != 1 {
			t.Errorf("%d events, reported %v", len(events), reported)
		}
	}
}

// broken is a source that panics in the middle.
type broken struct{ replayed }

func (b *broken) Next(f *capture.Frame) error {
	if len(b.frames) < 100 {
		panic("no more")
	}
	return b.replayed.Next(f)
}

// A fault of the source ends the run, with what was found until then.
func TestFaultOfTheSource(t *testing.T) {
	frames := merged(rand.New(rand.NewSource(4)), recordings(t))
	want, _ := watchedBy(t, 1, &replayed{frames: frames[:len(frames)-99]})
	for _, n := range []int{1, 2} {
		var events []string
		var r runner = New(lineOptions(t, &events))
		if n > 1 {
			r = NewWorkers(lineOptions(t, &events), []Options{lineOptions(t, &events), lineOptions(t, &events)})
		}
		var f *Fault
		if err := r.Run(&broken{replayed{frames: frames}}, func() bool { return true }); !errors.As(err, &f) {
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

// Where delivering, reporting or noticing panics, no frame is to blame: the run
// ends, soon, and says why. All that was found until then is delivered once, but
// for the finding that was being delivered. One worker and several do the same.
func TestFailureOutsideEndsTheRun(t *testing.T) {
	frames := merged(rand.New(rand.NewSource(5)), recordings(t))
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
			o.Notice = func(_, _ netip.AddrPort) { fail() }
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
			r := sensors(o, n)
			src := &replayed{frames: frames, quiet: 50}
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
				t.Errorf("%s, %d workers: %d events are doubled", name, n, len(events)-len(once))
			}
		}
	}
}

// sensors makes a Sensor, or n workers.
func sensors(o Options, n int) runner {
	if n == 1 {
		return New(o)
	}
	return NewWorkers(o, slices.Repeat([]Options{o}, n))
}

// runWithin fails when a run does not end: worse than a crash, after which the
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

// meddling changes a batch in flight, after a while.
type meddling struct {
	replayed
	workers *Workers
}

func (m *meddling) Next(f *capture.Frame) error {
	if w := m.workers; len(m.frames) < 100 && len(w.inFlight) > 0 {
		w.inFlight[0].faults = nil // which reset takes to be one for each shard
	}
	return m.replayed.Next(f)
}

// A mistake of Workers itself, in delivering a batch, ends the run.
func TestFailureOfWorkersEndsTheRun(t *testing.T) {
	frames := merged(rand.New(rand.NewSource(6)), recordings(t))
	var events []string
	w := sensors(lineOptions(t, &events), 2).(*Workers)
	var f *Fault
	err := runWithin(t, w, &meddling{replayed{frames: frames}, w})
	if !errors.As(err, &f) || !f.Ends || !strings.Contains(f.At, "reset") {
		t.Errorf("%v", err)
	}
	if st := w.Stats(); len(events) == 0 || st.Faults != 0 {
		t.Errorf("%d events, %d faults", len(events), st.Faults)
	}
}
