package sensor

import (
	"encoding/json"
	"errors"
	"math/rand"
	"net"
	"slices"
	"strconv"
	"strings"
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
		n.note(&o, &Fault{"here", "why"})
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
			r = NewWorkers([]Options{o})
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
			r = NewWorkers([]Options{lineOptions(t, &events), lineOptions(t, &events)})
		}
		var f *Fault
		if err := r.Run(&broken{replayed{frames: frames}}, func() bool { return true }); !errors.As(err, &f) {
			t.Errorf("%d workers: %v", n, err)
		}
		compareLines(t, events, want)
	}
}
