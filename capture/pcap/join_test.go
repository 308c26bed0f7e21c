package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// joinable is a capture and its two frames.
type joinable struct {
	content []byte
	frames  []capture.Frame
}

// joinables returns a capture of each variant, with its own link type and unit of time.
func joinables() map[string]joinable {
	all := map[string]joinable{}
	add := func(name string, head []byte, record func(fraction uint32) []byte, link capture.LinkType, unit int64) {
		j := joinable{content: head}
		for i := range uint32(2) {
			fraction := 7 + i
			j.content = append(j.content, record(fraction)...)
			j.frames = append(j.frames, capture.Frame{
				Time: 1_772_366_400*nanoseconds + int64(fraction)*unit, Data: []byte("01234567890123"), Length: 60, Link: link})
		}
		all[name] = j
	}
	for _, order := range captures.ByteOrders {
		record := func(fraction uint32) []byte {
			return captures.PcapRecord(order, 1_772_366_400, fraction, []byte("01234567890123"), 60)
		}
		old := func(fraction uint32) []byte {
			return captures.PcapRecordWireFirst(order, 1_772_366_400, fraction, []byte("01234567890123"), 60)
		}
		block := func(fraction uint32) []byte {
			return captures.NgEnhanced(order, 0, 1_772_366_400_000_000+uint64(fraction), []byte("01234567890123"), 60)
		}
		name := fmt.Sprint(order, " ")
		add(name+"microseconds", captures.PcapHeader(order, captures.MagicMicroseconds, 1), record, 1, 1000)
		add(name+"nanoseconds", captures.PcapHeader(order, captures.MagicNanoseconds, 113), record, 113, 1)
		add(name+"with frame check", captures.PcapHeader(order, captures.MagicMicroseconds, 0x44000065), record, 101, 1000)
		add(name+"Ixia", append(captures.PcapHeader(order, 0x1c0001ac, 276), 1, 2, 3, 4), record, 276, 1)
		add(name+"AIX", captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 2, 6), old, 1, 1)
		add(name+"version 2.3", captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 3, 1), old, 1, 1000)
		add(name+"pcapng", captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 228, 0)), block, 228, 1000)
	}
	return all
}

// TestJoined: any capture may follow any other in one file.
func TestJoined(t *testing.T) {
	all := joinables()
	for first, a := range all {
		for second, b := range all {
			t.Run(first+", then "+second, func(t *testing.T) {
				content, want := captures.Join(a.content, b.content, a.content), slices.Concat(a.frames, b.frames, a.frames)
				frames, err := readBytes(t, content)
				check(t, err)
				captures.Same(t, frames, want)
				frames, err = readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
				check(t, err)
				captures.Same(t, frames, want)
			})
		}
	}
}

// TestJoinedCut: a file that ends in the header of a joined capture is truncated.
func TestJoinedCut(t *testing.T) {
	order := binary.LittleEndian
	first := captures.Join(captures.PcapHeader(order, captures.MagicNanoseconds, 1), captures.PcapRecord(order, 1, 2, []byte("abc"), 60))
	for name, second := range map[string][]byte{
		"pcap":   captures.PcapHeader(binary.BigEndian, captures.MagicMicroseconds, 1),
		"pcapng": captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 1, 0)),
	} {
		for cut := 1; cut < classicHeaderLen; cut++ {
			frames, err := readBytes(t, captures.Join(first, second[:cut]))
			if len(frames) != 1 || !errors.Is(err, capture.ErrTruncated) {
				t.Errorf("%s cut at %d: %d frames, then %v", name, cut, len(frames), err)
			}
		}
		frames, err := readBytes(t, captures.Join(first, second))
		if len(frames) != 1 || err != nil {
			t.Errorf("%s without frames: %d frames, then %v", name, len(frames), err)
		}
	}
}

// TestNotJoined: a record that looks partly like a header is read as a record.
func TestNotJoined(t *testing.T) {
	order := binary.LittleEndian
	header := captures.PcapHeader(order, captures.MagicMicroseconds, 1)
	tests := map[string][]byte{
		"empty frame":                    captures.PcapRecord(order, 5, 6, nil, 0),
		"in 2055":                        captures.PcapRecord(order, captures.MagicMicroseconds, 2|4<<16, []byte("abc"), 60),
		"in 2055, of no captured bytes":  captures.PcapRecord(order, captures.MagicMicroseconds, 2|4<<16, nil, 60),
		"in 2055, another version":       captures.PcapRecord(order, captures.MagicMicroseconds, 2|5<<16, nil, 0),
		"in 2011, of no captured bytes":  captures.PcapRecord(order, 0x4d3cb2a1, 0x04000200, nil, 60),
		"in 1975, as a section would be": captures.PcapRecord(order, blockSection, 28, []byte("abc"), 60),
	}
	for name, record := range tests {
		after := captures.PcapRecord(order, 9, 10, []byte("after"), 60)
		frames, err := readBytes(t, captures.Join(header, record, after))
		check(t, err)
		if len(frames) != 2 || string(frames[1].Data) != "after" {
			t.Errorf("%s: %+v", name, frames)
		}
	}
}

// TestJoinedPcapngBlockOfLocalUse: the type of a block may be equal to a magic number
// of classic captures.
func TestJoinedPcapngBlockOfLocalUse(t *testing.T) {
	order := binary.LittleEndian
	frames, err := readBytes(t, captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 1, 0),
		captures.NgBlock(order, captures.MagicMicroseconds, make([]byte, 40)), captures.NgEnhanced(order, 0, 5, []byte("abc"), 60)))
	check(t, err)
	captures.Same(t, frames, []capture.Frame{{Time: 5000, Data: []byte("abc"), Length: 60, Link: 1}})
}

// TestJoinedLongPcap: captures are joined at every position of the buffer.
func TestJoinedLongPcap(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	var content []byte
	var want []capture.Frame
	for range 200 {
		frames := captures.RandomFrames(r, 1+r.IntN(4))
		if r.IntN(2) == 0 {
			content = append(content, captures.Pcap(t, frames)...)
		} else {
			content = append(content, captures.Pcapng(t, frames)...)
		}
		want = append(want, frames...)
	}
	frames, err := readBytes(t, content)
	check(t, err)
	captures.Same(t, frames, want)
}

func wantDamage(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, capture.ErrDamaged) {
		t.Errorf("%v, want damage", err)
	}
}
