package sensor

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/fingerprint"
	"tlsfloor/parse/handshake"
)

// Options are what a sensor is told.
type Options struct {
	Policy *policy.Policy
	Decode decode.Options
	Flow   flow.Options
	Names  *names.Store                 // what addresses were called; nil: nobody knows
	Ranges func() *names.Ranges         // AWS's addresses now; nil: not known
	Emit   func(*classify.Finding) bool // which findings are delivered
	// FlaggedOnly says that Emit wants flagged findings only: of a handshake
	// that cannot become one, the hellos need not be kept.
	FlaggedOnly bool
	Deliver     func(*classify.Finding) // takes a finding, and its memory
	// Blank gives the memory of a finding that was delivered and is not needed any
	// more, or nil; nil: there never is any.
	Blank func() *classify.Finding
	// Tally sees every finding, borrowed, before Deliver. Where FlaggedOnly makes
	// it one to be counted only, it has Outcome, Hello, Answer, Verdict and
	// InScope; the last by the names that the client gave, since no certificate
	// is read for nothing.
	Tally  func(*classify.Finding)
	Report func(error) // told of trouble that does not end the run
	// Notice is told of a connection when its ClientHello is seen, unless it can
	// not be flagged or came in a tunnel, where anybody may have put it; nil: nobody
	// wants to know.
	Notice func(client, server netip.AddrPort)
	// Live says that frames come as they are captured: then time passes while
	// none come.
	Live bool
	// Certificates asks for the server's certificate even where SNI names the
	// destination.
	Certificates bool
	// Kinds is how many kinds of clients, and of servers, are remembered by their
	// hellos; 0: fingerprint.DefaultLimit.
	Kinds int
	// TunnelEvents is how many flagged findings of one tunnel's sender are delivered
	// in a minute of packet time; 0: all.
	TunnelEvents int
	// MaxFrames ends the run after so many frames; 0: none.
	MaxFrames uint64
}

// Stats are the counts of a sensor and of the rooms it uses.
type Stats struct {
	Time   int64 // of the last frame, in nanoseconds since the Unix epoch
	Source capture.Stats
	Decode decode.Stats
	Flow   flow.Stats

	ClientHellos uint64
	ServerHellos uint64
	Malformed    uint64                         // hellos that could not be read
	Incomplete   uint64                         // ClientHellos of which the capture has only the beginning
	Handshakes   uint64                         // observations made
	Verdicts     [classify.Violation + 1]uint64 // the same, by verdict
	Flagged      uint64
	InScope      uint64
	Copies       uint64 // connections that were another view of one that was reported
	Faults       uint64 // see Fault

	Unseen  blind.Unseen
	Unnamed blind.Addresses // of clients below the floor, where nobody could name them
	Tunnels blind.Tunnels
}

// Sensor reads one source. It is used by one goroutine.
type Sensor struct {
	reading
	options Options
	decoder *decode.Decoder
	table   *flow.Table
	kinds   kinds

	handOver     func(*session, *classify.Finding) // takes what is to be judged; nil: it is judged here
	stage        stage
	faults       faults
	fault        func(*Fault)   // is told of each
	packet       *decode.Packet // the one at hand
	free         []*session
	draft        *classify.Finding // in which each finding is made and judged
	countOnly    countOnly
	msg          handshake.Message // what the Machine at work has found
	pool         handshake.Pool
	certificates parse.Collector // of those in shown
	strings      *interned
	seed         uint64 // of digests of what was said
	freePlaces   cache.Free[places]
	freeShown    cache.Free[shown]
	stats        Stats
	unknown      links
	unnamed      blind.AddressCounter
	tunnels      tunnels
	shard        bool // one of Workers
}

// New makes a sensor.
func New(o Options) *Sensor {
	n := new(failure)
	return newWith(n.guard(o), n)
}

func newWith(o Options, n *failure) *Sensor {
	if o.Kinds == 0 {
		o.Kinds = fingerprint.DefaultLimit
	}
	s := &Sensor{
		reading: reading{failure: n}, options: o, decoder: decode.New(o.Decode), kinds: newKindsUpTo(o.Kinds),
		unknown: links{}, strings: newInterned(), seed: rand.Uint64(), packet: new(decode.Packet), draft: o.blank(),
	}
	s.fault = func(f *Fault) { s.faults.note(&s.options, f) }
	s.table = flow.NewTable(s, o.Flow)
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

// survives implements processor.
func (s *Sensor) survives(f *Fault) bool {
	if s.stage == atRest {
		return false
	}
	s.mend(f)
	return true
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
	s.packet = &decode.Packet{Time: s.packet.Time} // what ends now was ended by no packet
	s.table.Flush()
	return true
}

// handle sorts what is wrong with a source; done says that the run is over.
func (o *Options) handle(err error) (done bool, _ error) {
	var input *capture.InputError
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.As(err, &input):
		o.Report(err)
		return false, nil
	}
	return true, err
}

// Take processes one frame.
func (s *Sensor) Take(f *capture.Frame) {
	s.stage = decoding
	switch r := s.decoder.Decode(f, s.packet); r {
	case decode.Segment:
		s.stage = following
		countCut(&s.stats.Unseen, s.packet)
		s.table.Push(s.packet)
	case decode.Datagram:
		s.stage = learning
		s.datagram(s.packet)
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
		s.tunnels.disbelieve(&s.options, s.packet)
	case s.packet.Anomalies != 0:
		s.stage = following
		s.table.Accuse(s.packet)
	}
}

// idle lets flows time out while no frame comes: else an unanswered hello on a
// quiet interface would be reported with the next one only.
func (s *Sensor) idle() {
	if s.options.Live && s.stats.ClientHellos+s.stats.ServerHellos > 0 {
		s.stage = following
		s.table.Expire(time.Now().UnixNano())
		s.stage = atRest
	}
}

// Stats returns the counts so far.
func (s *Sensor) Stats() Stats {
	st := s.stats
	st.Time, st.Faults = s.frame.Time, uint64(s.faults)
	st.Decode, st.Flow = s.decoder.Stats(), s.table.Stats()
	st.Unnamed, st.Tunnels = s.unnamed.List(), s.tunnels.list()
	if s.source != nil {
		st.Source = s.source.Stats()
	}
	return st
}
