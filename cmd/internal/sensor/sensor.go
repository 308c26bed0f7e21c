package sensor

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
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
	// InScope.
	Tally  func(*classify.Finding)
	Report func(error) // told of trouble that does not end the run
	// Notice is told of a connection when its ClientHello is seen, unless it can
	// not be flagged; nil: nobody wants to know.
	Notice func(client, server netip.AddrPort)
	// Live says that frames come as they are captured: then time passes while
	// none come.
	Live bool
	// Certificates asks for the server's certificate even where SNI names the
	// destination.
	Certificates bool
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
	Faults       uint64 // see Fault
}

// Sensor reads one source. It is used by one goroutine.
type Sensor struct {
	options Options
	decoder *decode.Decoder
	table   *flow.Table
	kinds   kinds
	source  capture.Source

	frame        capture.Frame
	frames       uint64 // asked for
	stage        stage
	faults       faults
	fault        func(*Fault)   // is told of each
	packet       *decode.Packet // the one at hand
	free         []*session
	draft        *classify.Finding // in which each finding is made and judged
	counted      counted
	hello        parse.ClientHello // scratch, as the next two: each holds what was parsed last
	answer       parse.ServerHello
	leaf         parse.Certificate
	leafNames    [][]byte
	collector    parse.Collector
	strings      *interned
	facts        facts // scratch
	freeFacts    []*facts
	freePreludes []*prelude
	stats        Stats
	unknown      links
	shard        bool // one of Workers
}

// New makes a sensor.
func New(o Options) *Sensor {
	s := &Sensor{options: o, decoder: decode.New(o.Decode), kinds: newKinds(), unknown: links{}, strings: newInterned(), packet: new(decode.Packet), draft: o.blank()}
	s.fault = func(f *Fault) { s.faults.note(&s.options, f) }
	s.table = flow.NewTable(s, o.Flow)
	return s
}

// Run reads src to its end, or until Next returns an error that ends it. It
// calls between whenever no frame waits and every few hundred frames, and
// stops when that returns false. Flows that are still open at the end are
// concluded. A panic over a frame is reported, as a Fault, and does not end the
// run; over anything else it does, and is returned.
func (s *Sensor) Run(src capture.Source, between func() bool) error {
	s.source = src
	for {
		if over, err := s.stretch(between); over {
			s.flush()
			return err
		}
	}
}

// stretch is Run up to the next fault.
func (s *Sensor) stretch(between func() bool) (over bool, err error) {
	defer func() {
		if value := recover(); value != nil {
			over, err = s.failed(newFault(value))
		}
	}()
	for {
		err := s.source.Next(&s.frame)
		s.frames++
		if err == nil {
			s.Take(&s.frame)
		} else if errors.Is(err, capture.ErrTimeout) {
			s.idle()
		} else if done, err := s.options.handle(err); done {
			return true, err
		}
		if (err != nil || s.frames%256 == 0) && !between() || s.options.MaxFrames > 0 && s.frames >= s.options.MaxFrames {
			return true, nil
		}
	}
}

// failed sees to it that the run can go on after a fault over a frame; over is
// true after another.
func (s *Sensor) failed(f *Fault) (over bool, err error) {
	if s.stage == atRest {
		return true, f
	}
	s.mend(f)
	return false, nil
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
	switch s.decoder.Decode(f, s.packet) {
	case decode.Segment:
		s.stage = following
		s.table.Push(s.packet)
	case decode.Datagram:
		s.stage = learning
		s.datagram(s.packet)
	case decode.UnknownLink:
		s.unknown.report(&s.options, f)
	}
	s.stage = atRest
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
	if s.source != nil {
		st.Source = s.source.Stats()
	}
	return st
}
