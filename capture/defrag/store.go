package defrag

import "math"

// Bounds on what is kept of incomplete datagrams. Fragments are rare in ordinary
// traffic, and most datagrams are complete within milliseconds. A flood of
// fragments evicts the oldest ones, and takes no more memory than this.
const (
	maxDatagrams = 1024
	maxChunks    = 3072 // 6 MiB
)

// Store holds incomplete datagrams. The zero value is an empty store.
//
// Overlaps: the first fragment to claim a byte keeps it, and the datagram is
// delivered with the anomaly Overlap. Hosts differ: RFC 5722 has IPv6 hosts discard
// the whole datagram, and Linux does the same with IPv4 since 2018; older and other
// hosts prefer the first or the last fragment. If it were discarded here, one
// overlapping fragment would hide a connection whose host accepts it. Delivering
// it costs at most a marked flow that never existed.
//
// Anomalies are returned with the ports of their connection as soon as the fragment
// with the ports is here, and not only with the complete datagram: fragments that
// contradict each other may never complete one. So are those of a fragment that
// comes after its datagram was complete, within copyAge, and is no copy. But one
// with offset 0 counts as the beginning of the next datagram with that ID.
type Store struct {
	held       map[Key]*datagram
	waiting    queue
	completed  queue
	incomplete int    // waiting datagrams that are counted as incomplete
	free       *chunk // chunks that are not used
	chunks     int    // made so far; never more than maxChunks
	whole      []byte // the last complete datagram
	clock      clock
	stats      Stats
	numbers    uint32 // given to datagrams so far

	// Of the fragment that is being added:
	found       Anomaly         // what it and the fragments before it do to each other
	former      [portsSize]byte // the ports of a complete datagram that it is not part of, if formerKnown
	formerKnown bool
}

// Stats counts fragments.
type Stats struct {
	Received    uint64 // fragments
	Refused     uint64 // fragments that contradict themselves or others of their datagram
	Repeated    uint64 // fragments that are copies of earlier ones, and were ignored
	Reassembled uint64 // datagrams
	Dropped     uint64 // incomplete datagrams that were evicted: too old, too many, or replaced by another one with their ID
	Incomplete  uint64 // datagrams that may carry TCP and were not completed so far, evicted or held
	Held        int    // incomplete datagrams now
	HeldBytes   int    // captured bytes in them
}

// State is what became of a fragment's datagram.
type State uint8

// The states, in an order that addToRival relies on.
const (
	Waiting  State = iota // for more fragments
	Complete              // with this fragment
	Refused               // the fragment was not added
)

// Result is what adding a fragment led to.
type Result struct {
	State State
	// Datagram is the number, from 1 on, of the datagram that the fragment belongs to,
	// also if that refuses it; 0: it belongs to none, or to one that was complete before.
	Datagram uint32

	// Of a complete datagram:
	Data     []byte // its bytes up to the first that was not captured; valid until the next fragment is added
	Cut      int    // bytes that follow Data, not all of them captured
	Protocol uint8  // what it begins with

	// Ports are, where the datagram is not complete and has anomalies that were not
	// returned before, the first four bytes of its TCP header. Valid until the next
	// fragment is added.
	Ports     []byte
	Anomalies Anomaly // of the complete datagram, or to be noted for Ports
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	n := s.stats
	n.Incomplete += uint64(s.incomplete)
	return n
}

// Clear forgets all incomplete datagrams.
func (s *Store) Clear() {
	n := s.Stats()
	n.Dropped += uint64(n.Held)
	n.Held, n.HeldBytes = 0, 0
	*s = Store{stats: n, numbers: s.numbers}
}

// See tells the store the capture time of other traffic, in nanoseconds since the
// Unix epoch.
func (s *Store) See(t int64) { s.clock.see(t) }

