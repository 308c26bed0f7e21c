package sensor

import (
	"os"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
)

// allFrames returns the frames of all recorded captures, and how many bytes they have.
func allFrames(b *testing.B) (frames []capture.Frame, bytes int64) {
	b.Helper()
	entries, err := os.ReadDir(captures)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		if _, skip := cannotRecut[e.Name()]; skip || e.IsDir() {
			continue
		}
		frames = append(frames, read(b, e.Name())...)
	}
	for _, f := range frames {
		bytes += int64(len(f.Data))
	}
	return frames, bytes
}

func benchSensor(b *testing.B, flaggedOnly bool) *Sensor {
	p, err := policy.New(policy.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return New(Options{
		Policy: p, Names: names.NewStore(names.Options{}), FlaggedOnly: flaggedOnly,
		Emit:    func(f *classify.Finding) bool { return f.Flagged || !flaggedOnly },
		Deliver: func(*classify.Finding) {}, Report: func(err error) { b.Error(err) },
	})
}

// BenchmarkCapture processes all captures from frame to finding, without reading files
// and without writing events. Nearly all of their packets belong to handshakes.
func BenchmarkCapture(b *testing.B) {
	frames, bytes := allFrames(b)
	for name, flagged := range map[string]bool{"flagged": true, "all": false} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(bytes)
			s := benchSensor(b, flagged)
			b.ResetTimer()
			for range b.N {
				for i := range frames {
					s.Process(&frames[i])
				}
				s.table.Flush()
			}
			b.ReportMetric(float64(len(frames))*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

// BenchmarkSettledPacket processes one segment of a settled connection, through decode
// and flow: the cost of most packets of a network.
func BenchmarkSettledPacket(b *testing.B) {
	s := benchSensor(b, true)
	frames := read(b, "curl-tls12-sni.pcap")
	for i := range frames[:len(frames)-4] {
		s.Process(&frames[i])
	}
	var data *capture.Frame
	for i := range frames {
		if frames[i].Length > 100 {
			data = &frames[i]
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s.Process(data)
	}
}

// Packets of a settled connection allocate nothing.
func TestSettledPacketAllocatesNothing(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	frames := read(t, "curl-tls12-sni.pcap")
	for i := range frames {
		s.Process(&frames[i])
	}
	last := len(frames) - 1
	if n := testing.AllocsPerRun(100, func() { s.Process(&frames[last]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
