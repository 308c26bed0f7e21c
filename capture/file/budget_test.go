package file

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
	"tlsfloor/capture/testing/captures"
)

// overlapping writes n compressed captures of the same time, each with a window
// of so many bytes, and returns their names and all frames in time order.
func overlapping(t *testing.T, n, window int) (names []string, frames []capture.Frame) {
	frames = distinctFrames(rand.New(rand.NewPCG(71, 72)), 40*n)
	for i := range n {
		var own []capture.Frame
		for k := i; k < len(frames); k += n {
			own = append(own, frames[k])
		}
		packed := captures.Compress(t, captures.Pcap(t, own), func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithSingleSegment(false)) })
		packed[5] = byte(bits.Len(uint(window))-11) << 3 // RFC 8878, 3.1.1.1.2: any window, for any content
		names = append(names, writeTemp(t, fmt.Sprintf("%d.zst", i), packed))
	}
	return names, frames
}

// readNoting reads all frames, and returns them with the errors of inputs.
func readNoting(t *testing.T, s *Source) (frames []capture.Frame, errs []error) {
	t.Helper()
	for {
		f, err := nextCopy(s)
		var input *capture.InputError
		switch {
		case err == io.EOF:
			return frames, errs
		case errors.As(err, &input):
			errs = append(errs, err)
		default:
			check(t, err)
			frames = append(frames, f)
		}
		if used := s.budget.used; used > s.budget.most {
			t.Fatalf("%d bytes are used of %d", used, s.budget.most)
		}
	}
}

// TestMemoryIsShared: as many of several overlapping captures are read at once as there
// is memory for. The others are read after them, completely.
func TestMemoryIsShared(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	const window, n = 8 << 20, 12
	names, frames := overlapping(t, n, window)
	for _, tt := range []struct {
		memory  int64
		inOrder bool
	}{{n * (window + 2<<20), true}, {3 * (window + 2<<20), false}, {window + 2<<20, false}} {
		s := mustOpen(t, Options{Memory: tt.memory}, names...)
		if need := s.Need(); need < window || need > window+2<<20 {
			t.Errorf("an input needs %d bytes", need)
		}
		got, errs := readNoting(t, s)
		if tt.inOrder {
			captures.Same(t, got, frames)
		} else {
			slices.SortStableFunc(got, func(a, b capture.Frame) int { return int(a.Time - b.Time) })
		}
		if captures.Same(t, got, frames); len(errs) > 1 || len(errs) == 0 != tt.inOrder || len(errs) > 0 && !errors.Is(errs[0], ErrDeferred) {
			t.Errorf("with %d bytes: %v", tt.memory, errs)
		}
		check(t, s.Close())
		if s.budget.used != 0 {
			t.Errorf("%d bytes are not given back", s.budget.used)
		}
	}
}

// TestMemoryOfOne: a capture that needs more memory than there is for all is not read,
// but the others are.
func TestMemoryOfOne(t *testing.T) {
	names, _ := overlapping(t, 1, 32<<20)
	few, frames := overlapping(t, 2, 1<<20)
	s := mustOpen(t, Options{Memory: 16 << 20}, append(names, few...)...)
	defer s.Close()
	got, errs := readNoting(t, s)
	captures.Same(t, got, frames)
	var memory *MemoryError
	if len(errs) != 1 || !errors.As(errs[0], &memory) || memory.Most != 16<<20 || memory.Need < 32<<20 || memory.Need > s.Need() {
		t.Errorf("%v, of which an input needs %d", errs, s.Need())
	}
	if !errors.Is(errs[0], capture.ErrUnsupported) {
		t.Errorf("%v is not an unsupported capture", errs[0])
	}
}

// TestMemoryOfRecords: a long block makes the buffer of its input longer. A thousand
// long blocks at once do not exceed the memory.
func TestMemoryOfRecords(t *testing.T) {
	long := writeTemp(t, "long", longFrames(t))
	var names []string
	for range 20 {
		names = append(names, long)
	}
	for memory, told := range map[int64]bool{32 << 20: false, 8 << 20: true} {
		s := mustOpen(t, Options{Memory: memory}, names...)
		got, errs := readNoting(t, s) // which looks at the memory
		if len(got)+len(errs) < 2*len(names) || (len(errs) > 0) != told {
			t.Errorf("%d frames, %v", len(got), errs)
		}
		check(t, s.Close())
	}
}

// longFrames returns a capture of two frames. The second has the greatest possible
// length.
func longFrames(t *testing.T) []byte {
	return captures.Pcapng(t, []capture.Frame{
		{Time: 1e9, Data: make([]byte, 60), Length: 60, Link: capture.LinkEthernet},
		{Time: 2e9, Data: make([]byte, pcap.MaxCaptured), Length: pcap.MaxCaptured, Link: capture.LinkEthernet},
	})
}