// Add takes in a fragment that was captured at the time now, in nanoseconds since
// the Unix epoch.
func (s *Store) Add(key Key, f Fragment, now int64) Result {
	s.stats.Received++
	if !key.V6 && !f.Last {
		f.trim()
	}
	if !f.valid() {
		s.stats.Refused++
		return Result{State: Refused}
	}
	s.clock.see(now)
	s.expire()
	s.found, s.formerKnown = 0, false
	g := s.find(key, f, now)
	over := g.complete
	g.inUse = true
	r := s.addTo(g, f, now)
	g.inUse = false
	if !over || r.State == Complete {
		r.Datagram = g.number
	}
	if r.State == Refused {
		s.stats.Refused++
	}
	if r.State != Complete && s.found|g.anomalies != 0 {
		r.Ports, r.Anomalies = s.report(g, f)
	}
	return r
}

// find returns the datagram that f is part of, which may be a new one.
func (s *Store) find(key Key, f Fragment, now int64) *datagram {
	g := s.held[key]
	switch {
	case g == nil:
	case g.complete:
		age := now - g.completedAt
		recent := age >= -copyAge && age <= copyAge
		if recent && (g.contested || g.repeats(f)) {
			return g
		}
		return s.succeed(g, f, recent)
	case s.clock.now-g.since > staleAge && g.overlaps(f) && !g.repeats(f):
		s.drop(g)
	default:
		return g
	}
	return s.start(newDatagram(key, f, s.clock.now))
}

// succeed replaces a complete datagram by the next one with the same ID, which
// begins with f: f is no copy. But if f lies beyond the end, that end may have been
// forged, and the new datagram gets the fragments of the complete one. This
// happens once for a datagram, because it copies all its bytes.
func (s *Store) succeed(g *datagram, f Fragment, recent bool) *datagram {
	next := newDatagram(g.key, f, s.clock.now)
	if recent && f.From != 0 && (g.contradicts(f) || g.overlaps(f)) {
		s.found = Conflict
		if ports := g.ports(); ports != nil {
			s.former, s.formerKnown = [portsSize]byte(ports), true
		}
	}
	if recent && !g.resumed && g.contradicts(f) {
		g.inUse = true
		next = s.copyWithout(g, f)
		next.resumed = true
	}
	s.forget(g)
	return s.start(next)
}

// start holds a datagram.
func (s *Store) start(g *datagram) *datagram {
	if s.held == nil {
		s.held = make(map[Key]*datagram)
	}
	if len(s.held) >= maxDatagrams {
		s.evict()
	}
	s.held[g.key] = g
	s.waiting.push(g)
	if s.numbers++; s.numbers == 0 {
		s.numbers = 1
	}
	g.number = s.numbers
	if !g.key.rival {
		s.stats.Held++
	}
	if g.counted {
		s.incomplete++
	}
	s.stats.HeldBytes += g.kept
	return g
}

func (s *Store) addTo(g *datagram, f Fragment, now int64) Result {
	if !g.contested && !g.complete && g.disputes(f) {
		s.addRival(g, f)
	}
	state := s.offer(g, f)
	if g.contested {
		return s.addToRival(g, state, f, now)
	}
	if state == Complete {
		return s.complete(g, now)
	}
	return Result{State: state}
}

// offer adds f to g unless g has it already or it does not fit.
func (s *Store) offer(g *datagram, f Fragment) State {
	switch {
	case g.repeats(f):
		s.stats.Repeated++
		return Waiting
	case g.complete || g.contradicts(f):
		s.found |= Conflict
		g.anomalies |= Conflict
		return Refused
	}
	counted, kept := g.counted, g.kept
	g.note(f)
	s.insert(g, f)
	if counted && !g.counted {
		s.incomplete--
	}
	s.stats.HeldBytes += g.kept - kept
	if g.isWhole() {
		return Complete
	}
	return Waiting
}

// insert keeps those bytes of f that no earlier fragment claimed.
func (s *Store) insert(g *datagram, f Fragment) {
	for i := f.From / chunkSize; i*chunkSize < f.To; i++ {
		if g.chunks[i] == nil {
			g.chunks[i] = s.unused()
		}
	}
	if !g.overlaps(f) {
		g.place(f, f.From, f.To)
		return
	}
	s.found |= Overlap
	g.anomalies |= Overlap
	for at := f.From; at < f.To; {
		end := at
		for end < f.To && g.claimed(end/blockSize, end/blockSize+1) == 0 {
			end = min(f.To, end+blockSize)
		}
		if end > at {
			g.place(f, at, end)
		}
		at = max(end, at+blockSize)
	}
}

