package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// formats writes the same frames in every way they can be written.
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

// TestStraddling: records that lie across the end of the buffer, at every
// place.
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

// TestCutAnywhere: a file cut at any byte gives the frames before the cut, and
// says that it was cut unless that was between two records.
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
	if cut < magicLen && errors.Is(err, capture.ErrNotCapture) {
		return
	}
	if err != nil && !errors.Is(err, capture.ErrTruncated) {
		t.Fatalf("cut at %d: %v", cut, err)
	}
}

// TestCompressedCut: compressed content that ends early is truncated, wherever
// its records end.
func TestCompressedCut(t *testing.T) {
	content := captures.Pcap(t, captures.RandomFrames(rand.New(rand.NewPCG(9, 10)), 50))
	for name, pack := range captures.Compressors {
		packed := pack(t, content)
		got, err := readBytes(t, packed[:len(packed)*3/4])
		if !errors.Is(err, capture.ErrTruncated) || len(got) == 50 {
			t.Errorf("%s: %d frames, then %v", name, len(got), err)
		}
	}
}

func TestCompressedDamage(t *testing.T) {
	content := captures.Pcap(t, captures.RandomFrames(rand.New(rand.NewPCG(11, 12)), 50))
	for name, pack := range captures.Compressors {
		packed := pack(t, content)
		for i := 20; i < 60; i++ {
			packed[len(packed)/2+i] ^= 0x55
		}
		if name == "lz4 legacy" {
			continue // it has no checksum
		}
		if _, err := readBytes(t, packed); !errors.Is(err, capture.ErrDamaged) && !errors.Is(err, capture.ErrTruncated) {
			t.Errorf("%s: read to the end, then %v", name, err)
		}
	}
}

// TestConcatenated: each format may be several compressed pieces, one after the
// other.
func TestConcatenated(t *testing.T) {
	frames := captures.RandomFrames(rand.New(rand.NewPCG(13, 14)), 50)
	content := captures.Pcap(t, frames)
	for name, pack := range captures.Compressors {
		if name == "lz4 legacy" {
			continue // the end of a piece cannot be told
		}
		got, err := readBytes(t, captures.Join(pack(t, content[:1000]), pack(t, content[1000:])))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		captures.Same(t, got, frames)
	}
}

// TestJoinedCompressed: whole compressed captures, one after the other, are all
// read, as zcat a.pcap.gz b.pcap.gz would give them.
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

// TestAsTheToolsWrote: as bzip2 1.0.8 and xz 5.4.1 wrote it, also where they are
// not installed.
func TestAsTheToolsWrote(t *testing.T) {
	order := binary.LittleEndian
	content := captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), captures.PcapRecord(order, 1_772_366_400, 1, []byte("one"), 60),
		captures.PcapRecord(order, 1_772_366_401, 2, []byte("two"), 60))
	want, err := readBytes(t, content)
	check(t, err)
	for name, at := range map[string]int{
		"bz2": 8,  // from the end: in the checksum of it all
		"xz":  32, // in the index, behind the content
	} {
		packed, err := os.ReadFile("testdata/two-frames.pcap." + name)
		check(t, err)
		got, err := readBytes(t, packed)
		check(t, err)
		captures.Same(t, got, want)
		got, err = readBytes(t, captures.Join(packed, packed))
		check(t, err)
		captures.Same(t, got, slices.Concat(want, want))
		if got, err = readBytes(t, packed[:len(packed)-3]); !errors.Is(err, capture.ErrTruncated) {
			t.Errorf("%s cut short: %d frames, then %v", name, len(got), err)
		}
		packed[len(packed)-at] ^= 1
		if _, err = readBytes(t, packed); !errors.Is(err, capture.ErrDamaged) {
			t.Errorf("%s damaged: %v", name, err)
		}
	}
}

func TestSkippableFrameFirst(t *testing.T) {
	frames := captures.RandomFrames(rand.New(rand.NewPCG(15, 16)), 5)
	skipped := []byte("\x50\x2a\x4d\x18\x04\x00\x00\x00user")
	got, err := readBytes(t, captures.Join(skipped, captures.Compressors["zstd"](t, captures.Pcap(t, frames))))
	check(t, err)
	captures.Same(t, got, frames)
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

// TestDictionaryBound: a file of a few bytes can ask for 4 GiB of memory.
func TestDictionaryBound(t *testing.T) {
	withSum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	hugeXz := captures.Join([]byte("\xfd7zXZ\x00"), withSum([]byte{0, 0}), // no check of the content
		withSum([]byte{2, 0, 0x21, 1, 40, 0, 0, 0}), // LZMA2, dictionary of 4 GiB - 1
		[]byte("\x01\x00\x03abcd"))
	hugeZstd := []byte("\x28\xb5\x2f\xfd\x00\xf8" + "\x01\x00\x00abcd")
	for name, content := range map[string][]byte{"xz": hugeXz, "zstd": hugeZstd} {
		_, err := readBytes(t, content)
		if !errors.Is(err, capture.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
