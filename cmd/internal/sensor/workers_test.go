package sensor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
)

// runner is a Sensor or Workers.
type runner interface {
	Run(capture.Source, func() bool) error
	Stats() Stats
}

// lineOptions are options of a sensor that appends every finding to events, as a line.
func lineOptions(t testing.TB, events *[]string) Options {
	t.Helper()
	p, err := policy.New(policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Policy: p, Names: names.NewStore(names.Options{}), Flow: flow.Options{MaxFlows: 1 << 14},
		Emit: func(*classify.Finding) bool { return true }, Report: func(err error) { t.Error(err) },
		Deliver: func(f *classify.Finding) {
			*events = append(*events, string(event.NewNative(event.Sensor{}).AppendFinding(nil, f)))
		},
	}
}

// eventsOf runs a source through n workers (1: a plain Sensor).
func eventsOf(t testing.TB, n int, src capture.Source) ([]string, Stats) {
	t.Helper()
	var events []string
	stats := runWith(t, n, src, func() Options { return lineOptions(t, &events) })
	return events, stats
}

// runWith runs a source through n workers (1: a plain Sensor). with makes the options of
// each.
func runWith(t testing.TB, n int, src capture.Source, with func() Options) Stats {
	t.Helper()
	var r runner = New(with())
	if n > 1 {
		var each []Options
		for range n {
			each = append(each, with())
		}
		r = NewWorkers(with(), each)
	}
	if err := r.Run(src, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	return r.Stats()
}

// memorySource is a source of frames in memory. As with libpcap, a frame's bytes are
// overwritten by the next one.
type memorySource struct {
	frames []capture.Frame
	buffer []byte
	quiet  int // a timeout comes after every quiet frames; 0: never
	n      int
	stats  capture.Stats
}

func (r *memorySource) Next(f *capture.Frame) error {
	if r.n++; r.quiet > 0 && r.n%r.quiet == 0 {
		return capture.ErrTimeout
	}
	if len(r.frames) == 0 {
		return io.EOF
	}
	*f = r.frames[0]
	r.frames = r.frames[1:]
	for i := range r.buffer {
		r.buffer[i] = 0xa5
	}
	r.buffer = append(r.buffer[:0], f.Data...)
	f.Data = r.buffer
	r.stats.Frames++
	return nil
}

func (r *memorySource) Stats() capture.Stats { return r.stats }
func (r *memorySource) Close() error         { return nil }

// readableCaptures are the names of the recorded captures that can be read to their end.
func readableCaptures(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(captures)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), "cut-short") {
			names = append(names, e.Name())
		}
	}
	return names
}

// allRecordings are the frames of the recorded captures, one slice for each capture.
func allRecordings(t testing.TB) (all [][]capture.Frame) {
	t.Helper()
	for _, name := range readableCaptures(t) {
		all = append(all, read(t, name))
	}
	return all
}

// mergeRandomly merges captures at random. The frames of each keep their order.
func mergeRandomly(r *rand.Rand, all [][]capture.Frame) (frames []capture.Frame) {
	left := slices.Clone(all)
	now := int64(1_700_000_000e9)
	for len(left) > 0 {
		i := r.Intn(min(len(left), 40))
		f := left[i][0]
		now += r.Int63n(20e6)
		if r.Intn(500) == 0 {
			now += r.Int63n(120e9) // long enough for handshakes in progress to time out
		}
		f.Time = now
		frames = append(frames, f)
		if left[i] = left[i][1:]; len(left[i]) == 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return frames
}

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}

// compareLines fails at the first line that only one of two lists has.
func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	got, want = sorted(got), sorted(want)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%d events, want %d; the first that differs is %d:\ngot  %s\nwant %s", len(got), len(want), i,
				strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}
}

// Property: several workers find the same as one sensor, in each capture.
func TestWorkersFindWhatOneFinds(t *testing.T) {
	for _, frames := range allRecordings(t) {
		t.Run(filepath.Base(frames[0].Source), func(t *testing.T) {
			want, wantStats := eventsOf(t, 1, &memorySource{frames: frames})
			for n := 2; n <= 5; n++ {
				got, stats := eventsOf(t, n, &memorySource{frames: frames})
				compareLines(t, got, want)
				compareStats(t, stats, wantStats)
			}
		})
	}
}

// Property: they do so in all captures merged, with their DNS, timeouts, and pauses in
// which connections time out. A second run gives the same order.
func TestWorkersAgreeOnMerges(t *testing.T) {
	all := allRecordings(t)
	for seed := range int64(6) {
		r := rand.New(rand.NewSource(seed))
		frames := mergeRandomly(r, all)
		want, wantStats := eventsOf(t, 1, &memorySource{frames: frames})
		for _, n := range []int{2, 3, 7} {
			got, stats := eventsOf(t, n, &memorySource{frames: frames, quiet: 100 + r.Intn(1000)})
			compareLines(t, got, want)
			compareStats(t, stats, wantStats)
			again, _ := eventsOf(t, n, &memorySource{frames: frames})
			if !slices.Equal(again, got) {
				t.Fatal("another order the second time")
			}
		}
	}
}

