package pcap

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// TestAIX: a file of version 2.2 with an interface type of AIX is from AIX, with
// another link type from an old libpcap.
func TestAIX(t *testing.T) {
	tests := []struct {
		field uint32
		link  capture.LinkType
		aix   bool
	}{
		{6, capture.LinkEthernet, true}, {7, capture.LinkEthernet, true}, {9, 6, true}, {15, 10, true}, {24, capture.LinkNull, true},
		{1, capture.LinkEthernet, false}, {0, capture.LinkNull, false}, {10, 10, false}, {12, capture.LinkRaw, false},
	}
	for _, order := range captures.ByteOrders {
		for _, test := range tests {
			t.Run(fmt.Sprint(order, " ", test.field), func(t *testing.T) {
				want := capture.Frame{Time: 5_000_700_000, Data: []byte("abc"), Length: 70, Link: test.link}
				fraction := uint32(700)
				if test.aix {
					fraction = 700_000
				}
				record := captures.PcapRecordWireFirst(order, 5, fraction, want.Data, 70)
				frames, err := readBytes(t, captures.Join(captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 2, test.field), record, record))
				check(t, err)
				captures.Same(t, frames, []capture.Frame{want, want})
			})
		}
	}
	order := binary.BigEndian
	frames, err := readBytes(t, captures.Join(captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 4, 6), captures.PcapRecord(order, 5, 700, []byte("abc"), 70)))
	check(t, err)
	captures.Same(t, frames, []capture.Frame{{Time: 5_000_700_000, Data: []byte("abc"), Length: 70, Link: 6}})
}

// TestVariants: every known magic number, also with record headers of unusual lengths.
func TestVariants(t *testing.T) {
	tests := map[string]struct {
		magic  uint32
		major  uint16
		minor  uint16
		inFile int // bytes after the file header
		extra  int // bytes after each record header
		unit   int64
		aix    bool // lengths as before version 2.3
	}{
		"patched, with the usual number": {captures.MagicMicroseconds, 2, 4, 0, 8, 1000, false},
		"Nokia":                          {captures.MagicMicroseconds, 2, 4, 0, 4, 1000, false},
		"patched":                        {captures.MagicModified, 2, 4, 0, 8, 1000, false},
		"patched, SuSE":                  {captures.MagicModified, 2, 4, 0, 12, 1000, false},
		"netsniff-ng":                    {0xa1e2cb12, 2, 4, 0, 8, 1, false},
		"Ixia, software":                 {0x1c0001ab, 2, 4, 4, 0, 1000, false},
		"Ixia, hardware":                 {0x1c0001ac, 2, 4, 4, 0, 1, false},
		"DG/UX":                          {captures.MagicMicroseconds, 543, 0, 0, 0, 1000, true},
	}
	frame := capture.Frame{Data: []byte("0123456789abcdef0123456789abcdef"), Length: 60, Link: 1}
	for _, order := range captures.ByteOrders {
		for name, test := range tests {
			t.Run(fmt.Sprint(order, " ", name), func(t *testing.T) {
				content := captures.Join(captures.PcapHeaderVersion(order, test.magic, test.major, test.minor, 1), make([]byte, test.inFile))
				var want []capture.Frame
				for i := range uint32(5) {
					record := captures.PcapRecord
					if test.aix {
						record = captures.PcapRecordWireFirst
					}
					r := record(order, 1_772_366_400+i, 700, frame.Data, 60)
					content = captures.Join(content, r[:16], make([]byte, test.extra), r[16:])
					frame.Time = int64(1_772_366_400+i)*nanoseconds + 700*test.unit
					want = append(want, frame)
				}
				frames, err := readBytes(t, content)
				check(t, err)
				captures.Same(t, frames, want)
			})
		}
	}
}

