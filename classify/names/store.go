package names

import (
	"net/netip"
	"sync/atomic"
	"time"

	"tlsfloor/parse/dns"
)

// The bounds of a Store.
const (
	// maxClients bounds the clients whose names are kept, and maxViews the memory
	// of their names, in bytes: 150,000 names of average length, or half as many of
	// the greatest length.
	maxClients = 1 << 15
	maxViews   = 32 << 20
	// maxPairsPerClient bounds the names of one client, so that a client that asks
	// without end loses its own names only.
	maxPairsPerClient = 1 << 10
	// maxAddresses bounds the addresses in the shared table, and maxShared their
	// memory, in bytes.
	maxAddresses = 1 << 16
	maxShared    = 24 << 20
	// maxNames bounds the names of one address in the shared table.
	maxNames = 4
	// maxAsking bounds the clients that are known to have asked.
	maxAsking = 1 << 14
	// maxQueries bounds the questions that wait for their answer: one second of a
	// flood of 16,000 a second.
	maxQueries = 1 << 14
)

// How long names and questions count, in packet time.
const (
	// defaultGrace is how long a name counts after its TTL. AWS's TTLs are seconds,
	// and old clients, above all Java's, keep addresses far longer.
	defaultGrace = time.Hour
	// maxTTL bounds the TTL of an answer.
	maxTTL = 24 * time.Hour
	// queryLife is how long a question waits for its answer. Stub resolvers give up
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
	clients: room{maxClients, maxViews}, addresses: room{maxAddresses, maxShared},
	perClient: maxPairsPerClient, asking: maxAsking, queries: maxQueries,
}

// Options configure a Store.
type Options struct {
	Grace  time.Duration // how long a name counts after its TTL; 0: defaultGrace
	Memory int           // bytes that the store may take at most; 0 or more than fullMemory: fullMemory
}

// fullMemory is the memory of a store whose bounds are all reached, in bytes: 34 MB
// were measured.
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

// counts are the numbers of messages that a Store was given.
type counts struct {
	Messages    uint64 // all messages given to Learn
	Malformed   uint64 // messages that are not DNS
	Queries     uint64 // questions to port 53
	Answers     uint64 // answers from port 53 with an address for the name in the question
	Unsolicited uint64 // answers ignored: the client has asked, but not this question
	Evicted     uint64 // names of clients and shared addresses that were forgotten because a bound was reached
}

// Store remembers the names in DNS answers. It is for one goroutine; only Use may be
// called from another.
//
// Anyone who can send a packet in the captured network can forge an answer.
// Therefore a name counts for the client to which the answer was sent, in the
// network in which it was captured. When a client has been seen to ask, only answers
// to its questions count: with the same resolver, ports, id and question. Captures
// with answers only, or that begin in the middle, still work. But an answer without
// its question never replaces one with it, and never enters the shared table when any
// question was seen in that network.
//
// Two attacks remain. An attacker who sees the questions, or can send them with the
// client's address, misleads the Store as he misleads the client. An attacker whose
// own host asks his own resolver can name addresses for those clients that got no
// answer of their own. That is why a name from DNS ranks below all names from the
// connection.
//
// A network is the whole path of tags and tunnels around a packet (see Network).
// Names of one network never count in another, and a VLAN is a network too: two
// customers may use the same addresses, so that a name from another VLAN could be
// wrong. A wrong name can hide a violation, while a missing one is reported as
// missing. The disadvantage: no names are found in captures in which the answers have
// other tags than all packets of the flow. That happens with a packet broker that tags
// by port when resolver and server are behind different ports, and with a router that
// is captured on the resolver's side only. The broker can be set to strip its tags, or
// a file of names be used.
type Store struct {
	limits  limits
	grace   time.Duration
	texts   texts
	views   views
	shared  shared
	asked   recent[place, struct{}] // clients that have asked; their networks without tags
	queries recent[query, int64]    // the time of each question
	asking  networks                // networks in which questions were seen
	hosts   atomic.Pointer[Hosts]
	stats   counts

	name  []byte        // scratch: the name in the current message's question
	addrs []dns.Address // scratch: the addresses in the current message
}

// addr is an IP address without a pointer, so that the garbage collector does not
// scan the maps' keys. IPv4 addresses are in their IPv4-mapped form.
type addr [16]byte

func addrOf(a netip.Addr) addr { return a.As16() }

// entry is the name that an answer gives an address.
type entry struct {
	name      int32 // number in Store.texts
	expires   int64 // packet time in nanoseconds
	solicited bool  // the question was seen
}

// query is a question that waits for its answer.
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
		o.Grace = defaultGrace
	}
	s := &Store{
		limits: l, grace: o.Grace, texts: newTexts(),
		asked: newRecent[place, struct{}](), queries: newRecent[query, int64](),
	}
	s.views = newViews(l.clients, l.perClient, &s.texts)
	s.shared = newShared(l.addresses, &s.texts)
	return s
}

// Use makes Lookup use h, in place of the Hosts given before.
func (s *Store) Use(h *Hosts) { s.hosts.Store(h) }

// counts returns the counts so far. They are for tests.
func (s *Store) counts() counts {
	st := s.stats
	st.Evicted = s.views.evicted + s.shared.evicted
	return st
}

// Lookup returns the name of server at a time, in nanoseconds since the Unix epoch: the
// last one in an answer to client, else the one in the file given to Use, else the
// one in answers to other clients.
//
// networks are those of a connection: of the packets to the client, and of those from
// it. The answer went to the client, so that the first network is searched first.
// Names in a file are the user's, and count in every network.
//
// When answers to other clients have different names, Lookup returns their common
// suffix, in the form of a certificate's wildcard ("*.s3.amazonaws.com"), if that has
// at least two labels.
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
