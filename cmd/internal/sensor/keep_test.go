package sensor

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/file"
	"tlsfloor/capture/pcap"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/keep"
)

// keptFile is a keep.Writer that writes to memory.
type keptFile struct {
	content    []byte
	interfaces uint32
}

func (k *keptFile) Interface(link capture.LinkType, name string) uint32 {
	k.content = pcap.AppendInterface(k.content, link, name)
	k.interfaces++
	return k.interfaces - 1
}

func (k *keptFile) Write(blocks []byte, _ int) { k.content = append(k.content, blocks...) }

// frames reads the file back.
func (k *keptFile) frames(t testing.TB) []capture.Frame {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kept.pcapng")
	if err := os.WriteFile(name, k.content, 0o600); err != nil {
		t.Fatal(err)
	}
	return framesOf(t, name)
}

func framesOf(t testing.TB, name string) (frames []capture.Frame) {
	t.Helper()
	src, err := file.Open([]string{name}, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for {
		var f capture.Frame
		if src.Next(&f) != nil {
			return frames
		}
		f.Data = slices.Clone(f.Data)
		frames = append(frames, f)
	}
}

// keepRun runs frames through n workers (1: a Sensor), and keeps the packets of flagged
// flows. It returns the events of flagged flows, or of all, without their source, sorted.
func keepRun(t testing.TB, n int, src capture.Source, all bool) (events []string, kept *keptFile, stats keep.Stats) {
	t.Helper()
	kept = &keptFile{content: pcap.AppendSection(nil, "test")}
	k := keep.New(kept, 16<<20)
	runWith(t, n, src, func() Options {
		o := lineOptions(t, nil)
		o.Keep = k
		o.Deliver = func(f *classify.Finding) {
			f.Source = ""
			for i := range f.Copies {
				f.Copies[i].Source = ""
			}
			if f.Flagged || all {
				events = append(events, string(event.NewNative(event.Sensor{}).AppendFinding(nil, f)))
			}
		}
		return o
	})
	slices.Sort(events)
	return events, kept, k.Stats()
}

// checkKept: the packets that were kept have the flagged flows, all of them and (all) no
// others, and are the same with several workers, from a source that lends its frames and from one
// that does not.
func checkKept(t *testing.T, frames []capture.Frame, all bool) {
	t.Helper()
	want, kept, stats := keepRun(t, 1, &memorySource{frames: frames}, false)
	again, _, _ := keepRun(t, 1, &memorySource{frames: kept.frames(t)}, all)
	if !slices.Equal(again, want) {
		t.Errorf("read again:\n%s\nwant:\n%s", strings.Join(again, "\n"), strings.Join(want, "\n"))
	}
	if int(stats.Flows) != len(want) || stats.NotWhole != 0 {
		t.Errorf("%d flagged: %+v", len(want), stats)
	}
	if comments := bytes.Count(kept.content, []byte("community_id")); comments != len(want) {
		t.Errorf("%d comments of %d flows", comments, len(want))
	}
	for _, n := range []int{2, 3} {
		if _, other, _ := keepRun(t, n, &memorySource{frames: frames}, false); !sameFrames(t, other, kept) {
			t.Errorf("%d workers keep other packets", n)
		}
	}
}

// sameFrames compares the frames of two files without their order: flows that end with
// the capture are judged in another order by several workers.
func sameFrames(t *testing.T, a, b *keptFile) bool {
	return slices.Equal(sortedFrames(a.frames(t)), sortedFrames(b.frames(t)))
}

func sortedFrames(frames []capture.Frame) (list []string) {
	for _, f := range frames {
		list = append(list, fmt.Sprintf("%d %d %d %x", f.Time, f.Length, f.Link, f.Data))
	}
	slices.Sort(list)
	return list
}

// Property: a file with the packets of the flagged flows gives their events when it is
// read, whatever the packets are wrapped in.
func TestKeptGivesTheSameEvents(t *testing.T) {
	for _, name := range readableCaptures(t) {
		t.Run(name, func(t *testing.T) {
			if name == "openssl-tls10-dns-tcp.pcap" {
				t.Skip("a response over TCP is not kept: see TestKeptWithoutItsName")
			}
			frames := framesOf(t, filepath.Join(captures, name))
			// Two flows with the same addresses and ports are kept together.
			checkKept(t, frames, name != "mirrored-twice.pcap")
			checkKept(t, cutFrames(frames, 300), name != "mirrored-twice.pcap")
			if _, skip := cannotRecut[name]; !skip {
				checkKept(t, transform(rand.New(rand.NewSource(1)), frames), true)
			}
		})
	}
}

// The same for all recordings one after the other: other link types, other sources, the
// same addresses again. They are files, whose frames are lent.
func TestKeptOfManyFiles(t *testing.T) {
	var paths []string
	for _, name := range readableCaptures(t) {
		if !strings.Contains(name, "dns-tcp") && name != "mirrored-twice.pcap" {
			paths = append(paths, filepath.Join(captures, name))
		}
	}
	var first *keptFile
	for _, n := range []int{1, 2, 3} {
		src, err := file.Open(paths, file.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, kept, stats := keepRun(t, n, src, false)
		again, _, _ := keepRun(t, 1, &memorySource{frames: kept.frames(t)}, false)
		if len(want) < 50 || cmp.Diff(withoutCopies(again), withoutCopies(want)) != "" || stats.NotWhole != 0 {
			t.Errorf("%d workers: %d events, and again %d: %+v\n%s", n, len(want), len(again), stats, cmp.Diff(withoutCopies(want), withoutCopies(again)))
		}
		if first == nil {
			first = kept
		} else if !sameFrames(t, first, kept) {
			t.Errorf("%d workers keep other packets", n)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// withoutCopies removes the places of copies. There are more than an event lists: the
// captures with tunnels have the same connections.
func withoutCopies(events []string) (out []string) {
	for _, e := range events {
		out = append(out, alsoSeen.ReplaceAllString(e, ""))
	}
	return out
}

var alsoSeen = regexp.MustCompile(`"also_seen":\[.*?\],"host"`)

// A flow that was flagged by a name from DNS over TCP is kept, without that name.
func TestKeptWithoutItsName(t *testing.T) {
	frames := framesOf(t, filepath.Join(captures, "openssl-tls10-dns-tcp.pcap"))
	want, kept, _ := keepRun(t, 1, &memorySource{frames: frames}, false)
	again, _, _ := keepRun(t, 1, &memorySource{frames: kept.frames(t)}, true)
	if len(want) != 1 || len(again) != 1 || !strings.Contains(again[0], `"verdict":"violation"`) || !bytes.Contains(kept.content, []byte(" by dns")) {
		t.Errorf("%v\n%v", want, again)
	}
}

// failingFile is a keptFile that panics once.
type failingFile struct {
	keptFile
	failed bool
}

func (f *failingFile) Write(blocks []byte, n int) {
	if !f.failed {
		f.failed = true
		panic("a bug")
	}
	f.keptFile.Write(blocks, n)
}

// A panic over a frame that is kept costs what is held, and the run goes on.
func TestFaultWhileKeeping(t *testing.T) {
	first, second := read(t, "openssl-tls10-sni.pcap"), read(t, "smtp-tls10.pcap")
	frames := append(first, second...)
	for _, n := range []int{1, 2} {
		kept := &failingFile{keptFile: keptFile{content: pcap.AppendSection(nil, "test")}}
		k := keep.New(kept, 4<<20)
		faults := 0
		stats := runWith(t, n, &memorySource{frames: frames}, func() Options {
			var events []string
			o := lineOptions(t, &events)
			o.Keep, o.Report = k, func(error) { faults++ }
			return o
		})
		again, _, _ := keepRun(t, 1, &memorySource{frames: kept.frames(t)}, true)
		if stats.Faults != 1 || faults != 1 || len(again) != 1 || !strings.Contains(again[0], `"starttls":"smtp"`) {
			t.Errorf("%d workers: %d faults, %d reported, %d events: %v; %+v, %d frames", n, stats.Faults, faults, len(again), again, k.Stats(), len(kept.frames(t)))
		}
	}
}

// Without Options.Keep nothing but the sensor itself processes frames. With it, packets of
// settled connections allocate nothing either.
func TestKeepingCostsNoAllocation(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	if s.processor() != processor(s) {
		t.Error("another type processes the frames")
	}
	o := lineOptions(t, new([]string))
	o.Keep = keep.New(&keptFile{}, 4<<20)
	s = New(o)
	p := s.processor()
	frames := read(t, "curl-tls12-sni.pcap")
	for i := range frames {
		p.Process(&frames[i])
	}
	last := len(frames) - 1
	if n := testing.AllocsPerRun(100, func() { p.Process(&frames[last]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The packets of a flow whose event the allowance of its tunnel's sender does not cover are
// not written either: one datagram for each must not fill the disk.
func TestKeptOfATunnelsSenderIsBounded(t *testing.T) {
	frames := floodFrames(t, 0, flood{stranger, 7, 300})
	for _, n := range []int{1, 2} {
		k := keep.New(&keptFile{}, 4<<20)
		events, stats := runWorkers(t, n, frames, func(o *Options) { o.TunnelEvents, o.Keep = 100, k })
		if s := k.Stats(); stats.Flagged != 300 || len(events) != 100 || s.Flows != 100 || s.Packets != 300 || s.NotWhole != 0 {
			t.Errorf("%d workers: %d events, %+v", n, len(events), s)
		}
		none := keep.New(&keptFile{}, 4<<20) // no output wants events
		events, _ = runWorkers(t, n, frames, func(o *Options) {
			o.TunnelEvents, o.Keep, o.FlaggedOnly = 100, none, true
			o.Emit = func(*classify.Finding) bool { return false }
		})
		if len(events) != 0 || none.Stats() != k.Stats() {
			t.Errorf("%d workers, without outputs: %d events, %+v", n, len(events), none.Stats())
		}
	}
}

// A flow whose verdict comes only after a pause is still held then, whatever other packets
// say of the time: keeping goes by the clock of the flow tables.
func TestKeptUntilTheTableGivesUp(t *testing.T) {
	frames := read(t, "openssl-tls10-unanswered.pcap")
	_, want, _ := keepRun(t, 1, &memorySource{frames: frames}, false)
	begin := frames[len(frames)-1].Time
	other := wrap.Segment{Src: netip.MustParseAddrPort("10.9.9.1:40000"), Dst: victim, Flags: decode.ACK}
	at := func(seconds int64, flags uint8) {
		s := other
		s.Flags = flags
		frames = append(frames, *segment(s, nil, begin+seconds*1e9))
	}
	at(10, decode.ACK) // the pause is true for those who see acknowledgements, and in doubt for others
	at(11, decode.SYN)
	at(12, decode.SYN)
	for range 5 {
		at(250, decode.SYN)
	}
	for _, n := range []int{1, 3} {
		_, kept, stats := keepRun(t, n, &memorySource{frames: frames}, false)
		if stats.Flows != 1 || stats.NotWhole != 0 || !sameFrames(t, kept, want) {
			t.Errorf("%d workers: %+v, and %d frames, not %d", n, stats, len(kept.frames(t)), len(want.frames(t)))
		}
	}
}

// The first packets after a pause are kept, though the clock doubts it until others say the
// same.
func TestKeptAfterAPause(t *testing.T) {
	kept := read(t, "openssl-tls10-sni.pcap")[3:] // from the SYN on
	var frames []capture.Frame
	other := func(at int64) {
		frames = append(frames, *segment(wrap.Segment{Src: netip.MustParseAddrPort("10.9.9.1:40000"), Dst: victim, Flags: decode.SYN}, nil, at))
	}
	for i := range int64(5) {
		other(kept[0].Time - 250e9 + i*1e6)
	}
	frames = append(frames, kept[0])
	for range 3 {
		other(kept[0].Time)
	}
	frames = append(frames, kept[1:]...)
	_, want, _ := keepRun(t, 1, &memorySource{frames: kept}, false)
	for _, n := range []int{1, 3} {
		if _, got, stats := keepRun(t, n, &memorySource{frames: frames}, false); !sameFrames(t, got, want) {
			t.Errorf("%d workers: %d frames, not %d: %+v", n, len(got.frames(t)), len(want.frames(t)), stats)
		}
	}
}
