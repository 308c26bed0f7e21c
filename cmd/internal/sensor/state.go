package sensor

import (
	"tlsfloor/capture"
	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/session"
)

// Sensor reads one source. It is used by one goroutine.
type Sensor struct {
	reading
	options   Options
	decoder   *decode.Decoder
	table     *flow.Table
	datagrams *datagram.Table
	moves     *moves
	sessions  *session.Sessions

	step         step
	faults       faults
	onFault      func(*Fault) // is called with each fault
	stats        Stats        // without the counts of table, decoder and sessions
	unknownLinks reportedLinks
	unnamed      blind.AddressCounter
	tunnels      tunnels
	shard        bool // it is a shard of Workers
	ending       bool // no frame comes any more
}

// step is what the sensor is doing with a frame. It shows which state a fault may have
// left inconsistent.
type step uint8

const (
	betweenFrames      step = iota // none
	decodingFrame                  // fragments that wait for others
	followingFlows                 // one connection, or the whole table
	followingDatagrams             // one conversation, or their whole table
	readingDNS                     // none: a DNS message is parsed whole before a name is stored
	keepingFrames                  // what is held of frames: see Options.Keep
)

// Stats are the counts of a sensor and of the packages that it uses.
type Stats struct {
	// First and Last are the earliest and the latest time of a frame, and Time is that of
	// the last frame, in nanoseconds since the Unix epoch; 0: none.
	First, Last, Time int64

	Source    capture.Stats
	Decode    decode.Stats
	Flow      flow.Stats
	Datagrams datagram.Stats

	session.Stats
	Handshakes uint64                         // observations made
	Verdicts   [classify.Violation + 1]uint64 // the same, by verdict
	Flagged    uint64
	InScope    uint64
	Faults     uint64 // see Fault

	Unnamed     blind.Addresses // servers of handshakes below the floor whose names are not known
	Tunnels     blind.Tunnels
	UnknownQUIC blind.Names // see session.Sessions.UnknownQUIC
}

// add adds the counts of a shard: those of its table, and of its findings.
func (s *Stats) add(o *Stats) {
	s.Flow.Add(&o.Flow)
	s.Datagrams.Add(&o.Datagrams)
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
	s.UnknownQUIC.Merge(&o.UnknownQUIC)
}

// Flows is the number of connections, and of conversations in datagrams that began with a
// handshake.
func (s *Stats) Flows() uint64 { return s.Flow.Flows + s.Datagrams.Conversations }

// GivenUp is the number of them that were ended because there was no room.
func (s *Stats) GivenUp() uint64 { return s.Flow.EvictedSum() + s.Datagrams.EvictedSum() }

// Blind is the part of the counts that shows what could not be seen.
func (s *Stats) Blind() *blind.Run {
	return &blind.Run{
		Source: s.Source, Decode: &s.Decode, Unseen: s.Unseen, Unnamed: s.Unnamed,
		Tunnels: s.Tunnels, MalformedHellos: s.Malformed, Faults: s.Faults, UnknownQUIC: s.UnknownQUIC,
		Conversations: s.Datagrams.Conversations,
	}
}

// countCut counts a segment whose data the snapshot length cut off entirely.
func countCut(u *blind.Unseen, p *decode.Packet) {
	if p.Missing > 0 && len(p.Payload) == 0 {
		u.CutPackets++
	}
}
