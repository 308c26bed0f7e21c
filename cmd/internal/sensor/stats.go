package sensor

import (
	"tlsfloor/capture/decode"
	"tlsfloor/cmd/internal/blind"
)

// add adds the counts of a shard: of its table, and of what it judged.
func (s *Stats) add(o *Stats) {
	s.Flow.Add(&o.Flow)
	s.Stats.Add(&o.Stats)
	s.Handshakes += o.Handshakes
	for v := range s.Verdicts {
		s.Verdicts[v] += o.Verdicts[v]
	}
	s.Flagged += o.Flagged
	s.InScope += o.InScope
	s.Faults += o.Faults
	s.Unnamed.Add(&o.Unnamed)
	s.Tunnels.Add(&o.Tunnels)
}

// Blind is what the counts tell of what could not be seen.
func (s *Stats) Blind() *blind.Run {
	return &blind.Run{
		Source: s.Source, Decode: &s.Decode, Unseen: s.Unseen, Unnamed: s.Unnamed,
		Tunnels: s.Tunnels, MalformedHellos: s.Malformed, Faults: s.Faults,
	}
}

// countCut counts a segment of which the snapshot length left no data.
func countCut(u *blind.Unseen, p *decode.Packet) {
	if p.Missing > 0 && len(p.Payload) == 0 {
		u.CutPackets++
	}
}
