package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// TestLentFramesStay: lent frames do not change until their buffer is given back, which
// never happens here. Frames that are not lent are overwritten.
func TestLentFramesStay(t *testing.T) {
	const frames, size = 3000, 1400
	content := captures.PcapHeader(binary.LittleEndian, captures.MagicMicroseconds, 1)
	for i := range uint32(frames) {
		content = append(content, captures.PcapRecord(binary.LittleEndian, i, 0, bytes.Repeat([]byte{byte(i)}, size), size)...)
	}
	path := filepath.Join(t.TempDir(), "many.pcap")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, lend := range map[string]bool{"lent": true, "not lent": false} {
		t.Run(name, func(t *testing.T) {
			src, err := Open([]string{path, path}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			exchanged := 0
			if lend {
				src.Lend(func(old []byte) []byte { exchanged++; return make([]byte, len(old)) })
			}
			all := everyFrame(t, src)
			if len(all) != 2*frames {
				t.Fatalf("%d frames", len(all))
			}
			if spoilt := spoiltFrames(all); (spoilt > 0) == lend {
				t.Errorf("%d of %d frames were written over", spoilt, len(all))
			}
			if lend && exchanged == 0 {
				t.Error("no buffer was exchanged")
			}
		})
	}
}

// spoiltFrames counts frames whose bytes are not all the same.
func spoiltFrames(all []capture.Frame) (n int) {
	for _, f := range all {
		if slices.ContainsFunc(f.Data, func(b byte) bool { return b != f.Data[0] }) {
			n++
		}
	}
	return n
}

func everyFrame(t *testing.T, src *Source) (all []capture.Frame) {
	t.Helper()
	for {
		var f capture.Frame
		switch err := src.Next(&f); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, f)
	}
}
