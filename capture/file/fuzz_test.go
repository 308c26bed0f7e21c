package file

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"tlsfloor/capture"
)

func FuzzPcap(f *testing.F) {
	frames := randomFramesUpTo(rand.New(rand.NewPCG(61, 62)), 4, 60)
	f.Add(asPcap(f, frames))
	for _, order := range bothOrders {
		record := pcapRecord(order, 1, 2, []byte("abc"), 60)
		for _, magic := range []uint32{magicMicroseconds, magicNanoseconds, magicModified} {
			f.Add(join(pcapHeader(order, magic, 1), record, make([]byte, 8), record))
		}
		for minor := range uint16(4) {
			f.Add(join(pcapHeaderVersion(order, magicMicroseconds, 2, minor, 276), record, record))
		}
		f.Add(join(pcapHeader(order, magicMicroseconds, 1), order.AppendUint64(make([]byte, 8), 1<<62)))
	}
	f.Fuzz(fuzzContent)
}

func FuzzPcapng(f *testing.F) {
	frames := randomFramesUpTo(rand.New(rand.NewPCG(63, 64)), 4, 60)
	f.Add(asPcapng(f, frames))
	for _, order := range bothOrders {
		options := [][]byte{ngOption(order, optionTSResol, []byte{0x8a}), ngOption(order, optionTSOffset, order.AppendUint64(nil, 1<<62))}
		content := join(ngSection(order, 1, 0), ngInterfaceBlock(order, 1, 4, options...), ngInterfaceBlock(order, 276, 0),
			ngEnhanced(order, 1, 1<<60, []byte("abcde"), 60), ngSimple(order, []byte("abcd"), 60),
			ngObsolete(order, 0, 1<<60, []byte("abcde"), 60), ngBlock(order, 10, make([]byte, 20)))
		f.Add(content)
		f.Add(join(content, content))
	}
	f.Fuzz(fuzzContent)
}

func FuzzCompressed(f *testing.F) {
	frames := randomFramesUpTo(rand.New(rand.NewPCG(65, 66)), 4, 60)
	for _, pack := range compressors {
		f.Add(pack(f, asPcap(f, frames)))
	}
	f.Fuzz(fuzzCompressed)
}

// fuzzContent reads content in one piece and byte by byte: both give the same
// frames and the same errors, and no frame claims more than it holds.
func fuzzContent(t *testing.T, content []byte) {
	whole, err := readBytes(t, content)
	for _, frame := range whole {
		checkFrame(t, frame)
	}
	pieces, pieceErr := readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
	same(t, pieces, whole)
	if errText(err) != errText(pieceErr) {
		t.Fatalf("in one piece: %v; byte by byte: %v", err, pieceErr)
	}
	var input *capture.InputError
	if err != nil && !errors.As(err, &input) {
		t.Fatalf("not an input error: %v", err)
	}
}

// fuzzCompressed allows for decompressors that keep back more or less of what
// comes before the damage, as it was given to them in larger or smaller pieces.
func fuzzCompressed(t *testing.T, content []byte) {
	whole, err := readBytes(t, content)
	pieces, pieceErr := readReader(t, iotest.OneByteReader(bytes.NewReader(content)))
	shorter := min(len(whole), len(pieces))
	same(t, pieces[:shorter], whole[:shorter])
	for _, frame := range whole {
		checkFrame(t, frame)
	}
	if (err == nil) != (pieceErr == nil) {
		t.Fatalf("in one piece: %v; byte by byte: %v", err, pieceErr)
	}
}

func checkFrame(t *testing.T, f capture.Frame) {
	t.Helper()
	if len(f.Data) > maxCaptured || f.Length < len(f.Data) || f.Source != stdinName {
		t.Fatalf("frame of %d bytes, length %d, source %q", len(f.Data), f.Length, f.Source)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
