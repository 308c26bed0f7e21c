package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
	"tlsfloor/capture/testing/captures"
)

// TestMerge: frames that are distributed to files at random come back in order,
// whatever the files are called and in whichever order they are named.
func TestMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for range 20 {
		frames := distinctFrames(r, 300)
		files := make([][]capture.Frame, 1+r.IntN(12))
		for _, f := range frames {
			i := r.IntN(len(files))
			files[i] = append(files[i], f)
		}
		got, err := readAll(t, writeFiles(t, r, files)...)
		check(t, err)
		captures.Same(t, got, frames)
	}
}

func distinctFrames(r *rand.Rand, n int) []capture.Frame {
	frames := captures.RandomFramesUpTo(r, n, 100)
	for i := range frames {
		frames[i].Time += int64(i)
	}
	return frames
}

func writeFiles(t *testing.T, r *rand.Rand, files [][]capture.Frame) []string {
	dir := t.TempDir()
	var names []string
	for i, frames := range files {
		content := captures.Pcap(t, frames)
		switch i % 3 {
		case 1:
			content = captures.Pcapng(t, frames)
		case 2:
			content = captures.Compressors["gzip"](t, content)
		}
		names = append(names, filepath.Join(dir, fmt.Sprint(i)))
		check(t, os.WriteFile(names[i], content, 0o600))
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// TestMergeTies: of frames with equal times, those of the file that was named first
// come first, so that the result is always the same.
func TestMergeTies(t *testing.T) {
	var names []string
	for i := range 5 {
		f := capture.Frame{Time: 7, Data: []byte{byte(i)}, Length: 1}
		names = append(names, writeTemp(t, "x", captures.Pcap(t, []capture.Frame{f})))
	}
	got, err := readAll(t, names...)
	check(t, err)
	for i, f := range got {
		if f.Data[0] != byte(i) || f.Source != names[i] {
			t.Errorf("frame %d is of file %d", i, f.Data[0])
		}
	}
}

// TestMergeDisorderInside: frames that are out of order inside a file are delivered as
// they come, and none is lost.
func TestMergeDisorderInside(t *testing.T) {
	at := func(times ...int64) (frames []capture.Frame) {
		for _, time := range times {
			frames = append(frames, capture.Frame{Time: time})
		}
		return frames
	}
	one := writeTemp(t, "one", captures.Pcap(t, at(10, 30, 20, 40)))
	two := writeTemp(t, "two", captures.Pcap(t, at(15, 25, 5, 50)))
	got, err := readAll(t, one, two)
	check(t, err)
	var times []int64
	for _, f := range got {
		times = append(times, f.Time)
	}
	if want := []int64{10, 15, 25, 5, 30, 20, 40, 50}; !slices.Equal(times, want) {
		t.Errorf("times %v, want %v", times, want)
	}
}

// TestRing: a long ring of files is read as one stream, with few open files and little
// memory.
func TestRing(t *testing.T) {
	const files, each = 2 * maxHeld, 5
	r := rand.New(rand.NewPCG(23, 24))
	frames := distinctFrames(r, files*each)
	dir := t.TempDir()
	for i := range files {
		name := filepath.Join(dir, fmt.Sprintf("ring%d", i))
		check(t, os.WriteFile(name, captures.Pcap(t, frames[i*each:(i+1)*each]), 0o600))
	}
	s := mustOpen(t, Options{}, dir)
	defer s.Close()
	if n := len(s.LatePaths()); n != files-maxHeld {
		t.Errorf("%d files are left to be opened later, want %d", n, files-maxHeld)
	}
	before := memory()
	got, errs := drain(t, s)
	if grown := memory() - before; grown > 8<<20 {
		t.Errorf("reading took %d bytes", grown)
	}
	check(t, errors.Join(errs...))
	captures.Same(t, got, frames)
	if open := openFiles(t, dir); open != 0 {
		t.Errorf("%d files are still open", open)
	}
}

func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// openFiles counts the open files of this process in a directory.
func openFiles(t *testing.T, dir string) (n int) {
	const fds = "/proc/self/fd"
	entries, err := os.ReadDir(fds)
	if err != nil {
		t.Skip(err)
	}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(fds, e.Name()))
		if err == nil && filepath.Dir(target) == dir {
			n++
		}
	}
	return n
}