// TestVariantsOfEditcap reads the variants as wiretap writes them.
func TestVariantsOfEditcap(t *testing.T) {
	want, err := readFile(t, sampleCapture)
	check(t, err)
	for _, format := range []string{"modpcap", "nokiapcap", "rh6_1pcap", "suse6_3pcap", "nsecpcap"} {
		t.Run(format, func(t *testing.T) {
			frames, err := readFile(t, captures.Editcap(t, format, sampleCapture))
			check(t, err)
			captures.Same(t, frames, want)
		})
	}
}

// TestDamageIsNoVariant: a damaged record does not make a file be read as another
// variant.
func TestDamageIsNoVariant(t *testing.T) {
	content, err := os.ReadFile(sampleCapture)
	check(t, err)
	whole, err := readBytes(t, content)
	check(t, err)
	second := offsetOf(whole, 1)
	for i := range content[second+8 : second+16] {
		content[second+8+i] = 0xff
	}
	frames, err := readBytes(t, content)
	captures.Same(t, frames, whole[:1])
	wantDamage(t, err)
}

// TestNanosecondsAsMicroseconds: a fraction of 1,000,000 or more shows that the file
// has nanoseconds, also in the records before it near the beginning of the file.
func TestNanosecondsAsMicroseconds(t *testing.T) {
	for _, order := range captures.ByteOrders {
		fractions := []uint32{999, 5000, 123_456_789, 999_999, 999_999_999}
		content := captures.PcapHeader(order, captures.MagicMicroseconds, 1)
		var want []capture.Frame
		for i, fraction := range fractions {
			content = append(content, captures.PcapRecord(order, uint32(100+i), fraction, []byte("abc"), 60)...)
			want = append(want, capture.Frame{Time: int64(100+i)*nanoseconds + int64(fraction), Data: []byte("abc"), Length: 60, Link: 1})
		}
		frames, err := readBytes(t, content)
		check(t, err)
		captures.Same(t, frames, want)
	}
}

// TestNanosecondsLate: if that fraction comes after the records that are read ahead,
// those before it are read as microseconds.
func TestNanosecondsLate(t *testing.T) {
	order := binary.LittleEndian
	content := captures.PcapHeader(order, captures.MagicMicroseconds, 1)
	for range maxWalk {
		content = append(content, captures.PcapRecord(order, 100, 2, []byte("abc"), 60)...)
	}
	content = captures.Join(content, captures.PcapRecord(order, 100, 1_000_000, []byte("abc"), 60), captures.PcapRecord(order, 100, 3, []byte("abc"), 60))
	frames, err := readBytes(t, content)
	check(t, err)
	for i, f := range frames {
		want := int64(100 * nanoseconds)
		switch i {
		case maxWalk:
			want += 1_000_000
		case maxWalk + 1:
			want += 3
		default:
			want += 2000
		}
		if f.Time != want {
			t.Fatalf("frame %d is of %d, want %d", i+1, f.Time, want)
		}
	}
}

// TestFractionBeyondNanoseconds: a fraction that is too large for nanoseconds is
// damaged, and does not change how others are read.
func TestFractionBeyondNanoseconds(t *testing.T) {
	order := binary.LittleEndian
	for magic, unit := range map[uint32]int64{captures.MagicMicroseconds: 1000, captures.MagicNanoseconds: 1} {
		frames, err := readBytes(t, captures.Join(captures.PcapHeader(order, magic, 1), captures.PcapRecord(order, 0xffffffff, 0xffffffff, nil, 60),
			captures.PcapRecord(order, 7, 1_000_000_000, nil, 60), captures.PcapRecord(order, 8, 5, nil, 60)))
		check(t, err)
		second := int64(nanoseconds) - unit
		captures.Same(t, frames, []capture.Frame{
			{Time: 0xffffffff*nanoseconds + second, Length: 60, Link: 1},
			{Time: 7*nanoseconds + second, Length: 60, Link: 1},
			{Time: 8*nanoseconds + 5*unit, Length: 60, Link: 1}})
	}
}
