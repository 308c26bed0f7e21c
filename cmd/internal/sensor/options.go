package sensor

import (
	"errors"
	"fmt"
	"net/netip"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
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

// ErrUnknownLink says that the frames of an input are of a link type that is not
// read. They are counted in Stats.Decode.
var ErrUnknownLink = errors.New("not a link type that tlsfloor knows")

// links are the sources whose link type was reported.
type links map[string]bool

func (l links) report(o *Options, f *capture.Frame) {
	if l[f.Source] {
		return
	}
	l[f.Source] = true
	o.Report(&capture.InputError{Name: f.Source, Err: fmt.Errorf("frames of %s cannot be read: %w", f.Link, ErrUnknownLink)})
}
