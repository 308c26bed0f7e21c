package session

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"unsafe"

	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/dtls"
	"tlsfloor/parse/fingerprint"
	"tlsfloor/parse/handshake"
	"tlsfloor/parse/quic"
)

// Session follows one connection: it is the flow.Consumer that gives the bytes to a
// handshake.Machine, and keeps what its messages say. With thousands of handshakes in
// progress, loading the Session from memory is what each segment waits for. It has
// seven cache lines, and most segments need the first two only (see
// TestSessionLayout).
type Session struct {
	flow.Stream
	sessions *Sessions
	state

	// Written by Open:
	openTime       int64
	source         string
	ends           [2]endpoint // by direction: the end that sends in it
	openingSeen    bool        // a SYN or SYN-ACK was seen
	followedBefore bool        // see flow.Opener.Forgotten
}

// state is what a session knows of its connection. The zero value is that of a session
// without any bytes; Open sets v6, firstDir, hasGuarantor and guarantor.
type state struct {
	tls               handshake.Machine
	firstAck          uint32 // see checkAcks; 0: none
	gaps              [2]gap // by direction
	anomalies         packetAnomalies
	otherNameInScope  bool // the certificate's name, or one given to a proxy; server_name is out of scope
	v6                bool
	firstDir          flow.Dir // the direction of the first bytes
	hasGuarantor      bool     // guarantor is valid
	guarantor         flow.Dir // the direction in which the guarantor sends: see guarantorOf
	helloTime         int64    // of the first hello; 0: none
	helloDigest       flow.Digest
	client            clientSummary
	server            serverSummary
	details           details
	places            *places            // nil: no tags or tunnels, and one source
	serverCertificate *serverCertificate // nil: none was read
	conversation      *conversation      // nil: it is a connection of TCP
}

// Sessions is the Handler of a flow.Table: it follows its connections, and makes an
// observation of each handshake. It is used by one goroutine.
type Sessions struct {
	Options
	Stats Stats
	// DisbelievedClients are clients whose handshakes came only in tunnels of their
	// server, which is not believed about them.
	DisbelievedClients blind.AddressCounter
	// UnknownQUIC are the versions of QUIC that are not read, by conversations.
	UnknownQUIC blind.Names
	// Packet is the packet that is being processed, and Table or DatagramTable the table
	// that gets it. The caller sets them.
	Packet        *decode.Packet
	Table         *flow.Table
	DatagramTable *datagram.Table
	// Draft is the memory of the next finding. A function that keeps the finding has to
	// replace it.
	Draft *classify.Finding

	kinds            kinds
	free             []*Session
	scratch          scratch
	msg              handshake.Message // the last message of any Machine
	pool             handshake.Pool
	item             dtls.Item // the last item of any conversation
	dtlsPool         dtls.Pool
	certificateBytes parse.Collector // memory of early certificates
	strings          *interned
	seed             uint64 // of digests
	freeNames        cache.Free[serverName]
	freePlaces       cache.Free[places]
	freeCertificates cache.Free[serverCertificate]

	freeConversations cache.Free[conversation]
	freeDTLS          cache.Free[dtlsCarrier]
	freeQUIC          cache.Free[quicCarrier]
	quicPool          quic.Pool
}

// New makes Sessions. Set Packet, Table and Draft before use.
func New(o Options) *Sessions {
	if o.Kinds == 0 {
		o.Kinds = fingerprint.DefaultLimit
	}
	return &Sessions{Options: o, kinds: newKindsUpTo(o.Kinds), strings: newInterned(), seed: rand.Uint64()}
}

// Options are the options of Sessions.
type Options struct {
	Policy *policy.Policy
	// FlaggedOnly: only flagged findings are delivered. The details of a handshake
	// that cannot become one are not kept.
	FlaggedOnly bool
	// Certificates: describe the server's certificate even if SNI names the
	// destination.
	Certificates bool
	// Kinds is how many kinds of clients, and of servers, are remembered by their
	// hellos; 0: fingerprint.DefaultLimit.
	Kinds int
	// Notice is called for a connection when its ClientHello is seen, unless it cannot
	// be flagged, or came in a tunnel, where anybody may have put it. It may be nil.
	Notice func(client, server netip.AddrPort, udp bool)
	// Own reports whether tlsfloor itself has made a connection with a hello of this
	// time. Such a handshake is only counted in Stats.Own. One whose hellos were not seen
	// has the latest time there is, or none, and is no blind spot. It may be nil.
	Own func(client, server netip.AddrPort, hello int64) bool
	// Count gets a finding that is only counted, and must not keep it. The finding has
	// Outcome, Hello, Answer, Verdict and InScope. InScope goes by the names that the
	// client gave: no certificate is read just to count.
	Count func(*classify.Finding)
	// Judge gets the finding of a Session that is about to end, in Sessions.Draft.
	// Session.Complete adds to it what only a reader of the event needs.
	Judge func(*Session, *classify.Finding)
}

