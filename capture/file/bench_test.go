package file

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"

	"tlsfloor/capture"
)

const benchFrameLen = 200

// benchCapture writes a classic capture of n frames of 200 bytes.
func benchCapture(tb testing.TB, n int) string {
	tb.Helper()
	var b bytes.Buffer
	b.Write(pcapHeader(binary.LittleEndian, magicMicroseconds, 1))
	for i := range n {
		b.Write(pcapRecord(binary.LittleEndian, uint32(i/1000), uint32(i%1000), make([]byte, benchFrameLen), benchFrameLen))
	}
	return writeTemp(tb, "bench.pcap", b.Bytes())
}

// benchmarkNext measures a record of a file that is in the page cache, the
// read(2) included.
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

// BenchmarkParsePcap leaves the read(2) out: what a record costs once its bytes
// are in memory.
func BenchmarkParsePcap(b *testing.B) {
	content, err := os.ReadFile(benchCapture(b, 1000))
	if err != nil {
		b.Fatal(err)
	}
	r := &pcapReader{w: &window{buf: content, end: len(content)}, headerLen: 16, unit: 1000}
	b.ReportAllocs()
	var f capture.Frame
	for b.Loop() {
		if r.w.pos == r.w.end || r.w.pos == 0 {
			r.w.pos = pcapHeaderLen
		}
		if err := r.next(&f); err != nil {
			b.Fatal(err)
		}
	}
}
