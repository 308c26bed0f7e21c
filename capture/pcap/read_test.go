package pcap

import (
	"bytes"
	"io"
	"os"
	"testing"

	"tlsfloor/capture"
)

const (
	sampleCapture = "../../testdata/captures/openssl-tls10-sni.pcap"
	// testSource is the source of all frames that are read here.
	testSource = "test"
)

// readBytes returns copies of all frames of one capture, or of several that are
// joined.
func readBytes(tb testing.TB, content []byte) ([]capture.Frame, error) {
	tb.Helper()
	return readReader(tb, bytes.NewReader(content))
}

func readReader(tb testing.TB, in io.Reader) (frames []capture.Frame, err error) {
	tb.Helper()
	b := NewBuffer(in, make([]byte, BufferSize))
	if err := b.Fill(MagicLen); err != nil && err != io.EOF {
		tb.Fatal(err)
	}
	for err = ErrNextFile; err == ErrNextFile; {
		if b.Buffered() < MagicLen || !Begins(b.Bytes()) {
			return frames, capture.ErrNotCapture
		}
		var r Reader
		for r, err = NewReader(b, testSource); err == nil; {
			var f capture.Frame
			if err = r.Next(&f); err == nil {
				f.Data = bytes.Clone(f.Data)
				frames = append(frames, f)
			}
		}
	}
	if err == io.EOF {
		err = nil
	}
	return frames, err
}

func readFile(tb testing.TB, path string) ([]capture.Frame, error) {
	tb.Helper()
	content, err := os.ReadFile(path)
	check(tb, err)
	return readBytes(tb, content)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// offsetOf is where the record of a frame begins in a classic capture.
func offsetOf(frames []capture.Frame, i int) int {
	at := classicHeaderLen
	for _, f := range frames[:i] {
		at += 16 + len(f.Data)
	}
	return at
}
