package pcap

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

func FuzzPcap(f *testing.F) {
	frames := captures.RandomFramesUpTo(rand.New(rand.NewPCG(61, 62)), 4, 60)
	f.Add(captures.Pcap(f, frames))
	for _, order := range captures.ByteOrders {
		record := captures.PcapRecord(order, 1, 2, []byte("abc"), 60)
		for _, magic := range []uint32{captures.MagicMicroseconds, captures.MagicNanoseconds, captures.MagicModified} {
			f.Add(captures.Join(captures.PcapHeader(order, magic, 1), record, make([]byte, 8), record))
		}
		for minor := range uint16(4) {
			f.Add(captures.Join(captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, minor, 276), record, record))
		}
		f.Add(captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), order.AppendUint64(make([]byte, 8), 1<<62)))
		f.Add(captures.Join(captures.PcapHeaderVersion(order, captures.MagicMicroseconds, 2, 2, 6), captures.PcapRecordWireFirst(order, 5, 700_000, []byte("abc"), 60)))
		f.Add(captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), record, captures.PcapRecord(order, 5, 700_000_000, []byte("abc"), 60)))
		f.Add(captures.Join(captures.PcapHeader(order, 0x1c0001ac, 1), make([]byte, 4), record))
		for _, extra := range []int{4, 8, 12} {
			r := captures.Join(record[:16], make([]byte, extra), record[16:])
			f.Add(captures.Join(captures.PcapHeader(order, captures.MagicMicroseconds, 1), r, r, r))
			f.Add(captures.Join(captures.PcapHeader(order, captures.MagicModified, 1), r, r, r))
		}
	}
	for _, j := range joinables() {
		f.Add(captures.Join(j.content, j.content))
		f.Add(captures.Join(captures.Pcap(f, frames), j.content))
		f.Add(captures.Join(captures.Pcapng(f, frames), j.content, captures.Pcap(f, frames)))
	}
	f.Fuzz(fuzzContent)
}

func FuzzPcapng(f *testing.F) {
	frames := captures.RandomFramesUpTo(rand.New(rand.NewPCG(63, 64)), 4, 60)
	f.Add(captures.Pcapng(f, frames))
	for _, order := range captures.ByteOrders {
		options := [][]byte{captures.NgOption(order, optionTSResol, []byte{0x8a}), captures.NgOption(order, optionTSOffset, order.AppendUint64(nil, 1<<62))}
		content := captures.Join(captures.NgSection(order, 1, 0), captures.NgInterface(order, 1, 4, options...), captures.NgInterface(order, 276, 0),
			captures.NgEnhanced(order, 1, 1<<60, []byte("abcde"), 60), captures.NgSimple(order, []byte("abcd"), 60),
			captures.NgObsolete(order, 0, 1<<60, []byte("abcde"), 60), captures.NgBlock(order, 10, make([]byte, 20)))
		f.Add(content)
		f.Add(captures.Join(content, content))
	}
	f.Fuzz(fuzzContent)
}

// fuzzContent reads content in one piece and byte by byte. Both give the same frames
// and the same error, and no frame claims more than it has.
func fuzzContent(t *testing.T, content []byte) {
	whole, err := readBytes(t, content)
	for _, frame := range whole {
		checkFrame(t, frame)
	}
	pieces, pieceErr := readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
	captures.Same(t, pieces, whole)
	if errText(err) != errText(pieceErr) {
		t.Fatalf("in one piece: %v; byte by byte: %v", err, pieceErr)
	}
	for _, kind := range []error{capture.ErrNotCapture, capture.ErrUnsupported, capture.ErrTruncated, capture.ErrDamaged} {
		if errors.Is(err, kind) {
			return
		}
	}
	if err != nil {
		t.Fatalf("an error of no kind: %v", err)
	}
}

func checkFrame(t *testing.T, f capture.Frame) {
	t.Helper()
	if len(f.Data) > MaxCaptured || f.Length < len(f.Data) || f.Source != testSource {
		t.Fatalf("frame of %d bytes, length %d, source %q", len(f.Data), f.Length, f.Source)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
