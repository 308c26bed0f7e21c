package compress

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// sample returns content that compresses a little.
func sample() []byte { return bytes.Repeat(randomBytes(700), 80) }

// ended yields the compressors whose data says where it ends. Legacy frames of LZ4 do
// not: they end with the input, and have no checksum.
func ended(yield func(name string, pack func(testing.TB, []byte) []byte) bool) {
	for name, pack := range captures.Compressors {
		if name != "lz4 legacy" && !yield(name, pack) {
			return
		}
	}
}

// TestCut: data that ends early is truncated.
func TestCut(t *testing.T) {
	content := sample()
	for name, pack := range ended {
		packed := pack(t, content)
		got, _, err := decompress(name, packed[:len(packed)*3/4], enough)
		if !errors.Is(err, capture.ErrTruncated) || len(got) == len(content) || !bytes.HasPrefix(content, got) {
			t.Errorf("%s: %d bytes, then %v", name, len(got), err)
		}
	}
}

func TestDamage(t *testing.T) {
	for name, pack := range ended {
		packed := pack(t, sample())
		for i := range 40 {
			packed[len(packed)/2+i] ^= 0x55
		}
		if _, _, err := decompress(name, packed, enough); !errors.Is(err, capture.ErrDamaged) && !errors.Is(err, capture.ErrTruncated) {
			t.Errorf("%s: decompressed to the end, then %v", name, err)
		}
	}
}

// TestConcatenated: compressed pieces that are joined are read as one content.
func TestConcatenated(t *testing.T) {
	content := sample()
	for name, pack := range ended {
		got, _, err := decompress(name, captures.Join(pack(t, content[:1000]), pack(t, content[1000:])), enough)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(content), err)
		}
	}
}

// TestAsTheToolsWrote reads what bzip2 1.0.8 and xz 5.4.1 wrote, also where they
// are not installed.
func TestAsTheToolsWrote(t *testing.T) {
	order := binary.LittleEndian
	content := captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), captures.PcapRecord(order, 1_772_366_400, 1, []byte("one"), 60),
		captures.PcapRecord(order, 1_772_366_401, 2, []byte("two"), 60))
	for _, test := range []struct {
		name, ending string
		at           int // of the byte to damage, from the end
	}{
		{"bzip2", "bz2", 8}, // in the checksum of everything
		{"xz", "xz", 32},    // in the index, after the content
	} {
		packed, err := os.ReadFile("testdata/two-frames.pcap." + test.ending)
		check(t, err)
		if got, _, err := decompress(test.name, packed, enough); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, then %v", test.name, len(got), err)
		}
		if got, _, err := decompress(test.name, captures.Join(packed, packed), enough); err != nil || !bytes.Equal(got, captures.Join(content, content)) {
			t.Errorf("%s, twice: %d bytes, then %v", test.name, len(got), err)
		}
		if got, _, err := decompress(test.name, packed[:len(packed)-3], enough); !errors.Is(err, capture.ErrTruncated) {
			t.Errorf("%s cut short: %d bytes, then %v", test.name, len(got), err)
		}
		packed[len(packed)-test.at] ^= 1
		if _, _, err := decompress(test.name, packed, enough); !errors.Is(err, capture.ErrDamaged) {
			t.Errorf("%s damaged: %v", test.name, err)
		}
	}
}

func TestSkippableFrameFirst(t *testing.T) {
	content := sample()
	packed := captures.Join([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00user"), captures.Compressors["zstd"](t, content))
	if f := FormatOf(packed); f == nil || f.Name() != "zstd" {
		t.Errorf("taken for %v", f)
	}
	if got, _, err := decompress("zstd", packed, enough); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
	}
}

// TestDictionaryBound: a file of a few bytes can ask for 4 GiB of memory.
func TestDictionaryBound(t *testing.T) {
	withSum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	hugeXz := captures.Join([]byte("\xfd7zXZ\x00"), withSum([]byte{0, 0}), // no check of the content
		withSum([]byte{2, 0, 0x21, 1, 40, 0, 0, 0}), // LZMA2, dictionary of 4 GiB - 1
		[]byte("\x01\x00\x03abcd"))
	hugeZstd := []byte("\x28\xb5\x2f\xfd\x00\xf8" + "\x01\x00\x00abcd")
	for name, packed := range map[string][]byte{"xz": hugeXz, "zstd": hugeZstd} {
		_, _, err := decompress(name, packed, enough)
		if !errors.Is(err, capture.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
