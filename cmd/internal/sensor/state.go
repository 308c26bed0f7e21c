package sensor

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/session"
)

// Sensor reads one source. It is used by one goroutine.
type Sensor struct {
	reading
	options  Options
	decoder  *decode.Decoder
	table    *flow.Table
	sessions *session.Sessions

	stage   stage
	faults  faults
	fault   func(*Fault) // is told of each
	stats   Stats        // but for what table, decoder and sessions count
	unknown links
	unnamed blind.AddressCounter
	tunnels tunnels
	shard   bool // one of Workers
}

// stage is what is done with a frame. It says what a fault has left in a state
// that nobody knows.
type stage uint8

const (
	atRest    stage = iota // nothing
	decoding               // the fragments that wait for others
	following              // a connection, or all
	learning               // nothing: a DNS message is read before anything is learnt of it
)

// Stats are the counts of a sensor and of the rooms it uses.
type Stats struct {
	Time   int64 // of the last frame, in nanoseconds since the Unix epoch
	Source capture.Stats
	Decode decode.Stats
	Flow   flow.Stats

	session.Stats
	Handshakes uint64                         // observations made
	Verdicts   [classify.Violation + 1]uint64 // the same, by verdict
	Flagged    uint64
	InScope    uint64
	Faults     uint64 // see Fault

	Unnamed blind.Addresses // of clients below the floor, where nobody could name them
	Tunnels blind.Tunnels
}

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
