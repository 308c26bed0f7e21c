package names

import (
	"net/netip"
	"sync/atomic"
	"time"

	"tlsfloor/parse/dns"
)

// The bounds of a Store. Of the first two a quarter is for what came last, a
// quarter for what came first, and half for what comes again: see fair.
const (
	// MaxClients bounds the clients whose names are kept, and maxViews what their
	// names may take, in bytes: 150,000 ordinary ones, half as many as long as
	// DNS allows.
	MaxClients = 1 << 15
	maxViews   = 32 << 20
	// MaxPairsPerClient bounds the names in one client's view, so that one
	// client that asks without end loses its own names only.
	MaxPairsPerClient = 1 << 10
	// MaxAddresses bounds the addresses in everyone's view, and maxShared what
	// they may take, in bytes.
	MaxAddresses = 1 << 16
	maxShared    = 24 << 20
	// MaxNames bounds the names that everyone's view keeps of one address.
	MaxNames = 4
	// MaxAsking bounds the clients remembered to have asked.
	MaxAsking = 1 << 14
	// MaxQueries bounds the questions that wait for their answer: a second of a
	// flood of 16,000 a second.
	MaxQueries = 1 << 14
)

// How long things are believed, in packet time.
const (
	// DefaultGrace is how long a name outlives its TTL. AWS's TTLs are seconds,
	// and old clients, Java's before all, keep addresses far longer.
	DefaultGrace = time.Hour
	// maxTTL bounds what an answer may claim.
	maxTTL = 24 * time.Hour
	// queryLife is how long a question waits. Resolvers that people run give up
	// earlier.
	queryLife = 30 * time.Second
)

const dnsPort = 53

// limits are the bounds, smaller in tests.
type limits struct {
	clients, addresses         room
	perClient, asking, queries int
}

var usual = limits{
	clients: room{MaxClients, maxViews}, addresses: room{MaxAddresses, maxShared},
	perClient: MaxPairsPerClient, asking: MaxAsking, queries: MaxQueries,
}

// Options configure a Store.
type Options struct {
	Grace  time.Duration // how long a name is believed after its TTL; 0: DefaultGrace
	Memory int           // bytes that the store may take at the most; 0, and more than fullMemory: fullMemory
}

// fullMemory is what a store takes when all its bounds are reached: 34 MB were
// measured.
const fullMemory = 40 << 20

// within returns the limits that fit into so many bytes.
func (l limits) within(memory int) limits {
	if memory <= 0 || memory >= fullMemory {
		return l
	}
	part := func(n int) int { return max(1, int(int64(n)*int64(memory)/fullMemory)) }
	for _, r := range []*room{&l.clients, &l.addresses} {
		r.entries, r.bytes = part(r.entries), part(r.bytes)
	}
	l.asking, l.queries = part(l.asking), part(l.queries)
	return l
}

// Stats counts what a Store was given.
type Stats struct {
	Messages    uint64 // given to Learn
	Malformed   uint64 // of them: not DNS
	Queries     uint64 // questions to port 53
	Answers     uint64 // answers from port 53 that gave the asked name an address
	Unsolicited uint64 // answers refused: their client asks, but did not ask this
	Evicted     uint64 // names of a client, and addresses of everyone's view, forgotten early because a bound was reached
}

// Store remembers the names in DNS answers. It is used by one goroutine; only
// Use may be called from another.
//
// Whoever can put a packet on the watched network can put words into a
// resolver's mouth. So a name counts for the client that the answer was sent
// to, in the network that carried it; and once a client has been seen asking,
// only for what it asked: same resolver, ports, id and question. Captures that
// hold answers only, or that begin in the middle, still work, but what was not
// asked for never takes the place of what was, and never enters everyone's view
// once any question was seen in that network. What remains is an attacker who
// sees the questions, or who can send them in the client's name, and one whose
// own machine asks his own resolver about other people's addresses: the first
// misleads here as he misleads the client, the second reaches only those who
// were told nothing themselves. That is why a name from DNS ranks below all
// names from the connection.
//
// A network is the whole path of tags and tunnels around a packet, and is not
// left to look for a name in another, whatever is found there (see Network).
// VLANs are no exception, though they have fewer strangers: where addresses are
// used twice, as in the networks of two customers, another VLAN's name would be
// wrong, and a wrong name can hide a violation; a missing one is reported as
// missing. What this costs are captures in which the answers have other tags
// than any packet of the flow: a packet broker that tags by port, with the
// resolver behind another port than the server, or a router that is watched on
// the resolver's side only. Have the broker strip its tags, or use a file.
type Store struct {
	limits  limits
	grace   time.Duration
	texts   texts
	views   views
	shared  shared
	asked   recent[place, struct{}] // by tunnels: see learnQuery
	queries recent[query, int64]    // when asked
	asking  networks                // in which questions were seen
	hosts   atomic.Pointer[Hosts]
	stats   Stats

	name  []byte        // scratch: the question of the message at hand
	addrs []dns.Address // scratch: its addresses
}

// addr is an IP address without a pointer, so that the collector need not look
// at the maps' keys. IPv4 addresses are in their IPv4-mapped form.
type addr [16]byte

func addrOf(a netip.Addr) addr { return a.As16() }

// entry is what an answer says of an address.
type entry struct {
	name      int32 // in Store.texts
	expires   int64 // packet time in nanoseconds
	solicited bool  // the question was seen
}

// query is a question on its way.
type query struct {
	network                  Network // without tags: see learnQuery
	client, resolver         addr
	question                 uint64 // hash of type and name
	clientPort, resolverPort uint16
	id                       uint16
}

// NewStore returns an empty Store.
func NewStore(o Options) *Store { return newStore(o, usual.within(o.Memory)) }

func newStore(o Options, l limits) *Store {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	s := &Store{
		limits: l, grace: o.Grace, texts: newTexts(),
		asked: newRecent[place, struct{}](), queries: newRecent[query, int64](),
	}
	s.views = newViews(l.clients, l.perClient, &s.texts)
	s.shared = newShared(l.addresses, &s.texts)
	return s
}

// Use has Lookup answer from h too, in place of what was given before.
func (s *Store) Use(h *Hosts) { s.hosts.Store(h) }

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	st := s.stats
	st.Evicted = s.views.evicted + s.shared.evicted
	return st
}

// Lookup says what server was called at a time, in nanoseconds since the Unix
// epoch: the name that client was told last, else the one in the file given to
// Use, else what the others were told.
//
// networks are those of a connection: of the packets to the client, and of those
// from it. The answer that named the server went to the client, so that the
// first counts more; it may have been captured where the connection's packets to
// the client were not. A file is the user's word, and counts in every network.
//
// When those others were told different names for the address, it is what the
// names have in common, written as a certificate would write it
// ("*.s3.amazonaws.com"), if that is two labels at least; else nothing.
func (s *Store) Lookup(now int64, networks [2]Network, client, server netip.Addr) (name string, ok bool) {
	c, a := addrOf(client), addrOf(server)
	each := networks[:]
	if networks[0] == networks[1] {
		each = networks[:1]
	}
	for _, n := range each {
		if name, ok := s.views.told(now, place{n, c}, a); ok {
			return name, true
		}
	}
	if hosts := s.hosts.Load(); hosts != nil {
		if name, ok := hosts.lookup(c, a); ok {
			return name, true
		}
	}
	for _, n := range each {
		if name, ok := s.shared.agreed(now, place{n, a}); ok {
			return name, true
		}
	}
	return "", false
}
