package sensor

import (
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/session"
)

// New makes a Sensor.
func New(o Options) *Sensor {
	n := new(failure)
	return newWith(n.guard(o), n)
}

func newWith(o Options, n *failure) *Sensor {
	s := &Sensor{reading: reading{failure: n}, options: o, decoder: decode.New(o.Decode), unknownLinks: reportedLinks{}}
	s.onFault = func(f *Fault) { s.faults.add(&s.options, f) }
	s.sessions = session.New(session.Options{
		Policy: o.Policy, FlaggedOnly: o.FlaggedOnly, Certificates: o.Certificates, Kinds: o.Kinds, Notice: o.Notice, Own: o.Own,
		Count: s.count, Judge: s.judge,
	})
	s.table = flow.NewTable(s, o.Flow)
	s.moves = newMoves()
	s.datagrams = datagram.NewTable(session.Datagrams{Sessions: s.sessions}, o.Datagrams)
	s.sessions.Packet, s.sessions.Draft = new(decode.Packet), o.newFinding()
	s.sessions.Table, s.sessions.DatagramTable = s.table, s.datagrams
	return s
}

// Run reads src to its end, or until Next returns an error that ends the run. It calls
// between whenever no frame is waiting, and every 256 frames, and stops when that
// returns false. At the end, the findings of connections that are still open are
// delivered. A panic over a frame is reported as a Fault, and does not end the run. Any
// other panic, as in Deliver, ends it within 256 frames, and is returned.
func (s *Sensor) Run(src capture.Source, between func() bool) error {
	s.source = src
	err := s.run(s.processor(), &s.options, between)
	s.flush()
	return s.failure.orError(err)
}

// Process processes one frame, and everything that follows from it, before it returns.
// It does not keep the frame's bytes.
func (s *Sensor) Process(f *capture.Frame) {
	s.step = decodingFrame
	switch r := s.decoder.Decode(f, s.sessions.Packet); r {
	case decode.Segment:
		s.step = followingFlows
		countCut(&s.sessions.Stats.Unseen, s.sessions.Packet)
		s.table.Push(s.sessions.Packet)
	case decode.Datagram:
		s.datagram(s.sessions.Packet)
	default:
		s.processOther(r, f)
	}
	s.step = betweenFrames
}

// processOther processes a frame without a TCP segment or a datagram.
func (s *Sensor) processOther(r decode.Result, f *capture.Frame) {
	switch {
	case r == decode.UnknownLink:
		s.unknownLinks.report(&s.options, f)
	case r == decode.Disbelieved:
		s.tunnels.reportDisbelieved(&s.options, s.sessions.Packet)
	case s.sessions.Packet.Anomalies != 0:
		s.step = followingFlows
		s.table.Accuse(s.sessions.Packet)
	}
}

// idle lets flows time out while no frame comes. Otherwise an unanswered hello on a
// quiet interface would be reported only when the next frame comes.
func (s *Sensor) idle() {
	if s.options.Live && s.helloSeen() {
		s.step = followingFlows
		now := time.Now().UnixNano()
		s.table.Expire(now)
		s.step = followingDatagrams
		s.datagrams.Expire(now)
		s.step = betweenFrames
	}
}

// flush ends all open connections.
func (s *Sensor) flush() {
	s.ending = true
	for done := false; !done; {
		done = s.flushUntilFault()
	}
}

// flushUntilFault is flush until the next fault. done: there was none.
func (s *Sensor) flushUntilFault() (done bool) {
	defer func() {
		if value := recover(); value != nil {
			s.recoverFrom(newFault(value))
		}
	}()
	s.step = followingFlows
	s.sessions.Packet = &decode.Packet{Time: s.sessions.Packet.Time} // no packet ends these connections
	s.table.Flush()
	s.step = followingDatagrams
	s.datagrams.Flush()
	return true
}

// handleFault implements processor.
func (s *Sensor) handleFault(f *Fault) bool {
	if s.step == betweenFrames {
		return false
	}
	s.recoverFrom(f)
	return true
}

// recoverFrom reports a fault, and drops the state that it may have left inconsistent.
// It keeps the other connections: otherwise an attacker who knows such a packet could
// make the sensor lose all of them.
func (s *Sensor) recoverFrom(f *Fault) {
	s.onFault(f)
	if s.options.Keep != nil && !s.shard {
		s.options.Keep.Clear()
	}
	switch {
	case s.step == decodingFrame:
		s.decoder.Clear()
	case s.step == followingFlows && !s.table.Forget():
		s.table.Clear()
	case s.step == followingDatagrams && !s.datagrams.Forget():
		s.datagrams.Clear()
	}
	s.step = betweenFrames
}

// helloSeen reports whether any hello was seen.
func (s *Sensor) helloSeen() bool {
	return s.sessions.Stats.ClientHellos+s.sessions.Stats.ServerHellos > 0
}

// Now is, for a function that takes a finding, the time by the clock of the packets that it
// came from, in nanoseconds. Between frames and at the end it is that of all packets.
func (s *Sensor) Now() int64 {
	switch {
	case s.step == followingFlows && !s.ending:
		return s.table.Now()
	case s.step == followingDatagrams && !s.ending:
		return s.datagrams.Now()
	}
	return max(s.table.Now(), s.datagrams.Now())
}

// Stats returns the counts so far.
func (s *Sensor) Stats() Stats {
	st := s.stats
	st.Stats = s.sessions.Stats
	st.First, st.Last, st.Time, st.Faults = s.first, s.last, s.frame.Time, uint64(s.faults)
	st.Decode, st.Flow, st.Datagrams = s.decoder.Stats(), s.table.Stats(), s.datagrams.Stats()
	st.UnknownQUIC = s.sessions.UnknownQUIC
	st.Unnamed, st.Tunnels = s.unnamed.List(), s.tunnels.list(&s.sessions.DisbelievedClients)
	if s.source != nil {
		st.Source = s.source.Stats()
	}
	return st
}

// Open implements flow.Handler.
func (s *Sensor) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	if s.options.Names == nil || !beginsDNS(p) {
		return s.sessions.Open(p, d, o)
	}
	if s.shard || !s.tunnels.believesDNS(p) {
		return nil // in a shard: Workers follows DNS over TCP for all shards
	}
	return &dnsStream{onMessage: s.learnMessage, ends: endsOf(p, d)}
}

// Greets implements flow.Handler.
func (s *Sensor) Greets(data []byte) bool { return s.sessions.Greets(data) }