// Property: the findings are the same if a file lends its buffers.
func TestWorkersOnLentFrames(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	all := allRecordings(t)
	for i := range all {
		all[i] = slices.DeleteFunc(slices.Clone(all[i]), func(f capture.Frame) bool { return f.Link != capture.LinkEthernet })
	}
	all = slices.DeleteFunc(all, func(frames []capture.Frame) bool { return len(frames) == 0 })
	var frames []capture.Frame
	for len(frames) < 40000 {
		frames = append(frames, mergeRandomly(r, all)...)
	}
	name := filepath.Join(t.TempDir(), "merged.pcap")
	writePcap(t, name, frames)
	want, _ := eventsOf(t, 1, openCapture(t, name))
	for _, n := range []int{2, 4} {
		got, _ := eventsOf(t, n, openCapture(t, name))
		compareLines(t, got, want)
	}
}

func openCapture(t *testing.T, name string) capture.Source {
	src, err := file.Open([]string{name}, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func writePcap(t *testing.T, name string, frames []capture.Frame) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(f)
	le := binary.LittleEndian
	head := le.AppendUint32(nil, 0xa1b23c4d)
	head = le.AppendUint16(le.AppendUint16(head, 2), 4)
	head = append(head, make([]byte, 8)...)
	head = le.AppendUint32(le.AppendUint32(head, 262144), 1)
	_, _ = out.Write(head)
	for _, f := range frames {
		h := le.AppendUint32(nil, uint32(f.Time/1e9))
		h = le.AppendUint32(h, uint32(f.Time%1e9))
		h = le.AppendUint32(le.AppendUint32(h, uint32(len(f.Data))), uint32(f.Length))
		_, _ = out.Write(append(h, f.Data...))
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// compareStats compares the counts that a summary shows.
func compareStats(t *testing.T, got, want Stats) {
	t.Helper()
	got.Source, want.Source = capture.Stats{}, capture.Stats{}
	got.Flow.Followed, want.Flow.Followed = 0, 0 // DNS over TCP is followed elsewhere
	got.Flow.Bytes, want.Flow.Bytes = 0, 0
	// A shard does not follow the one recorded connection of DNS over TCP, so it
	// forgets it sooner, and counts it as a new one when it goes on.
	if d := int64(got.Flow.Flows - want.Flow.Flows); d >= -1 && d <= 1 && got.Flow.Expired-want.Flow.Expired == got.Flow.Flows-want.Flow.Flows {
		got.Flow.Flows, got.Flow.Expired = want.Flow.Flows, want.Flow.Expired
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// When between returns false, or after MaxFrames, the findings until then are delivered.
func TestWorkersStop(t *testing.T) {
	frames := mergeRandomly(rand.New(rand.NewSource(2)), allRecordings(t))[:1000]
	want, _ := eventsOf(t, 1, &memorySource{frames: frames[:700]})
	var events []string
	o := lineOptions(t, &events)
	o.MaxFrames = 700
	w := NewWorkers(o, []Options{lineOptions(t, &events), lineOptions(t, &events)})
	if err := w.Run(&memorySource{frames: frames}, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	compareLines(t, events, want)

	want, _ = eventsOf(t, 1, &memorySource{frames: frames[:512]})
	events = nil
	w = NewWorkers(lineOptions(t, &events), []Options{lineOptions(t, &events), lineOptions(t, &events)})
	calls := 0
	err := w.Run(&memorySource{frames: frames}, func() bool { calls++; return calls < 2 })
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, events, want)
}

// Both directions of a connection belong to the same shard.
func TestShardOfIsSymmetric(t *testing.T) {
	count := make([]int, 4)
	s := newSensor(t, func(*classify.Finding) {})
	for _, frames := range allRecordings(t) {
		for i := range frames {
			s.decoder.Decode(&frames[i], s.sessions.Packet)
			back := *s.sessions.Packet
			back.Src, back.Dst, back.SrcPort, back.DstPort = back.Dst, back.Src, back.DstPort, back.SrcPort
			at := flow.ShardOf(s.sessions.Packet, len(count))
			if other := flow.ShardOf(&back, len(count)); other != at {
				t.Fatalf("shards %d and %d", at, other)
			}
			count[at]++
		}
	}
	for i, n := range count {
		if n == 0 {
			t.Errorf("shard %d has no connections", i)
		}
	}
}
