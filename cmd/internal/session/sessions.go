package session

import (
	"math/rand/v2"
	"net/netip"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/fingerprint"
	"tlsfloor/parse/handshake"
)

// Options are what Sessions go by.
type Options struct {
	Policy *policy.Policy
	// FlaggedOnly says that only flagged findings are delivered: the details of a
	// handshake that cannot become one are not taken.
	FlaggedOnly bool
	// Certificates asks for the server's certificate even where SNI names the
	// destination.
	Certificates bool
	// Kinds is how many kinds of clients, and of servers, are remembered by their
	// hellos; 0: fingerprint.DefaultLimit.
	Kinds int
	// Notice is told of a connection when its ClientHello is seen, unless it cannot
	// be flagged or came in a tunnel, where anybody may have put it; nil: it is not
	// wanted.
	Notice func(client, server netip.AddrPort)
	// Count takes a finding, borrowed, that can only be counted: it has Outcome,
	// Hello, Answer, Verdict and InScope. InScope is by the names that the client
	// gave: no certificate is read only to count.
	Count func(*classify.Finding)
	// Judge takes the finding of a Session that is about to end, made in Sessions.Draft.
	// Complete adds to it what only a reader needs.
	Judge func(*Session, *classify.Finding)
}

// Stats are the counts of Sessions.
type Stats struct {
	ClientHellos uint64
	ServerHellos uint64
	Malformed    uint64 // hellos that could not be read
	Incomplete   uint64 // ClientHellos of which the capture has only the beginning
	Copies       uint64 // connections that were another view of one that was reported
	Unseen       blind.Unseen
}

// Add adds the counts of o.
func (s *Stats) Add(o *Stats) {
	s.ClientHellos += o.ClientHellos
	s.ServerHellos += o.ServerHellos
	s.Malformed += o.Malformed
	s.Incomplete += o.Incomplete
	s.Copies += o.Copies
	s.Unseen.Add(&o.Unseen)
}

// Sessions follows the connections of a flow.Table, of which it is the Handler, and
// makes an observation of each handshake. It is used by one goroutine.
type Sessions struct {
	Options
	Stats Stats
	// Unvouched are the clients that only the other end of a tunnel told of.
	Unvouched blind.AddressCounter
	// Packet is the packet at hand, and Table the table that it is given to. The
	// caller sets both.
	Packet *decode.Packet
	Table  *flow.Table
	// Draft is the memory of the next finding. Whoever keeps the finding puts another
	// here.
	Draft *classify.Finding

	kinds        kinds
	free         []*Session
	countOnly    countOnly
	msg          handshake.Message // what the Machine at work has found
	pool         handshake.Pool
	certificates parse.Collector // of those in shown
	strings      *interned
	seed         uint64 // of digests of what was said
	freePlaces   cache.Free[places]
	freeShown    cache.Free[shown]
}

// New makes Sessions. Packet, Table and Draft are to be set before it is used.
func New(o Options) *Sessions {
	if o.Kinds == 0 {
		o.Kinds = fingerprint.DefaultLimit
	}
	return &Sessions{Options: o, kinds: newKindsUpTo(o.Kinds), strings: newInterned(), seed: rand.Uint64()}
}