// complete ends the wait for g. Its chunks stay, to compare copies with.
func (s *Store) complete(g *datagram, now int64) Result {
	s.whole = g.appendTo(s.whole[:0])
	s.leave(g)
	g.complete, g.completedAt, g.since, g.reported = true, now, s.clock.now, g.anomalies
	s.completed.push(g)
	s.stats.Reassembled++
	return Result{
		State: Complete, Data: s.whole, Cut: g.total - len(s.whole),
		Protocol: g.protocol, Anomalies: g.anomalies,
	}
}

// addRival begins a rival of g, which lacks g's last fragment: one forged fragment
// with another end must not make the genuine ones useless. From now on both get
// every fragment, each without those that contradict it, and the first to be
// complete is delivered.
func (s *Store) addRival(g *datagram, f Fragment) {
	found := Overlap // of bytes of the last fragment
	if g.contradicts(f) {
		found = Conflict
	}
	s.found |= found
	g.anomalies |= found
	rival := s.copyWithout(g, f)
	rival.key.rival, rival.counted = true, false
	if old := s.held[rival.key]; old != nil {
		s.remove(old)
	}
	g.contested = true
	s.start(rival)
}

// copyWithout copies those fragments of g that do not contradict f. g is inUse.
func (s *Store) copyWithout(g *datagram, f Fragment) *datagram {
	n := newDatagram(g.key, f, s.clock.now)
	for i, c := range g.chunks {
		if c != nil {
			n.chunks[i] = s.unused()
			*n.chunks[i] = *c
		}
	}
	n.blocks, n.protocol, n.counted, n.anomalies, n.uncaptured = g.blocks, g.protocol, g.counted, g.anomalies, g.uncaptured
	n.clearLast()
	if f.Last {
		n.clearFrom(f.To / blockSize)
	}
	n.kept = min(g.kept, n.blocks*blockSize)
	n.end = n.lastBlock() * blockSize
	if n.uncaptured >= n.end {
		n.uncaptured = math.MaxInt
	}
	return n
}

// addToRival offers f to the rival of g. offered is what g made of f.
func (s *Store) addToRival(g *datagram, offered State, f Fragment, now int64) Result {
	rival, state := s.rivalOf(g), Refused
	if rival != nil && !rival.complete {
		rival.inUse = true
		state = s.offer(rival, f)
		rival.inUse = false
	}
	switch {
	case offered == Complete && state == Complete && rival.total > g.total:
		s.complete(g, now)
		return s.complete(rival, now)
	case offered == Complete:
		return s.complete(g, now)
	case state == Complete:
		if g.counted && !g.complete { // what it lacks was forged
			g.counted = false
			s.incomplete--
		}
		return s.complete(rival, now)
	}
	return Result{State: min(offered, state)}
}

func (s *Store) rivalOf(g *datagram) *datagram {
	key := g.key
	key.rival = true
	return s.held[key]
}

// report returns the ports of the connection that anomalies are to be noted for,
// unless they were returned before. A first fragment names its connection itself:
// its ports may differ from those of the fragment that it overlaps.
func (s *Store) report(g *datagram, f Fragment) (ports []byte, a Anomaly) {
	if s.found != 0 {
		if ports := f.ports(); ports != nil {
			return ports, s.found
		}
		if s.formerKnown {
			return s.former[:], s.found
		}
	}
	ports = g.ports()
	if ports == nil && g.contested {
		if rival := s.rivalOf(g); rival != nil {
			ports = rival.ports()
		}
	}
	a = g.anomalies &^ g.reported
	if a == 0 || ports == nil {
		return nil, 0
	}
	g.reported |= a
	return ports, a
}
