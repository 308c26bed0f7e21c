package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

func TestPcapHeaders(t *testing.T) {
	data := []byte("0123456789")
	const at = 1_772_366_400*nanoseconds + 123_456_000
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		tests := map[string]struct {
			header   []byte
			fraction uint32
			link     capture.LinkType
		}{
			"microseconds":           {captures.PcapHeader(order, captures.MagicMicroseconds, 1), 123_456, 1},
			"nanoseconds":            {captures.PcapHeader(order, captures.MagicNanoseconds, 1), 123_456_000, 1},
			"link type over 255":     {captures.PcapHeader(order, captures.MagicMicroseconds, 276), 123_456, capture.LinkLinuxSLL2},
			"with a frame check":     {captures.PcapHeader(order, captures.MagicMicroseconds, 0x44000001), 123_456, 1},
			"DLT_RAW":                {captures.PcapHeader(order, captures.MagicMicroseconds, 12), 123_456, capture.LinkRaw},
			"DLT_RAW of OpenBSD":     {captures.PcapHeader(order, captures.MagicMicroseconds, 14), 123_456, capture.LinkRaw},
			"version 2.3":            {captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 3, 1), 123_456, 1},
			"captured over the snap": {captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1)[:16], order.AppendUint32(nil, 4), order.AppendUint32(nil, 1)), 123_456, 1},
		}
		for name, test := range tests {
			t.Run(fmt.Sprint(order, " ", name), func(t *testing.T) {
				record := captures.PcapRecord(order, 1_772_366_400, test.fraction, data, 60)
				frames, err := readBytes(t, captures.Join(test.header, record, record))
				check(t, err)
				want := capture.Frame{Time: at, Data: data, Length: 60, Link: test.link}
				captures.Same(t, frames, []capture.Frame{want, want})
			})
		}
	}
}

// TestPcapModified: the record headers of the patched libpcap of the 1990s are eight
// bytes longer.
func TestPcapModified(t *testing.T) {
	order := binary.LittleEndian
	record := captures.PcapRecord(order, 5, 6, nil, 70)
	record[8] = 3
	record = append(record, 0, 0, 0, 1, 8, 0, 0, 0, 'a', 'b', 'c')
	frames, err := readBytes(t, captures.Join(captures.PcapHeader(order, captures.MagicModified, 1), record, record))
	check(t, err)
	want := capture.Frame{Time: 5*nanoseconds + 6000, Data: []byte("abc"), Length: 70, Link: 1}
	captures.Same(t, frames, []capture.Frame{want, want})
}

// TestPcapExchangedLengths: before version 2.3 the length on the wire came first. Files
// of 2.3 have either order.
func TestPcapExchangedLengths(t *testing.T) {
	order := binary.LittleEndian
	for minor, exchanged := range []bool{true, true, true, true, false} {
		record := order.AppendUint64(nil, 0)
		captured, length := uint32(3), uint32(70)
		if exchanged {
			captured, length = length, captured
		}
		record = order.AppendUint32(record, captured)
		record = append(order.AppendUint32(record, length), "abc"...)
		frames, err := readBytes(t, captures.Join(captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, uint16(minor), 1), record, record))
		check(t, err)
		want := capture.Frame{Data: []byte("abc"), Length: 70, Link: 1}
		captures.Same(t, frames, []capture.Frame{want, want})
	}
}

// TestPcapLengthBelowCaptured: a frame is never shorter on the wire than captured, so
// that the lengths can be subtracted.
func TestPcapLengthBelowCaptured(t *testing.T) {
	order := binary.BigEndian
	frames, err := readBytes(t, captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), captures.PcapRecord(order, 0, 0, []byte("abc"), 1)))
	check(t, err)
	captures.Same(t, frames, []capture.Frame{{Data: []byte("abc"), Length: 3, Link: 1}})
}

func TestPcapTimeAfter2038(t *testing.T) {
	order := binary.LittleEndian
	frames, err := readBytes(t, captures.Join(captures.PcapHeader(order, captures.MagicNanoseconds, 1), captures.PcapRecord(order, 0xffffffff, 0xffffffff, nil, 0)))
	check(t, err)
	captures.Same(t, frames, []capture.Frame{{Time: 0xffffffff*nanoseconds + 999_999_999, Link: 1}})
}

func TestPcapErrors(t *testing.T) {
	order := binary.LittleEndian
	header := captures.PcapHeader(order, captures.MagicMicroseconds, 1)
	record := captures.PcapRecord(order, 0, 0, []byte("abc"), 3)
	largest := captures.PcapRecord(order, 0, 0, make([]byte, MaxCaptured), MaxCaptured)
	oversized := order.AppendUint32(make([]byte, 8), MaxCaptured+1)
	oversized = append(oversized, make([]byte, MaxCaptured+10)...)
	tests := map[string]struct {
		content []byte
		frames  int
		err     error
		text    string
	}{
		"half a header":       {header[:20], 0, capture.ErrTruncated, "truncated: the file header is cut short"},
		"header only":         {header, 0, nil, ""},
		"version 1":           {captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 1, 2, 1), 0, capture.ErrUnsupported, "unsupported capture format: pcap version 1.2"},
		"version 2.5":         {captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 5, 1), 0, capture.ErrUnsupported, "unsupported capture format: pcap version 2.5"},
		"reserved link bits":  {captures.PcapHeader(order, captures.MagicMicroseconds, 0x300000), 0, capture.ErrUnsupported, "unsupported capture format: unknown link type 3145728"},
		"half a record head":  {captures.Join(header, record, record[:9]), 1, capture.ErrTruncated, "truncated: record 2, at byte 43, is cut short"},
		"half a record":       {captures.Join(header, record, record[:17]), 1, capture.ErrTruncated, "truncated: record 2, at byte 43, is cut short"},
		"largest record":      {captures.Join(header, largest, record), 2, nil, ""},
		"record over the max": {captures.Join(header, record, oversized), 1, capture.ErrDamaged, "damaged: record 2, at byte 43, claims 262145 captured bytes; the limit is 262144"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { testError(t, test.content, test.frames, test.err, test.text) })
	}
}

func testError(t *testing.T, content []byte, frames int, want error, text string) {
	t.Helper()
	got, err := readBytes(t, content)
	if len(got) != frames || !errors.Is(err, want) {
		t.Fatalf("%d frames, then %v; want %d, then %v", len(got), err, frames, want)
	}
	if err == nil {
		err = errors.New("")
	}
	if err.Error() != text {
		t.Errorf("the text is\n%s, want\n%s", err, text)
	}
}
