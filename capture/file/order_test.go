package file

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// dealt distributes frames, a millisecond apart, to three files in turn. stray returns
// what is added to a frame's time.
func dealt(t *testing.T, n int, format func(testing.TB, []capture.Frame) []byte, stray func(i int) int64) []string {
	t.Helper()
	var files [3][]capture.Frame
	for i := range n {
		f := capture.Frame{Time: strayStart + int64(i)*1e6, Data: []byte(fmt.Sprintf("frame %06d", i)), Length: 60, Link: 1}
		f.Time += stray(i)
		files[i%3] = append(files[i%3], f)
	}
	dir := t.TempDir()
	var names []string
	for i, frames := range files {
		names = append(names, filepath.Join(dir, fmt.Sprint(i)))
		check(t, os.WriteFile(names[i], format(t, frames), 0o600))
	}
	return names
}

// second is a second in nanoseconds.
const second = 1_000_000_000

const strayStart = 1_772_366_400 * second

// TestStrayTimes: frames with wrong times keep their place in their file. The frames of
// other files neither wait for them nor come before them.
func TestStrayTimes(t *testing.T) {
	const frames, dayLong = 3000, 24 * 3600 * int64(second)
	lone := func(at int, by int64) func(int) int64 {
		return func(i int) int64 {
			if i == at {
				return by
			}
			return 0
		}
	}
	tests := map[string]struct {
		stray func(i int) int64
		// most is how many places a frame may be away from its own.
		most int
	}{
		"a day ahead":                {lone(1000, dayLong), 3},
		"two minutes ahead":          {lone(1000, 120*second), 3},
		"years ahead":                {lone(1000, 20*365*dayLong), 3},
		"a day behind":               {lone(1000, -dayLong), 3},
		"years behind":               {lone(1000, -50*365*dayLong), 3},
		"the first, a day ahead":     {lone(0, dayLong), 3},
		"the first, a day behind":    {lone(1, -dayLong), 3},
		"the last, a day behind":     {lone(frames-1, -dayLong), 3},
		"ten in a row, a day ahead":  {func(i int) int64 { return dayLong * int64(b2i(i >= 1000 && i < 1030 && i%3 == 0)) }, 33},
		"every tenth, a day ahead":   {func(i int) int64 { return dayLong * int64(b2i(i%10 == 0)) }, 3},
		"every tenth, a day behind":  {func(i int) int64 { return -dayLong * int64(b2i(i%10 == 0)) }, 33},
		"one of each file, in a row": {func(i int) int64 { return dayLong * int64(b2i(i >= 1000 && i < 1003)) }, 9},
	}
	for name, test := range tests {
		for kind, format := range map[string]func(testing.TB, []capture.Frame) []byte{"pcap": captures.Pcap, "pcapng": captures.Pcapng} {
			t.Run(name+", "+kind, func(t *testing.T) {
				got, err := readAll(t, dealt(t, frames, format, test.stray)...)
				check(t, err)
				if len(got) != frames {
					t.Fatalf("%d frames, want %d", len(got), frames)
				}
				for place, f := range got {
					var i int
					fmt.Sscanf(string(f.Data), "frame %d", &i)
					if off := place - i; off > test.most || -off > test.most {
						t.Fatalf("frame %d comes as number %d", i, place)
					}
					if want := strayStart + int64(i)*1e6 + test.stray(i); f.Time != want {
						t.Fatalf("frame %d is of time %d, want %d", i, f.Time, want)
					}
				}
			})
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestPausesStay: a pause of an hour in a file is no outlier: the frames of other files
// from that hour come first.
func TestPausesStay(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	const frames = 3000
	at, times := int64(strayStart), make([]int64, frames)
	for i := range times {
		at += int64(r.IntN(5)) * second
		if r.IntN(100) == 0 {
			at += 3600 * second
		}
		times[i] = at
	}
	var files [3][]capture.Frame
	current := 0
	for i, at := range times {
		if r.IntN(50) == 0 {
			current = r.IntN(3)
		}
		data := []byte(fmt.Sprintf("frame %06d", i))
		files[current] = append(files[current], capture.Frame{Time: at + int64(i), Data: data, Length: len(data), Link: 1})
	}
	var names []string
	for i, f := range files {
		names = append(names, writeTemp(t, fmt.Sprint(i), captures.Pcap(t, f)))
	}
	got, err := readAll(t, names...)
	check(t, err)
	for i, f := range got {
		if want := fmt.Sprintf("frame %06d", i); string(f.Data) != want {
			t.Fatalf("%s comes as number %d", f.Data, i)
		}
	}
}

// TestStrayTimesLent: lent frames do not change when the source reads ahead.
func TestStrayTimesLent(t *testing.T) {
	names := dealt(t, 30_000, captures.Pcap, func(i int) int64 { return 24 * 3600 * second * int64(b2i(i%7 == 0)) })
	for _, lend := range []bool{false, true} {
		s := mustOpen(t, Options{}, names...)
		if lend {
			s.Lend(func(old []byte) []byte { return make([]byte, len(old)) })
		}
		seen := make([]bool, 30_000)
		var lent []capture.Frame
		for f := (capture.Frame{}); s.Next(&f) == nil; {
			var i int
			if n, _ := fmt.Sscanf(string(f.Data), "frame %d", &i); n != 1 || seen[i] {
				t.Fatalf("lending %v: a frame holds %q", lend, f.Data)
			}
			seen[i] = true
			lent = append(lent, f)
		}
		s.Close()
		if len(lent) != len(seen) {
			t.Errorf("%d frames of %d", len(lent), len(seen))
		}
		for _, f := range lent {
			if lend && string(f.Data[:6]) != "frame " {
				t.Fatalf("a lent frame was written over: %q", f.Data)
			}
		}
	}
}

// TestStrayTimesCost: in a file with wrong times only, each frame costs a probe of a
// few hundred bytes, and no buffer.
func TestStrayTimesCost(t *testing.T) {
	names := dealt(t, 60_000, captures.Pcap, func(i int) int64 { return 24 * 3600 * second * int64(i%5) })
	before := memory()
	s := mustOpen(t, Options{}, names...)
	defer s.Close()
	n := 0
	for f := (capture.Frame{}); s.Next(&f) == nil; n++ {
	}
	if n != 60_000 {
		t.Errorf("%d frames", n)
	}
	if grown := memory() - before; grown > 60_000*512 {
		t.Errorf("reading took %d bytes", grown)
	}
}
