package file

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
	"tlsfloor/capture/testing/captures"
)

// formats returns the frames in every format.
func formats(tb testing.TB, frames []capture.Frame) map[string][]byte {
	all := map[string][]byte{"pcap": captures.Pcap(tb, frames), "pcapng": captures.Pcapng(tb, frames)}
	for name, pack := range captures.Compressors {
		all["pcap in "+name] = pack(tb, captures.Pcap(tb, frames))
		all["pcapng in "+name] = pack(tb, captures.Pcapng(tb, frames))
	}
	return all
}

// TestReadBack: what pcapgo wrote is read back the same, from a file, from a
// pipe that gives one byte at a time, and compressed.
func TestReadBack(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	r := rand.New(rand.NewPCG(3, 4))
	frames := captures.RandomFrames(r, 200)
	for name, content := range formats(t, frames) {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(t, writeTemp(t, "named.txt", content))
			check(t, err)
			captures.Same(t, got, frames)
			got, err = readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
			check(t, err)
			captures.Same(t, got, frames)
			got, err = readReader(t, iotest.DataErrReader(bytes.NewReader(content)))
			check(t, err)
			captures.Same(t, got, frames)
		})
	}
}

// TestStraddling: records may straddle the end of the buffer at every position.
func TestStraddling(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	frames := captures.RandomFrames(r, 3000)
	for name, content := range map[string][]byte{
		"pcap":   captures.Pcap(t, frames),
		"pcapng": captures.Pcapng(t, frames),
		"zstd":   captures.Compressors["zstd"](t, captures.Pcapng(t, frames)),
	} {
		got, err := readAll(t, writeTemp(t, "many", content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		captures.Same(t, got, frames)
	}
}

// TestCutAnywhere: a file that is cut at any byte gives the frames before the cut, and
// an error unless the cut is between two records.
func TestCutAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	frames := captures.RandomFramesUpTo(r, 4, 100)
	between := map[string]int{"pcap": 4, "pcapng": 5} // pcapng has a block more
	for name, content := range formats(t, frames) {
		if strings.Contains(name, "legacy") {
			continue // the format has no end: nothing says that a block is missing
		}
		t.Run(name, func(t *testing.T) {
			step := 1
			if strings.Contains(name, " in ") {
				step = 7 // decompressors take their time to begin
			}
			whole, before := 0, 0
			for cut := 1; cut < len(content); cut += step {
				got, err := readBytes(t, content[:cut])
				checkCut(t, got, frames, err, cut)
				if len(got) < before {
					t.Fatalf("cut at %d: %d frames, %d with less of the file", cut, len(got), before)
				}
				if before = len(got); err == nil {
					whole++
				}
			}
			if whole != between[name] {
				t.Errorf("%d cuts were not noticed, want %d", whole, between[name])
			}
		})
	}
}

func checkCut(t *testing.T, got, frames []capture.Frame, err error, cut int) {
	t.Helper()
	captures.Same(t, got, frames[:len(got)])
	if cut < pcap.MagicLen && errors.Is(err, capture.ErrNotCapture) {
		return
	}
	if err != nil && !errors.Is(err, capture.ErrTruncated) {
		t.Fatalf("cut at %d: %v", cut, err)
	}
}

// TestJoinedCompressed: compressed captures that are joined end to end are all read, as
// zcat a.pcap.gz b.pcap.gz would return them.
func TestJoinedCompressed(t *testing.T) {
	frames := captures.RandomFrames(rand.New(rand.NewPCG(17, 18)), 60)
	pieces := [][]byte{captures.Pcap(t, frames[:20]), captures.Pcapng(t, frames[20:40]), captures.Pcap(t, frames[40:])}
	for name, pack := range captures.Compressors {
		if name == "lz4 legacy" {
			continue // the end of a piece cannot be told
		}
		var content []byte
		for _, piece := range pieces {
			content = append(content, pack(t, piece)...)
		}
		got, err := readReader(t, iotest.HalfReader(bytes.NewReader(content)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		captures.Same(t, got, frames)
	}
}

func TestCompressedErrors(t *testing.T) {
	text := []byte("hello, world, this is no capture")
	for name, pack := range captures.Compressors {
		for _, content := range [][]byte{text, text[:2], nil} {
			if _, err := readBytes(t, pack(t, content)); !errors.Is(err, capture.ErrNotCapture) {
				t.Errorf("%s of %q: %v", name, content, err)
			}
		}
	}
}
