package captures

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"tlsfloor/capture"
)

// RandomFrames makes n frames of less than 2,000 bytes. Their times rise, or are
// equal.
func RandomFrames(r *rand.Rand, n int) []capture.Frame {
	return RandomFramesUpTo(r, n, 2000)
}

// RandomFramesUpTo is RandomFrames with frames of less than most bytes.
func RandomFramesUpTo(r *rand.Rand, n, most int) []capture.Frame {
	frames := make([]capture.Frame, n)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	for i := range frames {
		at += int64(r.IntN(3)) * int64(time.Millisecond)
		data := make([]byte, r.IntN(most))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		frames[i] = capture.Frame{Time: at, Data: data, Length: len(data) + r.IntN(2)*100, Link: capture.LinkEthernet}
	}
	return frames
}

type packetWriter interface {
	WritePacket(gopacket.CaptureInfo, []byte) error
}

func writeFrames(tb testing.TB, w packetWriter, frames []capture.Frame) {
	tb.Helper()
	for _, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, f.Time), CaptureLength: len(f.Data), Length: f.Length}
		if err := w.WritePacket(info, f.Data); err != nil {
			tb.Fatal(err)
		}
	}
}

// Pcap returns the frames as a classic capture with nanoseconds.
func Pcap(tb testing.TB, frames []capture.Frame) []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	check(tb, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	writeFrames(tb, w, frames)
	return b.Bytes()
}

// Pcapng returns the frames as a pcapng capture.
func Pcapng(tb testing.TB, frames []capture.Frame) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	check(tb, err)
	writeFrames(tb, w, frames)
	check(tb, w.Flush())
	return b.Bytes()
}

// Same ends the test unless the frames are equal, apart from their Source.
func Same(tb testing.TB, got, want []capture.Frame) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Time != w.Time || g.Length != w.Length || g.Link != w.Link || !bytes.Equal(g.Data, w.Data) {
			tb.Fatalf("frame %d is %+v, want %+v", i+1, g, w)
		}
	}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
