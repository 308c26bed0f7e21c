package file

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
	"tlsfloor/capture/testing/captures"
)

func FuzzCompressed(f *testing.F) {
	frames := captures.RandomFramesUpTo(rand.New(rand.NewPCG(65, 66)), 4, 60)
	for _, pack := range captures.Compressors {
		f.Add(pack(f, captures.Pcap(f, frames)))
	}
	f.Fuzz(fuzzCompressed)
}

// FuzzTimes merges two files with any times: no frame is lost, and the frames of each
// file stay in order.
func FuzzTimes(f *testing.F) {
	f.Add([]byte{1, 2, 200, 3, 4, 5, 6, 7}, uint8(2))
	f.Add([]byte{255, 1, 1, 1, 0, 1, 1, 255, 255, 255, 3}, uint8(1))
	f.Fuzz(func(t *testing.T, steps []byte, scale uint8) {
		var files [2][]capture.Frame
		for i, step := range steps[:min(len(steps), 500)] {
			at := int64(step) << (scale % 48)
			files[i%2] = append(files[i%2], capture.Frame{Time: at % (1 << 61), Data: []byte{byte(i), byte(i >> 8)}, Length: 2, Link: 1})
		}
		got, err := readAll(t, writeTemp(t, "a", captures.Pcap(t, files[0])), writeTemp(t, "b", captures.Pcapng(t, files[1])))
		check(t, err)
		var back [2][]capture.Frame
		for _, f := range got {
			of := &back[f.Data[0]%2]
			*of = append(*of, f)
		}
		captures.Same(t, back[0], files[0])
		captures.Same(t, back[1], files[1])
	})
}

// fuzzCompressed reads content in one piece and byte by byte. Decompressors return more
// or less of the content before damage, depending on the pieces they are given.
func fuzzCompressed(t *testing.T, content []byte) {
	whole, err := readBytes(t, content)
	pieces, pieceErr := readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
	shorter := min(len(whole), len(pieces))
	captures.Same(t, pieces[:shorter], whole[:shorter])
	for _, frame := range whole {
		checkFrame(t, frame)
	}
	if (err == nil) != (pieceErr == nil) {
		t.Fatalf("in one piece: %v; byte by byte: %v", err, pieceErr)
	}
}

func checkFrame(t *testing.T, f capture.Frame) {
	t.Helper()
	if len(f.Data) > pcap.MaxCaptured || f.Length < len(f.Data) || f.Source != stdinName {
		t.Fatalf("frame of %d bytes, length %d, source %q", len(f.Data), f.Length, f.Source)
	}
}