// TestManyAtOnce: many files that overlap in time are open at once, with small buffers.
func TestManyAtOnce(t *testing.T) {
	const files = 100
	var names []string
	var content bytes.Buffer
	for i := range files {
		content.Reset()
		content.Write(captures.Pcap(t, []capture.Frame{{Time: int64(i)}, {Time: int64(files + i)}}))
		names = append(names, writeTemp(t, "x", content.Bytes()))
	}
	before := memory()
	s := mustOpen(t, Options{}, names...)
	defer s.Close()
	got, errs := drain(t, s)
	check(t, errors.Join(errs...))
	if grown, limit := memory()-before, uint64(files*(pcap.SmallBufferSize+4096)+manyStreams*pcap.BufferSize+1<<20); grown > limit {
		t.Errorf("reading took %d bytes, want at most %d", grown, limit)
	}
	for i, f := range got {
		if f.Time != int64(i) {
			t.Fatalf("frame %d is of time %d", i, f.Time)
		}
	}
}

// TestBadFilesAmongGood: each bad input has one error, and the good ones are read
// completely.
func TestBadFilesAmongGood(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	frames := distinctFrames(r, 30)
	first := captures.Pcap(t, frames[:10])
	text := writeTemp(t, "x.txt", []byte("hello, world"))
	empty := writeTemp(t, "empty.pcap", nil)
	cut := writeTemp(t, "cut.pcap", first[:len(first)-1])
	missing := filepath.Join(t.TempDir(), "missing.pcap")
	noCaptures := filepath.Dir(text)
	s := mustOpen(t, Options{}, text, cut, missing, writeTemp(t, "good", captures.Pcapng(t, frames[10:])), empty, noCaptures)
	defer s.Close()
	got, errs := drain(t, s)
	captures.Same(t, got, slices.Concat(frames[:9], frames[10:]))
	wantErrors(t, errs, map[string]error{
		missing + ": no such file or directory":                                                     fs.ErrNotExist,
		noCaptures + ": no file in this folder or below it is a capture file (pcap or pcapng)":      errNoCaptures,
		text + ": not a capture file (pcap or pcapng)":                                              capture.ErrNotCapture,
		empty + ": not a capture file (pcap or pcapng): it is empty":                                capture.ErrNotCapture,
		fmt.Sprintf("%s: truncated: record 10, at byte %d, is cut short", cut, offsetOf(frames, 9)): capture.ErrTruncated,
	})
	leftOut := []LeftOut{{Count: 1, Names: []string{"x.txt"}, folder: noCaptures, why: notCapture}}
	if !reflect.DeepEqual(s.LeftOut(), leftOut) {
		t.Errorf("left out %+v, want %+v", s.LeftOut(), leftOut)
	}
}

// offsetOf is where the record of frames[i] begins in a classic capture.
func offsetOf(frames []capture.Frame, i int) int {
	at := captures.PcapHeaderLen
	for _, f := range frames[:i] {
		at += 16 + len(f.Data)
	}
	return at
}

func wantErrors(t *testing.T, errs []error, want map[string]error) {
	t.Helper()
	if len(errs) != len(want) {
		t.Errorf("%d errors, want %d", len(errs), len(want))
	}
	for _, err := range errs {
		kind, ok := want[err.Error()]
		var input *capture.InputError
		if !ok || !errors.Is(err, kind) || !errors.As(err, &input) {
			t.Errorf("unexpected error: %v", err)
		}
	}
}

func TestNothingNamed(t *testing.T) {
	if _, err := Open(nil, Options{}); !errors.Is(err, errNoInput) {
		t.Errorf("Open of nothing: %v", err)
	}
}

func TestProgressAndStats(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	frames := distinctFrames(r, 100)
	one, two := captures.Pcap(t, frames[:50]), captures.Compressors["gzip"](t, captures.Pcapng(t, frames[50:]))
	s := mustOpen(t, Options{}, writeTemp(t, "one", one), writeTemp(t, "two", two))
	defer s.Close()
	size := int64(len(one) + len(two))
	if done, total := s.Progress(); done != 0 || total != size {
		t.Errorf("at the start, %d bytes of %d; want 0 of %d", done, total, size)
	}
	_, errs := drain(t, s)
	check(t, errors.Join(errs...))
	if done, total := s.Progress(); done != size || total != size {
		t.Errorf("at the end, %d bytes of %d; want %d of %d", done, total, size, size)
	}
	want := capture.Stats{Frames: 100}
	for _, f := range frames {
		want.Bytes += uint64(len(f.Data))
	}
	if got := s.Stats(); got != want {
		t.Errorf("the counts are %+v, want %+v", got, want)
	}
}

// evenLength matches frames of even length.
type evenLength struct{}

func (evenLength) Matches(_ []byte, length int) bool { return length%2 == 0 }

