package sensor

import (
	"errors"
	"fmt"
	"net/netip"

	"tlsfloor/capture"
	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/keep"
)

// Options are the options of a Sensor or of Workers.
type Options struct {
	Policy    *policy.Policy
	Decode    decode.Options
	Flow      flow.Options
	Datagrams datagram.Options
	Names     *names.Store                 // names of addresses, from DNS or hosts files; nil: not used
	Ranges    func() *names.Ranges         // AWS's current address ranges; nil: not used
	Emit      func(*classify.Finding) bool // reports whether a finding is to be delivered
	// FlaggedOnly: Emit wants flagged findings only. The hellos of a handshake that
	// cannot become one need not be kept.
	FlaggedOnly bool
	Deliver     func(*classify.Finding) // gets a finding, and owns its memory from then on
	// Except gets a flagged finding that is described whole, except for its process, and
	// may take its flag. It may be nil.
	Except func(*classify.Finding)
	// Withheld gets a flagged or excepted finding that is not delivered, because of
	// TunnelEvents, or because nobody wants excepted ones. It must not keep it. It may be
	// nil.
	Withheld func(*classify.Finding)
	// ReuseFinding returns the memory of a delivered finding that is no longer needed,
	// or nil if there is none. It may be nil.
	ReuseFinding func() *classify.Finding
	// Tally gets every finding, before Deliver, and must not keep it. If FlaggedOnly
	// makes it one that is only counted, it has Outcome, Hello, Answer, Verdict and
	// InScope. InScope then goes by the names that the client gave: no certificate is
	// read just to count. It may be nil.
	Tally  func(*classify.Finding)
	Report func(error) // gets errors that do not end the run
	// Notice is called for a connection when its ClientHello is seen, unless it cannot
	// be flagged, or came in a tunnel, where anybody may have put it. It may be nil.
	Notice func(client, server netip.AddrPort, udp bool)
	// Own reports whether tlsfloor itself has made a connection with a hello of this
	// time. Such a handshake is no finding. Several goroutines call it. It may be nil.
	Own func(client, server netip.AddrPort, hello int64) bool
	// Live: frames come as they are captured, so time passes while none come.
	Live bool
	// Certificates: describe the server's certificate even if SNI names the
	// destination.
	Certificates bool
	// Kinds is how many kinds of clients, and of servers, are remembered by their
	// hellos; 0: fingerprint.DefaultLimit.
	Kinds int
	// TunnelEvents is how many flagged findings from one sender of tunnels are
	// delivered in a minute of packet time; 0: all.
	TunnelEvents int
	// Keep gets the frames of connections until they are decided, and the findings that
	// are flagged. It may be nil. With several sensors, those of each are not used.
	Keep *keep.Keeper
	// MaxFrames ends the run after this many frames; 0: no limit.
	MaxFrames uint64
}

// ErrUnknownLink: the frames of an input have a link type that cannot be decoded. They
// are counted in Stats.Decode.
var ErrUnknownLink = errors.New("not a link type that tlsfloor knows")

// reportedLinks are the sources whose unknown link type was reported.
type reportedLinks map[string]bool

func (l reportedLinks) report(o *Options, f *capture.Frame) {
	if l[f.Source] {
		return
	}
	l[f.Source] = true
	o.Report(&capture.InputError{Name: f.Source, Err: fmt.Errorf("frames of %s cannot be read: %w", f.Link, ErrUnknownLink)})
}
