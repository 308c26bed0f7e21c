package decode

import "bytes"

// Bounds on what is kept of incomplete datagrams. Fragments are rare in honest
// traffic, and most datagrams are complete within milliseconds; a flood of them
// pushes out the oldest, and costs no more memory than these allow.
const (
	// maxDatagrams is how many incomplete datagrams are held.
	maxDatagrams = 1024
	// maxFragments is how many fragments a datagram may come in: a longest one
	// over the smallest MTU that IPv4 hosts use, 576, makes 119.
	maxFragments = 128
	// maxAge, in nanoseconds of packet time, is how long Linux waits. RFC 8200 has
	// 60 s; but the longer, the likelier that an IPv4 id comes round again and the
	// pieces of two datagrams meet (RFC 4963).
	maxAge = 30e9
	// copyAge, in nanoseconds, is how long a datagram is remembered once it is
	// whole, for copies of its fragments that are still to come. A capture of
	// all interfaces shows each fragment twice, and the second copy of the last
	// one would lie in wait for the next datagram of that id.
	copyAge = 200e6
	// pieceSize holds a fragment of an Ethernet-sized packet in one piece.
	pieceSize = 1480
	// maxPieces bounds the bytes: about 6 MiB.
	maxPieces = 4096
)

// fragmentKey names the datagram a fragment belongs to. It holds no pointers,
// so that the collector does not look at the map's keys.
type fragmentKey struct {
	src, dst Addr
	network  Network
	id       uint32
	protocol uint8 // IPv4 only
	v6       bool
}

// datagram is an incomplete one, or, without pieces, one that was finished.
type datagram struct {
	key          fragmentKey
	since        int64     // when its first fragment was captured, or the one that finished it
	finished     bool      // all that is left is to ignore copies
	older, newer *datagram // in its queue
	pieces       *piece    // by offset; they never overlap
	covered      int       // bytes claimed by the pieces
	end          int       // of the last piece
	total        int       // bytes in all; 0 before the last fragment is here
	fragments    int
	protocol     uint8 // of the first fragment
	anomalies    Anomaly
}

// piece is a part of a fragment that was the first to claim its bytes.
type piece struct {
	next           *piece
	from, to       int // of the datagram
	fragFrom, frag int // extent of the fragment that brought it
	kept           int // how many of its bytes were captured
	data           [pieceSize]byte
}

// fragmentStore holds incomplete datagrams.
//
// Overlaps: the first fragment to claim a byte keeps it, the datagram is
// delivered and carries FragmentOverlap. Hosts differ: RFC 5722 has IPv6 hosts
// drop the datagram whole, Linux does the same with IPv4 since 2018, older and
// other hosts prefer the first or the last. Dropping would let whoever adds one
// overlapping fragment hide a connection from a sensor whose host accepts it;
// delivering costs a flow that is marked, and at worst never was one.
type fragmentStore struct {
	held     map[fragmentKey]*datagram
	waiting  queue
	finished queue
	free     *piece // pieces not in use
	pieces   int    // made so far; never more than maxPieces
	whole    []byte // the reassembled datagram, until the next one
	stats    *FragmentStats
}

// reassembled is a datagram that has become whole.
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

// add takes in a sound fragment captured at the time now, in nanoseconds.
func (s *fragmentStore) add(key fragmentKey, f fragment, now int64) (reassembled, answer) {
	s.expire(now)
	g := s.find(key, now)
	switch {
	case g.finished || g.repeats(f):
		s.stats.Repeated++
		return reassembled{}, waiting
	case g.contradicts(f):
		return reassembled{}, contradicted
	}
	g.note(f)
	s.insert(g, f)
	switch {
	case g.total != 0 && g.covered == g.total:
		return s.finish(g, now), complete
	case g.fragments == maxFragments:
		s.drop(g)
	}
	return reassembled{}, waiting
}

// expire forgets what is too old. Time that runs backwards, as at the seam of
// two captures, makes no incomplete datagram old; but a finished one would
// stand in the way of its namesake.
func (s *fragmentStore) expire(now int64) {
	for g := s.waiting.oldest; g != nil && now-g.since > maxAge; g = s.waiting.oldest {
		s.drop(g)
	}
	for g := s.finished.oldest; g != nil && (now-g.since > copyAge || g.since-now > copyAge); g = s.finished.oldest {
		s.forget(g)
	}
}

// find returns the datagram of the key, a new one if need be.
func (s *fragmentStore) find(key fragmentKey, now int64) *datagram {
	if g := s.held[key]; g != nil {
		return g
	}
	if s.held == nil {
		s.held = make(map[fragmentKey]*datagram)
	}
	s.makeRoom()
	g := &datagram{key: key, since: now}
	s.held[key] = g
	s.waiting.push(g)
	s.stats.Held++
	return g
}

