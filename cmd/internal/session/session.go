package session

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/fingerprint"
	"tlsfloor/parse/handshake"
)

// Session follows one connection for the sensor: it is the flow.Consumer that
// gives the bytes to a handshake.Machine and keeps what its messages say. With
// thousands of handshakes under way, each segment waits for it to come from memory:
// seven cache lines, of which the first two are all that most segments need (see
// TestSessionLayout).
type Session struct {
	flow.Stream
	sessions *Sessions
	state

	// Written by Open:
	openTime int64
	source   string
	ends     [2]endpoint // by direction: the end that sends in it
	opened   bool        // the opening was seen
	followed bool        // see flow.Opener.Forgotten
}

// state is what a session knows of its connection. Open sets v6, first, told and
// teller. Its zero value is of a session that has heard nothing.
type state struct {
	tls       handshake.Machine
	held      int32  // see recount
	acked     uint32 // by the first segment with data of the only direction heard; 0: none
	gaps      [2]gap // by direction
	odd       packetAnomalies
	elsewhere bool // server_name is out of scope, and the name of the certificate, or a proxy's, is not
	v6        bool
	first     flow.Dir // the direction that was heard first
	told      bool     // teller is valid
	teller    flow.Dir // the end that tells of the connection in a tunnel of its own sends in it
	helloTime int64    // of the first hello; 0: none
	said      flow.Digest
	client    clientSummary
	server    serverSummary
	details   details
	places    *places // nil: no tags, one source
	shown     *shown  // nil: no certificate of the server's was read
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
	freeNames    cache.Free[serverName]
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

// countOnly is the memory of a finding that is only counted, used again for each.
// Its hellos are also what is judged where details were not taken.
type countOnly struct {
	finding classify.Finding
	hello   classify.ClientHello
	answer  classify.ServerHello
}

// endpoint is an end of a connection, as a packet has it.
type endpoint struct {
	addr decode.Addr
	port uint16
}

func (e *endpoint) addrPort(v6 bool) netip.AddrPort {
	return netip.AddrPortFrom(e.addr.Netip(v6), e.port)
}

// gap is a set of what is missing of a direction.
type gap uint8

const (
	cutOff  gap = 1 << iota // bytes were on the wire, and the snapshot length cut them off
	missing                 // packets with bytes were not captured
	midway                  // bytes came of which the beginning was not seen, and that begin nothing
	evident                 // it must have sent packets: the other side acknowledged them
	plain                   // a message of another protocol begins in it
)

func (g gap) has(x gap) bool { return g&x != 0 }

// clientSummary is what judging needs of a ClientHello, where its details are not
// taken.
type clientSummary struct {
	seen     bool
	titled   bool // there is a server_name
	sslv2    bool
	ech      bool
	early    bool
	cut      bool         // only the beginning of the hello was captured, or collected
	long     bool         // it was captured, and was too long
	ticket   bool         // a session ticket, or the wish for one
	outside  bool         // all of it came outside of any tunnel
	shown    bool         // it says what is offered: see classify.ClientHello.ShowsVersions
	reach    policy.Reach // of the name; Unnamed also where findings are not FlaggedOnly
	record   parse.Version
	legacy   parse.Version
	oddities parse.Oddities
	name     *serverName // nil: none
	// offered is supported_versions, without GREASE, where the details are not
	// taken: its first numOffered elements are valid.
	offered    [4]parse.Version
	numOffered int8 // noVersions: there is no such extension
}

const noVersions = -1

// serverName is the server_name of a ClientHello. One that is out of scope is kept as
// bytes, in memory that is used again: only a certificate that contradicts it makes a
// string of it, and a network that asks for ever new names allocates nothing.
type serverName struct {
	text string
	raw  []byte
}

func (n *serverName) String() string {
	switch {
	case n == nil:
		return ""
	case len(n.raw) > 0:
		return string(n.raw)
	}
	return n.text
}

// setName keeps server_name; whole says that it is kept as a string.
func (c *Session) setName(b []byte, whole bool) {
	n := c.sessions.freeNames.Take()
	if whole {
		n.text = c.sessions.strings.of(b)
	} else {
		n.raw = append(n.raw, b...)
	}
	c.client.name = n
}

// maxKeptName is the most bytes of memory that are used again for another name: few
// names of hosts are longer.
const maxKeptName = 255

func (c *Session) endName() {
	n := c.client.name
	if n == nil {
		return
	}
	c.client.name = nil
	if n.text, n.raw = "", n.raw[:0]; cap(n.raw) <= maxKeptName {
		c.sessions.freeNames.Give(n)
	}
}

// setOffered keeps supported_versions, and reports whether they fit.
func (o *clientSummary) setOffered(h *parse.ClientHello) bool {
	if o.numOffered = noVersions; !h.HasSupportedVersions {
		return true
	}
	versions := h.AppendVersions(o.offered[:0])
	o.numOffered = int8(min(len(versions), len(o.offered)))
	return len(versions) <= len(o.offered)
}

// versions are those that setOffered has kept: a view; nil: no such extension.
func (o *clientSummary) versions() []parse.Version {
	if o.numOffered == noVersions {
		return nil
	}
	return o.offered[:o.numOffered]
}

// serverSummary is the same of the final ServerHello, or of a HelloRetryRequest that
// nothing came after.
type serverSummary struct {
	seen     bool
	retry    bool // it is a HelloRetryRequest
	cut      bool // only the beginning of it was captured, or collected
	long     bool // it was captured, and was too long
	version  parse.Version
	sentinel parse.Version
	cipher   uint16
	oddities parse.Oddities
}

// details are the parts of both hellos that only a reader of the event needs;
// judging and counting do without. They are not taken of a handshake that can only
// be counted.
type details struct {
	client *clientKind // nil: no ClientHello, or one that is only counted
	server *serverKind // nil: no ServerHello, one in SSLv2, or one that is only counted
	// offered and answered stand for the session ids of the client and of the
	// server; 0: none.
	offered, answered uint32
}

// size is the bytes that belong to these details alone.
func (d *details) size() (n int) {
	if d.client != nil {
		n += d.client.own
	}
	if d.server != nil {
		n += d.server.own
	}
	return n
}

// resumed says how the session was resumed. A server takes a ticket without a
// word, by echoing the session id that came with it (RFC 5077, 3.4). ticket says
// that the client sent one, or wants one.
func (d *details) resumed(ticket bool) resumption {
	switch {
	case d.server.psk:
		return byPSK
	case d.client == nil || d.server.said.Version.Rank() >= parse.TLSv13:
		return byNothing
	case d.answered == 0 || d.answered != d.offered:
		return byNothing
	case ticket:
		return byTicket
	}
	return byID
}

// shown is what the server's certificate says.
type shown struct {
	name        string // of its names, the one that names the destination
	misnamed    bool   // none of them covers the one that was asked for
	certificate *classify.Certificate
	// unasked is the certificate where it came before the ClientHello: where the
	// capture has the server's packets first, only that says which of the names
	// was asked for.
	unasked []byte
}

const shownSize = int(unsafe.Sizeof(shown{}))

// maxCopies bounds the other places of a connection that an event names.
const maxCopies = 4

// places is where the packets of a connection were seen, when that takes more
// than the name of the source: in VLANs or tunnels, or at several places.
type places struct {
	layers [2][]encap.Layer // by direction
	known  [2]bool          // by direction
	sender [2]netip.Addr    // by direction: see classify.Observation.Sender
	copies []classify.Place
}

// add adds a place where the connection was seen, too.
func (at *places) add(p classify.Place) {
	same := func(o classify.Place) bool {
		return o.Source == p.Source && slices.Equal(o.VLANs, p.VLANs) && slices.Equal(o.Tunnels, p.Tunnels)
	}
	if len(at.copies) < maxCopies && !slices.ContainsFunc(at.copies, same) {
		at.copies = append(at.copies, p)
	}
}

// packetAnomalies is a set of what was odd about a connection's packets.
type packetAnomalies uint8

const (
	fragmentOverlap packetAnomalies = 1 << iota
	fragmentTiny
	fragmentConflict
	tcpConflict
	tcpOverflow
)

var packetAnomalyNames = [...]string{
	"ip_fragment_overlap", "ip_fragment_tiny", "ip_fragment_conflict", "tcp_conflict", "tcp_overflow",
}

func (o *packetAnomalies) addDecoded(a decode.Anomaly) {
	if a&decode.FragmentOverlap != 0 {
		*o |= fragmentOverlap
	}
	if a&decode.FragmentTiny != 0 {
		*o |= fragmentTiny
	}
	if a&decode.FragmentConflict != 0 {
		*o |= fragmentConflict
	}
}

// appendNames appends the names of the set's members to dst.
func (o packetAnomalies) appendNames(dst []string) []string {
	for ; o != 0; o &= o - 1 {
		dst = append(dst, packetAnomalyNames[bits.TrailingZeros8(uint8(o))])
	}
	return dst
}

// release makes the session ready for another connection.
func (c *Session) release() {
	c.tls.Close()
	c.endName()
	c.endShown()
	c.endPlaces()
	c.state = state{}
	c.sessions.free = append(c.sessions.free, c)
}

// endShown forgets the certificate.
func (c *Session) endShown() {
	if x := c.shown; x != nil {
		c.shown = nil
		c.sessions.certificates.Give(x.unasked)
		*x = shown{}
		c.sessions.freeShown.Give(x)
	}
}

// from is the end that sends in direction d.
func (c *Session) from(d flow.Dir) netip.AddrPort { return c.ends[d].addrPort(c.v6) }

// clientDir is the direction of the client; ok is false before any hello.
func (c *Session) clientDir() (d flow.Dir, ok bool) {
	client, ok := c.tls.Client()
	return flow.Dir(client), ok
}

// sessionSize is what a session costs beside its details and buffers, in bytes.
const sessionSize = int(unsafe.Sizeof(Session{}))

// Held implements flow.Consumer. It is asked for after each segment, and lies
// where the segment has been.
func (c *Session) Held() int { return int(c.held) + c.tls.Held() }

// recount counts what the session holds beside its Machine, when that may have
// changed.
func (c *Session) recount() {
	n := sessionSize + c.details.size()
	if c.shown != nil {
		n += shownSize + cap(c.shown.unasked)
	}
	if name := c.client.name; name != nil {
		n += int(unsafe.Sizeof(*name)) + cap(name.raw)
		if len(name.text) > maxInternedLength { // is not interned
			n += len(name.text)
		}
	}
	c.held = int32(n)
}
