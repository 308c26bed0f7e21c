package file

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

const benchFrameLen = 200

// benchCapture writes a classic capture of n frames of 200 bytes.
func benchCapture(tb testing.TB, n int) string {
	tb.Helper()
	var b bytes.Buffer
	b.Write(captures.PcapHeader(binary.LittleEndian, captures.MagicMicroseconds, 1))
	for i := range n {
		b.Write(captures.PcapRecord(binary.LittleEndian, uint32(i/1000), uint32(i%1000), make([]byte, benchFrameLen), benchFrameLen))
	}
	return writeTemp(tb, "bench.pcap", b.Bytes())
}

// benchmarkNext measures reading one record of a file in the page cache, including
// read(2).
func benchmarkNext(b *testing.B, o Options, paths ...string) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(benchFrameLen + 16)
	var f capture.Frame
	s := mustOpen(b, o, paths...)
	for b.Loop() {
		if err := s.Next(&f); err == io.EOF {
			b.StopTimer()
			s.Close()
			s = mustOpen(b, o, paths...)
			b.StartTimer()
		} else if err != nil {
			b.Fatal(err)
		}
	}
	s.Close()
}

const benchFrames = 500_000

func BenchmarkNextPcap(b *testing.B) {
	benchmarkNext(b, Options{}, benchCapture(b, benchFrames))
}

// BenchmarkNextPcapng is BenchmarkNextPcap for the other format.
func BenchmarkNextPcapng(b *testing.B) {
	order := binary.LittleEndian
	content := captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 1, 0))
	packet := make([]byte, benchFrameLen)
	for i := range uint64(benchFrames) {
		content = append(content, captures.NgEnhanced(order, 0, i, packet, benchFrameLen)...)
	}
	benchmarkNext(b, Options{}, writeTemp(b, "bench.pcapng", content))
}

// BenchmarkNextMerged reads two files that take turns at every frame: the
// worst case.
func BenchmarkNextMerged(b *testing.B) {
	path := benchCapture(b, benchFrames)
	benchmarkNext(b, Options{}, path, path)
}

// BenchmarkNextRing reads the same frames as a ring of files.
func BenchmarkNextRing(b *testing.B) {
	const files = 50
	var paths []string
	for i := range files {
		first := i * benchFrames / files
		content := captures.PcapHeader(binary.LittleEndian, captures.MagicMicroseconds, 1)
		for k := range benchFrames / files {
			content = append(content, captures.PcapRecord(binary.LittleEndian, uint32(first+k), 0, make([]byte, benchFrameLen), benchFrameLen)...)
		}
		paths = append(paths, writeTemp(b, "ring", content))
	}
	benchmarkNext(b, Options{}, paths...)
}
