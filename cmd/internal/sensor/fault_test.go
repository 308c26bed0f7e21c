package sensor

import (
	"errors"
	"math/rand"
	"strings"
	"testing"

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

// A packet that leads to a fault costs the handshakes under way, and not the
// run: what was found before it and what comes later is there, with one sensor
// and with several.
func TestFaultDoesNotEndTheRun(t *testing.T) {
	frames := merged(rand.New(rand.NewSource(3)), recordings(t))
	all, _ := watchedBy(t, 1, &replayed{frames: frames})
	client := clientIn(t, all[len(all)/2])
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
			r = NewWorkers(each)
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
		if len(events) < len(all)/2 || !contains(events, all[0]) || !contains(events, all[len(all)-1]) {
			t.Errorf("%d workers: %d events of %d", n, len(events), len(all))
		}
	}
}

func clientIn(t *testing.T, event string) string {
	t.Helper()
	_, rest, _ := strings.Cut(event, `"src_ip":"`)
	ip, rest, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, `"src_port":`)
	port, _, ok := strings.Cut(rest, ",")
	if !ok || strings.Contains(ip, ":") {
		t.Fatalf("no client in %s", event)
	}
	return ip + ":" + port
}

func contains(lines []string, want string) bool {
	for _, l := range lines {
		if l == want {
			return true
		}
	}
	return false
}

// Faults without end are counted, and said a few times.
func TestFaultsAreSaidAFewTimes(t *testing.T) {
	var reported []error
	o := Options{Report: func(err error) { reported = append(reported, err) }}
	var n faults
	for range 1000 {
		n.note(&o, &Fault{"here", "why"})
	}
	if n != 1000 || len(reported) != maxFaults+1 {
		t.Errorf("%d counted, %d said", n, len(reported))
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
			r = NewWorkers([]Options{lineOptions(t, &events), lineOptions(t, &events)})
		}
		var f *Fault
		if err := r.Run(&broken{replayed{frames: frames}}, func() bool { return true }); !errors.As(err, &f) {
			t.Errorf("%d workers: %v", n, err)
		}
		compareLines(t, events, want)
	}
}
