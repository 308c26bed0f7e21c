package live

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

// TestBatchesHoldTheSame compares batches with the frames that gopacket reads one
// by one. A capture file stands for the interface: libpcap reads both the same way.
func TestBatchesHoldTheSame(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "curl-*.pcap"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no captures: ", err)
	}
	frames := 0
	for _, path := range paths {
		frames += compareReaders(t, path)
	}
	if frames <= 2*framesAtOnce {
		t.Errorf("only %d frames", frames)
	}
}

func compareReaders(t *testing.T, path string) (frames int) {
	one, err := pcap.OpenOffline(path)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	other, err := pcap.OpenOffline(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s, m := singleReader{one}, new(batchReader)
	if err := m.prepare(other); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for ; ; frames++ {
		var want, got capture.Frame
		errWant, errGot := s.next(&want), m.next(&got)
		if errWant != nil || errGot != nil {
			if (errWant == nil) != (errGot == nil) {
				t.Errorf("%s: frame %d: %v, and one by one %v", path, frames, errGot, errWant)
			}
			return frames
		}
		if got.Time != want.Time || got.Length != want.Length || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("%s: frame %d: %+v, want %+v", path, frames, got, want)
		}
	}
}

// TestOneByOneIsReported: if frames cannot be read in batches, there is one error: a
// changed library must not take a third more of the processor unnoticed.
func TestOneByOneIsReported(t *testing.T) {
	handle, err := pcap.OpenOffline(filepath.Join("..", "..", "testdata", "captures", "openssl-tls10-sni.pcap")) // which nothing waits for
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	p := &device{name: "eth9", options: &Options{}, stop: new(stop)}
	for round := range 2 {
		p.readFrom(handle)
		if _, ok := p.reader.(singleReader); !ok {
			t.Fatalf("the reader is a %T", p.reader)
		}
		if said := errors.Is(p.problem, ErrOneByOne); said != (round == 0) {
			t.Errorf("round %d: %v", round, p.problem)
		}
		p.problem = nil // next has returned it
	}
}