func TestFilter(t *testing.T) {
	var asked []capture.LinkType
	noRaw := errors.New("no raw packets here")
	compile := func(link capture.LinkType, _ int) (capture.Matcher, error) {
		asked = append(asked, link)
		if link == capture.LinkRaw {
			return nil, noRaw
		}
		return evenLength{}, nil
	}
	order := captures.ByteOrders[0]
	head := captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 1, 0), captures.NgInterface(order, 101, 0))
	path := writeTemp(t, "x.pcapng", captures.Join(head,
		captures.NgEnhanced(order, 0, 0, nil, 2), captures.NgEnhanced(order, 1, 1, nil, 2), captures.NgEnhanced(order, 0, 2, nil, 3),
		captures.NgEnhanced(order, 1, 3, nil, 2), captures.NgEnhanced(order, 0, 4, nil, 4)))
	s := mustOpen(t, Options{Filter: compile}, path)
	defer s.Close()
	if want := []capture.LinkType{1}; !slices.Equal(asked, want) {
		t.Errorf("compiled in Open for %v, want %v", asked, want)
	}
	got, errs := drain(t, s)
	if len(got) != 2 || got[0].Length != 2 || got[1].Length != 4 {
		t.Errorf("frames %+v", got)
	}
	wantErrors(t, errs, map[string]error{path + ": the expression cannot be used with RAW (101): no raw packets here": noRaw})
	if want := []capture.LinkType{1, 101}; !slices.Equal(asked, want) {
		t.Errorf("compiled for %v, want %v", asked, want)
	}
	if got, want := s.Stats(), (capture.Stats{Frames: 2, Filtered: 3}); got != want {
		t.Errorf("the counts are %+v, want %+v", got, want)
	}
}

func TestStop(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	path := writeTemp(t, "big", captures.Pcap(t, captures.RandomFrames(r, 2000)))
	s := mustOpen(t, Options{}, path, path)
	defer s.Close()
	var f capture.Frame
	check(t, s.Next(&f))
	s.Stop()
	got, errs := drain(t, s)
	if len(errs) > 0 || len(got) > 2*pcap.BufferSize/16 || s.Stats().Bytes > 2*pcap.BufferSize {
		t.Errorf("%d more frames, %v", len(got), errs)
	}
}

// TestNextAllocatesNothing: Next allocates nothing while files are merged, once they
// are open.
func TestNextAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	frames := distinctFrames(r, 4000)
	var halves [2][]capture.Frame
	for i, f := range frames {
		halves[i%2] = append(halves[i%2], f)
	}
	s := mustOpen(t, Options{Filter: func(capture.LinkType, int) (capture.Matcher, error) { return evenLength{}, nil }},
		writeTemp(t, "one", captures.Pcap(t, halves[0])), writeTemp(t, "two", captures.Pcapng(t, halves[1])))
	defer s.Close()
	var f capture.Frame
	check(t, s.Next(&f))
	if n := testing.AllocsPerRun(1000, func() { check(t, s.Next(&f)) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// TestJoinedMany: any number of joined captures takes no more memory than a small
// reader for each.
func TestJoinedMany(t *testing.T) {
	order := binary.LittleEndian
	piece := captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), captures.PcapRecord(order, 5, 6, nil, 60))
	content := bytes.Repeat(piece, 50_000)
	before := memory()
	s := mustOpen(t, Options{Stdin: bytes.NewReader(content)}, "-")
	defer s.Close()
	n := 0
	for f := (capture.Frame{}); s.Next(&f) == nil; n++ {
	}
	if n != 50_000 {
		t.Errorf("%d frames", n)
	}
	if grown := memory() - before; grown > 50_000*256 {
		t.Errorf("reading took %d bytes", grown)
	}
}

// TestJoinedBesideAnother: a file of several joined captures is merged with another.
func TestJoinedBesideAnother(t *testing.T) {
	frames := captures.RandomFrames(rand.New(rand.NewPCG(73, 74)), 90)
	var parts [3][]capture.Frame
	for i, f := range frames {
		parts[i%3] = append(parts[i%3], f)
	}
	joined := captures.Join(captures.Pcap(t, parts[0]), captures.Pcapng(t, parts[1]), captures.Pcap(t, nil))
	got, err := readAll(t, writeTemp(t, "joined", joined), writeTemp(t, "single", captures.Pcapng(t, parts[2])))
	check(t, err)
	if len(got) != len(frames) {
		t.Errorf("%d frames, want %d", len(got), len(frames))
	}
}
