package sensor

import (
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/session"
)

// New makes a sensor.
func New(o Options) *Sensor {
	n := new(failure)
	return newWith(n.guard(o), n)
}

func newWith(o Options, n *failure) *Sensor {
	s := &Sensor{reading: reading{failure: n}, options: o, decoder: decode.New(o.Decode), unknown: links{}}
	s.fault = func(f *Fault) { s.faults.note(&s.options, f) }
	s.sessions = session.New(session.Options{
		Policy: o.Policy, FlaggedOnly: o.FlaggedOnly, Certificates: o.Certificates, Kinds: o.Kinds, Notice: o.Notice,
		Count: s.count, Judge: s.judge,
	})
	s.table = flow.NewTable(s, o.Flow)
	s.sessions.Packet, s.sessions.Table, s.sessions.Draft = new(decode.Packet), s.table, o.blank()
	return s
}

// Run reads src to its end, or until Next returns an error that ends it. It
// calls between whenever no frame waits and every few hundred frames, and
// stops when that returns false. Flows that are still open at the end are
// concluded. A panic over a frame is reported, as a Fault, and does not end the
// run. Any other, as in Deliver, does, within 256 frames, and is returned.
func (s *Sensor) Run(src capture.Source, between func() bool) error {
	s.source = src
	err := s.run(s, &s.options, between)
	s.flush()
	return s.failure.over(err)
}

// Take processes one frame.
func (s *Sensor) Take(f *capture.Frame) {
	s.stage = decoding
	switch r := s.decoder.Decode(f, s.sessions.Packet); r {
	case decode.Segment:
		s.stage = following
		countCut(&s.sessions.Stats.Unseen, s.sessions.Packet)
		s.table.Push(s.sessions.Packet)
	case decode.Datagram:
		s.stage = learning
		s.datagram(s.sessions.Packet)
	default:
		s.takeOther(r, f)
	}
	s.stage = atRest
}

// takeOther processes a frame that held neither a segment nor a datagram.
func (s *Sensor) takeOther(r decode.Result, f *capture.Frame) {
	switch {
	case r == decode.UnknownLink:
		s.unknown.report(&s.options, f)
	case r == decode.Disbelieved:
		s.tunnels.disbelieve(&s.options, s.sessions.Packet)
	case s.sessions.Packet.Anomalies != 0:
		s.stage = following
		s.table.Accuse(s.sessions.Packet)
	}
}

// idle lets flows time out while no frame comes: else an unanswered hello on a
// quiet interface would be reported with the next one only.
func (s *Sensor) idle() {
	if s.options.Live && s.greeted() {
		s.stage = following
		s.table.Expire(time.Now().UnixNano())
		s.stage = atRest
	}
}

// flush concludes what is open.
func (s *Sensor) flush() {
	for done := false; !done; {
		done = s.flushed()
	}
}

// flushed is flush up to the next fault, and reports whether there was none.
func (s *Sensor) flushed() (done bool) {
	defer func() {
		if value := recover(); value != nil {
			s.mend(newFault(value))
		}
	}()
	s.stage = following
	s.sessions.Packet = &decode.Packet{Time: s.sessions.Packet.Time} // what ends now was ended by no packet
	s.table.Flush()
	return true
}

// survives implements processor.
func (s *Sensor) survives(f *Fault) bool {
	if s.stage == atRest {
		return false
	}
	s.mend(f)
	return true
}

// mend says a fault and gets rid of what it has left. The other connections go
// on, or whoever knows such a packet could blind the sensor.
func (s *Sensor) mend(f *Fault) {
	s.fault(f)
	switch {
	case s.stage == decoding:
		s.decoder.Clear()
	case s.stage == following && !s.table.Forget():
		s.table.Clear()
	}
	s.stage = atRest
}

// greeted reports whether a hello was seen.
func (s *Sensor) greeted() bool {
	return s.sessions.Stats.ClientHellos+s.sessions.Stats.ServerHellos > 0
}

// Stats returns the counts so far.
func (s *Sensor) Stats() Stats {
	st := s.stats
	st.Stats = s.sessions.Stats
	st.Time, st.Faults = s.frame.Time, uint64(s.faults)
	st.Decode, st.Flow = s.decoder.Stats(), s.table.Stats()
	st.Unnamed, st.Tunnels = s.unnamed.List(), s.tunnels.list(&s.sessions.DisbelievedClients)
	if s.source != nil {
		st.Source = s.source.Stats()
	}
	return st
}

// Open implements flow.Handler.
func (s *Sensor) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	if s.options.Names == nil || !resolves(p) {
		return s.sessions.Open(p, d, o)
	}
	if s.shard || !s.tunnels.ownQuestion(p) {
		return nil // Workers follows it, for the names of all shards
	}
	return &resolver{message: s.message, ends: endsOf(p, d)}
}

// Greets implements flow.Handler.
func (s *Sensor) Greets(data []byte) bool { return s.sessions.Greets(data) }
