package defrag

import "slices"

// Times in nanoseconds, by the capture times of packets.
const (
	// maxAge is how long an incomplete datagram waits, as in Linux. RFC 8200 has 60
	// s; but the longer the wait, the likelier it is that an IPv4 ID is used again
	// and fragments of two datagrams are mixed (RFC 4963).
	maxAge = 30e9
	// staleAge is when an incomplete datagram gives way to another one with the same
	// ID, as devices send that always use 0. A host sends the fragments of a datagram
	// one after the other.
	staleAge = 1e9
	// copyAge is how long a complete datagram is remembered, for copies of its
	// fragments. A capture of all interfaces shows each fragment twice, and the
	// second copy of the last one would be mixed with the next datagram of that ID.
	copyAge = 200e6
	// maxStep is how far the time of a frame may be from that of the frames before
	// it to be accepted at once.
	maxStep = 5e9
)

// strayFrames is how many frames in a row have to be farther away than maxStep
// before the clock follows them: one wrong timestamp, or those of the few fragments
// of a datagram, must not age what is held.
const strayFrames = 16

// expire removes what is too old. What seems to be in the future was held before
// time went back, as where two captures are joined, and begins to age now.
func (s *Store) expire() {
	now := s.clock.now
	for g := s.waiting.oldest; g != nil && now-g.since > maxAge; g = s.waiting.oldest {
		s.drop(g)
	}
	if g := s.waiting.oldest; g != nil {
		g.since = min(g.since, now)
	}
	for g := s.completed.oldest; g != nil && (now-g.since > copyAge || g.since > now); g = s.completed.oldest {
		s.forget(g)
	}
}

// unused returns a chunk to fill: one that was released, or a new one, or one of
// the datagrams that are evicted for it.
func (s *Store) unused() *chunk {
	if s.free == nil && s.chunks < maxChunks {
		s.chunks++
		return new(chunk)
	}
	for s.free == nil {
		s.evict()
	}
	c := s.free
	s.free = c.next
	clear(c.have[:])
	clear(c.starts[:])
	clear(c.last[:])
	return c
}

// evict removes the oldest complete datagram, or else the oldest incomplete one.
func (s *Store) evict() { s.remove(s.victim()) }

// victim is the datagram to be evicted first. At most two are inUse, a datagram and
// its rival, and these have far fewer chunks than there are.
func (s *Store) victim() *datagram {
	for _, q := range [...]*queue{&s.completed, &s.waiting} {
		for g := q.oldest; g != nil; g = g.newer {
			if !g.inUse {
				return g
			}
		}
	}
	return nil
}

func (s *Store) remove(g *datagram) {
	if g.complete {
		s.forget(g)
	} else {
		s.drop(g)
	}
}

// drop removes an incomplete datagram.
func (s *Store) drop(g *datagram) {
	if g.counted {
		s.stats.Incomplete++
	}
	if !g.key.rival {
		s.stats.Dropped++
	}
	s.leave(g)
	s.release(g)
}

// leave takes a datagram out of those that wait.
func (s *Store) leave(g *datagram) {
	s.waiting.remove(g)
	if g.counted {
		s.incomplete--
	}
	if !g.key.rival {
		s.stats.Held--
	}
	s.stats.HeldBytes -= g.kept
}

// forget removes a complete datagram.
func (s *Store) forget(g *datagram) {
	s.completed.remove(g)
	s.release(g)
}

// release makes the chunks and the key of a datagram available again.
func (s *Store) release(g *datagram) {
	delete(s.held, g.key)
	for i, c := range g.chunks {
		if c != nil {
			c.next, s.free = s.free, c
			g.chunks[i] = nil
		}
	}
}

// queue is a list of datagrams in the order in which they were added.
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

// clock follows the capture times of packets, and ignores a few wrong ones. The
// zero clock takes the first time that it sees.
type clock struct {
	now     int64 // in nanoseconds since the Unix epoch
	started bool
	strays  int
	times   [strayFrames]int64 // of the strays
}

func (c *clock) see(t int64) {
	if step := t - c.now; step < -maxStep || step > maxStep {
		c.stray(t)
		return
	}
	c.now = max(c.now, t)
	c.strays = 0
}

// stray handles a time that is far from the clock's. When strayFrames in a row are,
// the clock is set to their median, which a few wrong ones among them do not move.
func (c *clock) stray(t int64) {
	if !c.started {
		c.started, c.now = true, t
		return
	}
	c.times[c.strays] = t
	c.strays++
	if c.strays < strayFrames {
		return
	}
	times := c.times
	slices.Sort(times[:])
	c.now, c.strays = times[(strayFrames-1)/2], 0
}
