package names

import (
	"net/netip"
	"sync/atomic"
	"time"

	"tlsfloor/parse/dns"
)

// The bounds of a Store. Full, and of names as long as DNS allows, it holds
// about 45 MB; of ordinary ones, half of that.
const (
	// MaxPairs bounds the names in all the clients' views together.
	MaxPairs = 1 << 16
	// MaxPairsPerClient bounds the names in one client's view, so that one
	// client that asks without end loses its own names only.
	MaxPairsPerClient = 1 << 10
	// MaxClients bounds the views, and the clients remembered to have asked.
	MaxClients = 1 << 14
	// MaxAddresses bounds the addresses in everyone's view.
	MaxAddresses = 1 << 15
	// MaxNames bounds the names that everyone's view keeps of one address.
	MaxNames = 4
	// MaxQueries bounds the questions that wait for their answer.
	MaxQueries = 1 << 13
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
type limits struct{ pairs, pairsPerClient, clients, addresses, queries int }

// Options configure a Store.
type Options struct {
	Grace  time.Duration // how long a name is believed after its TTL; 0: DefaultGrace
	Shares int           // how many Stores, each told everything, share the bounds; 0: one
}

// Stats counts what a Store was given.
type Stats struct {
	Messages    uint64 // given to Learn
	Malformed   uint64 // of them: not DNS
	Queries     uint64 // questions to port 53
	Answers     uint64 // answers from port 53 that gave the asked name an address
	Unsolicited uint64 // answers refused: their client asks, but did not ask this
	Evicted     uint64 // names forgotten early because a bound was reached
}

// Store remembers the names in DNS answers. It is used by one goroutine; only
// Use may be called from another.
//
// Whoever can put a packet on the watched network can put words into a
// resolver's mouth. So a name counts for the client that the answer was sent
// to; and once a client has been seen asking, only for what it asked: same
// resolver, ports, id and question. Captures that hold answers only, or that
// begin in the middle, still work, but what was not asked for never takes the
// place of what was, and never enters everyone's view once any question was
// seen. What remains is an attacker who sees the questions, or who can send them
// in the client's name, and one whose own machine asks his own resolver about
// other people's addresses: the first misleads here as he misleads the client,
// the second reaches only those who were told nothing themselves. That is why a
// name from DNS ranks below all names from the connection.
type Store struct {
	limits  limits
	grace   time.Duration
	views   recent[addr, *view]
	pairs   int // in all views
	shared  recent[addr, candidates]
	asked   recent[addr, struct{}]
	queries recent[query, int64] // when asked
	hosts   atomic.Pointer[Hosts]
	stats   Stats

	name  []byte        // scratch: the question of the message at hand
	addrs []dns.Address // scratch: its addresses
}

// addr is an IP address without a pointer, so that the collector need not look
// at the maps' keys. IPv4 addresses are in their IPv4-mapped form.
type addr [16]byte

func addrOf(a netip.Addr) addr { return a.As16() }

// view is what one client was told.
type view struct {
	names recent[addr, entry]
}

// entry is a name, and how long it is believed.
type entry struct {
	name      string
	expires   int64 // packet time in nanoseconds
	solicited bool  // the question was seen
}

// query is a question on its way.
type query struct {
	client, resolver         addr
	question                 uint64 // hash of type and name
	clientPort, resolverPort uint16
	id                       uint16
}

// NewStore returns an empty Store.
func NewStore(o Options) *Store {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	n := max(1, o.Shares)
	return &Store{
		limits: limits{MaxPairs / n, min(MaxPairsPerClient, MaxPairs/n), MaxClients / n, MaxAddresses / n, MaxQueries / n},
		grace:  o.Grace, views: newRecent[addr, *view](), shared: newRecent[addr, candidates](),
		asked: newRecent[addr, struct{}](), queries: newRecent[query, int64](),
	}
}

// Use has Lookup answer from h too, in place of what was given before.
func (s *Store) Use(h *Hosts) { s.hosts.Store(h) }

// Stats returns the counts so far.
func (s *Store) Stats() Stats { return s.stats }

// Lookup says what server was called at a time, in nanoseconds since the Unix
// epoch: the name that client was told last, else the one in the file given to
// Use, else what the others were told.
//
// When those others were told different names for the address, it is what the
// names have in common, written as a certificate would write it
// ("*.s3.amazonaws.com"), if that is two labels at least; else nothing.
func (s *Store) Lookup(now int64, client, server netip.Addr) (name string, ok bool) {
	c, a := addrOf(client), addrOf(server)
	if v := s.views.get(c); v != nil {
		if e := (*v).names.get(a); e != nil && now <= e.expires {
			return e.name, true
		}
	}
	if hosts := s.hosts.Load(); hosts != nil {
		if name, ok := hosts.lookup(c, a); ok {
			return name, true
		}
	}
	if all := s.shared.get(a); all != nil {
		return all.agreed(now)
	}
	return "", false
}