// makeRoom sees to it that there may be another datagram.
func (s *fragmentStore) makeRoom() {
	switch {
	case len(s.held) < maxDatagrams:
	case s.finished.oldest != nil:
		s.forget(s.finished.oldest)
	default:
		s.drop(s.waiting.oldest)
	}
}

// contradicts reports whether f and the fragments before it disagree on where
// the datagram ends.
func (g *datagram) contradicts(f fragment) bool {
	if g.total != 0 {
		return f.to > g.total || f.last && f.to != g.total
	}
	return f.last && f.to < g.end
}

// note records what f says of the datagram as a whole.
func (g *datagram) note(f fragment) {
	g.fragments++
	if f.last {
		g.total = f.to
	}
	if f.from == 0 && g.first(f) {
		g.protocol = f.protocol
	}
	if f.tiny() {
		g.anomalies |= FragmentTiny
	}
}

// first reports whether nothing has claimed the first byte yet.
func (g *datagram) first(f fragment) bool {
	return g.pieces == nil || g.pieces.from > f.from
}

// repeats reports whether f is a copy of a fragment that came before, to the
// byte: networks duplicate packets, and a mirror port shows each of them twice.
func (g *datagram) repeats(f fragment) bool {
	p := g.pieces
	for p != nil && p.to <= f.from {
		p = p.next
	}
	at := f.from
	for ; p != nil && at < f.to; p = p.next {
		if p.from != at || p.fragFrom != f.from || p.frag != f.to || !p.agrees(f) {
			return false
		}
		at = p.to
	}
	return at == f.to
}

// agrees reports whether the piece holds the bytes that f has for it, as far as
// both were captured.
func (p *piece) agrees(f fragment) bool {
	data := f.captured(p.from, p.to)
	n := min(len(data), p.kept)
	return bytes.Equal(data[:n], p.data[:n])
}

// captured returns the captured bytes of the datagram between from and to.
func (f *fragment) captured(from, to int) []byte {
	n := len(f.data)
	return f.data[min(n, from-f.from):min(n, to-f.from)]
}

// insert keeps those bytes of f that no earlier fragment claimed. The list is
// at most maxFragments and as many pieces as the longest datagram fills, so the
// walk is short whatever the order of arrival.
func (s *fragmentStore) insert(g *datagram, f fragment) {
	link := &g.pieces
	for at := f.from; at < f.to; {
		for *link != nil && (*link).to <= at {
			link = &(*link).next
		}
		end := min(f.to, at+pieceSize)
		if next := *link; next != nil && next.from < end {
			g.anomalies |= FragmentOverlap
			if next.from <= at {
				at = next.to
				continue
			}
			end = next.from
		}
		*link = s.piece(g, f, at, end, *link)
		at = end
	}
}

// piece makes a piece of f and counts it in.
func (s *fragmentStore) piece(g *datagram, f fragment, from, to int, next *piece) *piece {
	p := s.unused(g)
	p.next, p.from, p.to, p.fragFrom, p.frag = next, from, to, f.from, f.to
	p.kept = copy(p.data[:], f.captured(from, to))
	g.covered += to - from
	g.end = max(g.end, to)
	s.stats.HeldBytes += p.kept
	return p
}

// unused returns a piece to fill: one that was given back, else a new one, else
// one of the oldest datagram that is not keep. No datagram can hold all pieces.
func (s *fragmentStore) unused(keep *datagram) *piece {
	if s.free == nil && s.pieces < maxPieces {
		s.pieces++
		return new(piece)
	}
	for s.free == nil {
		victim := s.waiting.oldest
		if victim == keep {
			victim = victim.newer
		}
		s.drop(victim)
	}
	p := s.free
	s.free = p.next
	return p
}

// finish joins the pieces up to the first byte that was not captured.
func (s *fragmentStore) finish(g *datagram, now int64) reassembled {
	s.whole = s.whole[:0]
	for p := g.pieces; p != nil; p = p.next {
		s.whole = append(s.whole, p.data[:p.kept]...)
		if p.kept < p.to-p.from {
			break
		}
	}
	s.release(g)
	g.finished, g.since = true, now
	s.finished.push(g)
	s.stats.Reassembled++
	return reassembled{
		data: s.whole, cut: g.total - len(s.whole),
		protocol: g.protocol, anomalies: g.anomalies,
	}
}

// drop gives up an incomplete datagram.
func (s *fragmentStore) drop(g *datagram) {
	s.release(g)
	delete(s.held, g.key)
	s.stats.Dropped++
}

// forget ends the watch for copies of a finished datagram.
func (s *fragmentStore) forget(g *datagram) {
	s.finished.remove(g)
	delete(s.held, g.key)
}

// release takes a datagram out of the waiting ones and its pieces back.
func (s *fragmentStore) release(g *datagram) {
	s.waiting.remove(g)
	s.stats.Held--
	for g.pieces != nil {
		p := g.pieces
		g.pieces = p.next
		p.next, s.free = s.free, p
		s.stats.HeldBytes -= p.kept
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
