package pcap

import (
	"bytes"
	"encoding/binary"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

const benchFrameLen = 200

// benchmarkParse measures a record whose bytes are in memory, without read(2). first is
// where the records begin.
func benchmarkParse(b *testing.B, in *Buffer, first int, r Reader) {
	b.Helper()
	b.ReportAllocs()
	var f capture.Frame
	for b.Loop() {
		if in.pos == in.end {
			in.pos = first
		}
		if err := r.Next(&f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePcap(b *testing.B) {
	packet := captures.PcapRecord(binary.LittleEndian, 1, 2, make([]byte, benchFrameLen), benchFrameLen)
	content := bytes.Repeat(packet, 1000)
	in := &Buffer{buf: content, end: len(content)}
	benchmarkParse(b, in, 0, &classicReader{b: in, headerLen: 16, unit: 1000, maxFraction: 999_999})
}

func BenchmarkParsePcapng(b *testing.B) {
	packet := captures.NgEnhanced(binary.LittleEndian, 0, 5, make([]byte, benchFrameLen), benchFrameLen)
	content := bytes.Repeat(packet, 1000)
	in := &Buffer{buf: content, end: len(content)}
	benchmarkParse(b, in, 0, &ngReader{b: in, interfaces: []ngInterface{{link: 1, scale: microseconds}}})
}