// Stats are the counts of Sessions.
type Stats struct {
	ClientHellos uint64
	ServerHellos uint64
	Malformed    uint64 // hellos that could not be parsed
	Incomplete   uint64 // ClientHellos of which only the beginning was captured
	Copies       uint64 // connections that were copies of a reported one, seen at another place
	GoogleQUIC   uint64 // conversations in Google's versions of QUIC without TLS
	Own          uint64 // handshakes of tlsfloor itself
	Unseen       blind.Unseen
}

// Add adds the counts of o.
func (s *Stats) Add(o *Stats) {
	s.ClientHellos += o.ClientHellos
	s.ServerHellos += o.ServerHellos
	s.Malformed += o.Malformed
	s.Incomplete += o.Incomplete
	s.Copies += o.Copies
	s.GoogleQUIC += o.GoogleQUIC
	s.Own += o.Own
	s.Unseen.Add(&o.Unseen)
}

// scratch is the memory of a finding that is only counted, reused for each. Its hellos
// are also used to judge handshakes whose details were not kept.
type scratch struct {
	finding classify.Finding
	hello   classify.ClientHello
	answer  classify.ServerHello
	history []byte
}

// endpoint is the address and port of an end of a connection, as packets have them.
type endpoint struct {
	addr decode.Addr
	port uint16
}

func (e *endpoint) addrPort(v6 bool) netip.AddrPort {
	return netip.AddrPortFrom(e.addr.Netip(v6), e.port)
}

// gap is a set: why part of a direction was not seen.
type gap uint8

const (
	cutOff       gap = 1 << iota // the snapshot length cut bytes off
	lost                         // packets with data were not captured
	unknownStart                 // the first bytes seen are not the beginning of any known protocol
	acknowledged                 // the other side acknowledged packets that were not captured
	httpMessage                  // an HTTP message begins in it
)

func (g gap) has(x gap) bool { return g&x != 0 }

// maxCopies bounds the other places of a connection that an event names.
const maxCopies = 4

// places is where the packets of a connection were seen: in VLANs or tunnels, or at
// several places. Other connections need only the name of their source.
type places struct {
	layers [2][]encap.Layer // by direction: tags and tunnels
	known  [2]bool          // by direction: layers and sender are valid
	sender [2]netip.Addr    // by direction: see classify.Observation.Sender
	copies []classify.Place
}

// add adds another place where the connection was seen.
func (at *places) add(p classify.Place) {
	same := func(o classify.Place) bool {
		return o.Source == p.Source && slices.Equal(o.VLANs, p.VLANs) && slices.Equal(o.Tunnels, p.Tunnels)
	}
	if len(at.copies) < maxCopies && !slices.ContainsFunc(at.copies, same) {
		at.copies = append(at.copies, p)
	}
}

// packetAnomalies is the set of anomalies of a connection's packets.
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
	c.dropName()
	c.dropServerCertificate()
	c.dropPlaces()
	c.dropConversation()
	c.state = state{}
	c.sessions.free = append(c.sessions.free, c)
}

// dropServerCertificate forgets the certificate, and returns its memory for reuse.
func (c *Session) dropServerCertificate() {
	if x := c.serverCertificate; x != nil {
		c.serverCertificate = nil
		c.sessions.certificateBytes.Give(x.early)
		*x = serverCertificate{}
		c.sessions.freeCertificates.Give(x)
	}
}

// from is the address and port of the end that sends in direction d.
func (c *Session) from(d flow.Dir) netip.AddrPort { return c.ends[d].addrPort(c.v6) }

// clientDir is the direction in which the client sends; ok is false before any hello.
func (c *Session) clientDir() (d flow.Dir, ok bool) {
	client, ok := c.tls.Client()
	return flow.Dir(client), ok
}

// sessionSize is the size of a session without its details and buffers, in bytes.
const sessionSize = int(unsafe.Sizeof(Session{}))

// Held implements flow.Consumer. It is called after each segment: what it reads is in
// a cache line that the segment has just used.
func (c *Session) Held() int { return c.tls.Held() }

// recount updates CallerHeld, the memory of the session without that of its Machine. It is
// called when that may have changed.
func (c *Session) recount() {
	n := sessionSize + c.details.size()
	if c.conversation != nil {
		n += c.conversation.size()
	}
	if c.serverCertificate != nil {
		n += serverCertificateSize + cap(c.serverCertificate.early)
	}
	if name := c.client.name; name != nil {
		n += int(unsafe.Sizeof(*name)) + cap(name.raw)
		if len(name.text) > maxInternedLength { // not interned
			n += len(name.text)
		}
	}
	c.tls.CallerHeld = int32(n)
}
