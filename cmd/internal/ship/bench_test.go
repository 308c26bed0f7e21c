package ship

import (
	"testing"

	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/wait"
)

// BenchmarkShip delivers the events of recorded captures to one output, which acknowledges
// everything at once.
func BenchmarkShip(b *testing.B) {
	for _, format := range []string{"native", "ecs", "ocsf", "eve", "zeek", "text"} {
		b.Run(format, func(b *testing.B) {
			w := newWriter(b, journal.Options{Size: 1 << 30})
			lines := recorded(b)
			var block []byte
			for i := range b.N {
				block = append(append(block, lines[i%len(lines)]...), '\n')
				if i%100 == 99 || i == b.N-1 {
					if err := w.Append(block, i%100+1); err != nil {
						b.Fatal(err)
					}
					block = block[:0]
				}
			}
			o := to(b, Options{Inputs: []string{w.folder}}, &far{forgets: true})
			o.pace = o.Outputs[0].Pace()
			o.pace.Chunk = 512 << 10
			o.Outputs[0].Format = format
			b.ResetTimer()
			s := start(b, o)
			s.Finish(0)
			wait.Until(b, func() bool { return isClosed(s.Done()) })
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
