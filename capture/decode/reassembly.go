package decode

import "math"

// Bounds on what is kept of incomplete datagrams. Fragments are rare in honest
// traffic, and most datagrams are complete within milliseconds; a flood of them
// pushes out the oldest, and costs no more memory than these allow.
const (
	// maxDatagrams is how many datagrams are held.
	maxDatagrams = 1024
	// maxAge, in nanoseconds of packet time, is how long Linux waits. RFC 8200 has
	// 60 s; but the longer, the likelier that an IPv4 id comes round again and the
	// pieces of two datagrams meet (RFC 4963).
	maxAge = 30e9
	// staleAge, in nanoseconds, is when an incomplete datagram is given up for
	// another one of the same id, as devices that always send 0 make them. A host
	// sends the fragments of a datagram one after the other.
	staleAge = 1e9
	// copyAge, in nanoseconds, is how long a datagram is remembered once it is
	// whole, for copies of its fragments that are still to come. A capture of
	// all interfaces shows each fragment twice, and the second copy of the last
	// one would lie in wait for the next datagram of that id.
	copyAge = 200e6
	// maxChunks bounds the bytes: 6 MiB.
	maxChunks = 3072
)

// fragmentKey names the datagram a fragment belongs to. It holds no pointers,
// so that the collector does not look at the map's keys.
type fragmentKey struct {
	src, dst Addr
	network  Network
	id       uint32
	protocol uint8 // IPv4 only
	word     Word  // what comes from one end of a connection, in its tunnel, completes nothing of the other's
	v6       bool
	rival    bool // see contest
}

// fragmentStore holds incomplete datagrams.
//
// Overlaps: the first fragment to claim a byte keeps it, the datagram is
// delivered and carries FragmentOverlap. Hosts differ: RFC 5722 has IPv6 hosts
// drop the datagram whole, Linux does the same with IPv4 since 2018, older and
// other hosts prefer the first or the last. Dropping would let whoever adds one
// overlapping fragment hide a connection from a sensor whose host accepts it;
// delivering costs a flow that is marked, and at worst never was one.
//
// A connection is told of its datagram's anomalies when that is delivered, or
// before, as soon as the fragment with the ports is here: fragments that
// contradict each other may never make a whole. It is also told of one that comes
// behind a whole datagram, within copyAge, and is no copy. But one with offset 0
// begins the next datagram of that id, as far as anybody can tell.
type fragmentStore struct {
	held     map[fragmentKey]*datagram
	waiting  queue
	finished queue
	open     int    // waiting datagrams that count as incomplete
	free     *chunk // chunks not in use
	chunks   int    // made so far; never more than maxChunks
	whole    []byte // the reassembled datagram, until the next one
	clock    clock
	stats    *FragmentStats

	// Of the fragment at hand:
	quarrel     Anomaly         // what it and those before it do to each other
	former      [portsSize]byte // the ports of a datagram that it is not part of, where formerKnown
	formerKnown bool
}

// reassembled is a datagram that has become whole. Of one that has not, and has
// anomalies, data are the ports of the connection to be told of them.
type reassembled struct {
	data      []byte // valid until the next fragment is added
	cut       int    // bytes that follow data and were not all captured
	protocol  uint8
	anomalies Anomaly
}

type answer uint8

const (
	waiting answer = iota
	complete
	contradicted
)

// add takes in a sound fragment captured at the time now, in nanoseconds. The
// clock has seen that time.
func (s *fragmentStore) add(key fragmentKey, f fragment, now int64) (reassembled, answer) {
	s.quarrel, s.formerKnown = 0, false
	s.expire()
	g := s.find(key, f, now)
	g.busy = true
	whole, a := s.addTo(g, f, now)
	g.busy = false
	if a != complete && s.quarrel|g.anomalies != 0 {
		whole = s.accuse(g, f)
	}
	return whole, a
}

// accuse returns the ports of the connection whose fragments are odd, unless it
// was told before. A first fragment names its connection itself: it may have other
// ports than the one it overlaps.
func (s *fragmentStore) accuse(g *datagram, f fragment) reassembled {
	if s.quarrel != 0 {
		if ports := f.ports(); ports != nil {
			return reassembled{data: ports, anomalies: s.quarrel}
		}
		if s.formerKnown {
			return reassembled{data: s.former[:], anomalies: s.quarrel}
		}
	}
	odd, ports := g.anomalies&^g.told, s.portsOf(g)
	if odd == 0 || ports == nil {
		return reassembled{}
	}
	g.told |= odd
	return reassembled{data: ports, anomalies: odd}
}

// portsOf returns the bytes with the ports of g, or of its rival.
func (s *fragmentStore) portsOf(g *datagram) []byte {
	ports := g.ports()
	if ports == nil && g.contested {
		key := g.key
		key.rival = true
		if rival := s.held[key]; rival != nil {
			ports = rival.ports()
		}
	}
	return ports
}

func (s *fragmentStore) addTo(g *datagram, f fragment, now int64) (reassembled, answer) {
	if !g.contested && !g.finished && g.disputed(f) {
		s.contest(g, f)
	}
	a := s.offer(g, f)
	if g.contested {
		return s.addToRival(g, a, f, now)
	}
	if a == complete {
		return s.finish(g, now), a
	}
	return reassembled{}, a
}

// expire forgets what is too old. What is in the future was held before time
// went back, as at the seam of two captures, and begins to age.
func (s *fragmentStore) expire() {
	now := s.clock.now
	for g := s.waiting.oldest; g != nil && now-g.since > maxAge; g = s.waiting.oldest {
		s.drop(g)
	}
	if g := s.waiting.oldest; g != nil {
		g.since = min(g.since, now)
	}
	for g := s.finished.oldest; g != nil && (now-g.since > copyAge || g.since > now); g = s.finished.oldest {
		s.forget(g)
	}
}

// find returns the datagram that f is part of, a new one if need be.
func (s *fragmentStore) find(key fragmentKey, f fragment, now int64) *datagram {
	g := s.held[key]
	switch {
	case g == nil:
	case g.finished:
		age := now - g.finishedAt
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
	return s.start(newDatagram(key, s.clock.now))
}

// succeed replaces a finished datagram by one that begins with f, which is no
// copy: the next datagram of the same id. But if f lies beyond the end, that
// end may have been a forged one, and f continues what was there: once, because
// it costs a copy of all that.
func (s *fragmentStore) succeed(g *datagram, f fragment, recent bool) *datagram {
	next := newDatagram(g.key, s.clock.now)
	if recent && f.from != 0 && (g.contradicts(f) || g.overlaps(f)) {
		s.quarrel = FragmentConflict
		if ports := g.ports(); ports != nil {
			s.former, s.formerKnown = [portsSize]byte(ports), true
		}
	}
	if recent && !g.resumed && g.contradicts(f) {
		g.busy = true
		next = s.without(g, f)
		next.resumed = true
	}
	s.forget(g)
	return s.start(next)
}

// start holds a datagram.
func (s *fragmentStore) start(g *datagram) *datagram {
	if s.held == nil {
		s.held = make(map[fragmentKey]*datagram)
	}
	if len(s.held) >= maxDatagrams {
		s.giveUp(s.victim())
	}
	s.held[g.key] = g
	s.waiting.push(g)
	if !g.key.rival {
		s.stats.Held++
	}
	if g.counts {
		s.open++
	}
	s.stats.HeldBytes += g.kept
	return g
}

// victim is the datagram to be given up first. At most two are busy, a datagram
// and its rival, and they are far from having all chunks.
func (s *fragmentStore) victim() *datagram {
	for _, q := range [...]*queue{&s.finished, &s.waiting} {
		for g := q.oldest; g != nil; g = g.newer {
			if !g.busy {
				return g
			}
		}
	}
	return nil
}

func (s *fragmentStore) giveUp(g *datagram) {
	if g.finished {
		s.forget(g)
	} else {
		s.drop(g)
	}
}

// offer adds f to g unless it is there already or does not fit.
func (s *fragmentStore) offer(g *datagram, f fragment) answer {
	switch {
	case g.repeats(f):
		s.stats.Repeated++
		return waiting
	case g.finished || g.contradicts(f):
		s.quarrel |= FragmentConflict
		g.anomalies |= FragmentConflict
		return contradicted
	}
	counted, kept := g.counts, g.kept
	g.note(f)
	s.insert(g, f)
	if counted && !g.counts {
		s.open--
	}
	s.stats.HeldBytes += g.kept - kept
	if g.whole() {
		return complete
	}
	return waiting
}

// insert keeps those bytes of f that no earlier fragment claimed.
func (s *fragmentStore) insert(g *datagram, f fragment) {
	for i := f.from / chunkSize; i*chunkSize < f.to; i++ {
		if g.chunks[i] == nil {
			g.chunks[i] = s.unused()
		}
	}
	if !g.overlaps(f) {
		g.place(f, f.from, f.to)
		return
	}
	s.quarrel |= FragmentOverlap
	g.anomalies |= FragmentOverlap
	for at := f.from; at < f.to; {
		end := at
		for end < f.to && g.claimed(end/blockSize, end/blockSize+1) == 0 {
			end = min(f.to, end+blockSize)
		}
		if end > at {
			g.place(f, at, end)
		}
		at = max(end, at+blockSize)
	}
}

// contest begins a rival of g, which does not have g's last fragment: whoever
// forges one fragment with another end must not make the true ones void. From
// here on both get every fragment, each without those that contradict it, and
// the first to be whole is delivered.
func (s *fragmentStore) contest(g *datagram, f fragment) {
	odd := FragmentOverlap // of bytes of the last fragment
	if g.contradicts(f) {
		odd = FragmentConflict
	}
	s.quarrel |= odd
	g.anomalies |= odd
	rival := s.without(g, f)
	rival.key.rival, rival.counts = true, false
	if old := s.held[rival.key]; old != nil {
		s.giveUp(old)
	}
	g.contested = true
	s.start(rival)
}

// without copies the fragments of g, which is busy, that do not contradict f.
func (s *fragmentStore) without(g *datagram, f fragment) *datagram {
	n := newDatagram(g.key, s.clock.now)
	for i, c := range g.chunks {
		if c != nil {
			n.chunks[i] = s.unused()
			*n.chunks[i] = *c
		}
	}
	n.blocks, n.protocol, n.counts, n.anomalies, n.uncaptured = g.blocks, g.protocol, g.counts, g.anomalies, g.uncaptured
	n.clearLast()
	if f.last {
		n.clear(f.to/blockSize, maxBlocks)
	}
	n.kept = min(g.kept, n.blocks*blockSize)
	n.end = n.lastBlock() * blockSize
	if n.uncaptured >= n.end {
		n.uncaptured = math.MaxInt
	}
	return n
}

// addToRival offers f, which g answered with a, to the rival of g.
func (s *fragmentStore) addToRival(g *datagram, a answer, f fragment, now int64) (reassembled, answer) {
	key := g.key
	key.rival = true
	rival, b := s.held[key], contradicted
	if rival != nil && !rival.finished {
		rival.busy = true
		b = s.offer(rival, f)
		rival.busy = false
	}
	switch {
	case a == complete && b == complete && rival.total > g.total:
		s.finish(g, now)
		return s.finish(rival, now), complete
	case a == complete:
		return s.finish(g, now), complete
	case b == complete:
		if g.counts && !g.finished { // what is missing of it was forged
			g.counts = false
			s.open--
		}
		return s.finish(rival, now), complete
	}
	return reassembled{}, min(a, b)
}

// unused returns a chunk to fill: one that was given back, else a new one, else
// one of the datagram to be given up first.
func (s *fragmentStore) unused() *chunk {
	if s.free == nil && s.chunks < maxChunks {
		s.chunks++
		return new(chunk)
	}
	for s.free == nil {
		s.giveUp(s.victim())
	}
	c := s.free
	s.free = c.next
	clear(c.have[:])
	clear(c.starts[:])
	clear(c.last[:])
	return c
}

// finish ends the wait for g, whose chunks stay for comparing copies.
func (s *fragmentStore) finish(g *datagram, now int64) reassembled {
	s.whole = g.appendTo(s.whole[:0])
	s.leave(g)
	g.finished, g.finishedAt, g.since, g.told = true, now, s.clock.now, g.anomalies
	s.finished.push(g)
	s.stats.Reassembled++
	return reassembled{
		data: s.whole, cut: g.total - len(s.whole),
		protocol: g.protocol, anomalies: g.anomalies,
	}
}

// drop gives up an incomplete datagram.
func (s *fragmentStore) drop(g *datagram) {
	if g.counts {
		s.stats.Incomplete++
	}
	if !g.key.rival {
		s.stats.Dropped++
	}
	s.leave(g)
	s.release(g)
}

// forget ends the watch for copies of a finished datagram.
func (s *fragmentStore) forget(g *datagram) {
	s.finished.remove(g)
	s.release(g)
}

// leave takes a datagram out of the waiting ones.
func (s *fragmentStore) leave(g *datagram) {
	s.waiting.remove(g)
	if g.counts {
		s.open--
	}
	if !g.key.rival {
		s.stats.Held--
	}
	s.stats.HeldBytes -= g.kept
}

// release takes back the chunks of a datagram, and its name.
func (s *fragmentStore) release(g *datagram) {
	delete(s.held, g.key)
	for i, c := range g.chunks {
		if c != nil {
			c.next, s.free = s.free, c
			g.chunks[i] = nil
		}
	}
}

// queue holds datagrams in the order they came to it.
type queue struct{ oldest, newest *datagram }

func (q *queue) push(g *datagram) {
	g.older, g.newer = q.newest, nil
	if q.newest == nil {
		q.oldest = g
	} else {
		q.newest.newer = g
	}
	q.newest = g
}

func (q *queue) remove(g *datagram) {
	if g.older == nil {
		q.oldest = g.newer
	} else {
		g.older.newer = g.newer
	}
	if g.newer == nil {
		q.newest = g.older
	} else {
		g.newer.older = g.older
	}
}
