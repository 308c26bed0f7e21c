package flow

import (
	"tlsfloor/capture/decode"
)

// DefaultMaxFlows is how many connections a table remembers unless told
// otherwise. When all are in use they take 96 bytes each (25 MB), the index 4 MB,
// and the queues 3 to 13 MB.
const DefaultMaxFlows = 1 << 18

// DefaultMaxBytes bounds the bytes that all connections together may hold for
// their consumers.
const DefaultMaxBytes = 64 << 20

// Options bound a Table. Zero values stand for the defaults.
type Options struct {
	MaxFlows int // connections remembered
	MaxBytes int // bytes held for all of them
}

// Stats counts what a table did.
type Stats struct {
	Segments uint64          // TCP segments pushed
	Flows    uint64          // connections entered
	Followed uint64          // of which somebody followed
	Expired  uint64          // ended by silence
	Evicted  [classes]uint64 // ended because there was no room, by class
	Open     int             // remembered now
	Bytes    int             // held now
}

// Add adds the counts of another table.
func (s *Stats) Add(o *Stats) {
	s.Segments += o.Segments
	s.Flows += o.Flows
	s.Followed += o.Followed
	s.Expired += o.Expired
	for c := range s.Evicted {
		s.Evicted[c] += o.Evicted[c]
	}
	s.Open += o.Open
	s.Bytes += o.Bytes
}

// EvictedSum is how many connections were ended because there was no room.
func (s *Stats) EvictedSum() uint64 {
	var n uint64
	for _, e := range s.Evicted {
		n += e
	}
	return n
}

// Table is the connections in sight. It is used by one goroutine.
type Table struct {
	handler Handler
	seed    seed
	clock   Clock

	entries []entry // MaxFlows of them; the kernel lends a page when it is first touched
	numbers []numbers
	used    int32 // entries[used:] were never used
	free    int32 // list of entries that were, by next
	index   index
	apart   int // entries past maxTwins
	past    forgotten
	queues  [classes]queue
	tickets uint32

	asked int32 // the entry that a Handler or a Consumer is asked about; none: nobody is

	streams     []*Stream
	freeStreams []int32
	maxBytes    int
	stats       Stats
}

// NewTable makes a table that asks h whom to give the bytes to.
func NewTable(h Handler, o Options) *Table {
	if o.MaxFlows <= 0 {
		o.MaxFlows = DefaultMaxFlows
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	t := &Table{
		handler: h, seed: newSeed(), maxBytes: o.MaxBytes, free: none, asked: none,
		entries: make([]entry, o.MaxFlows), numbers: make([]numbers, o.MaxFlows), index: newIndex(),
	}
	return t
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Open = t.index.used
	return s
}

// Now is the table's time, in nanoseconds since the Unix epoch, as the packets have
// it.
func (t *Table) Now() int64 { return t.clock.now }

// Push takes a TCP segment. p is borrowed.
func (t *Table) Push(p *decode.Packet) {
	due := t.clock.Tick(p.Time)
	t.stats.Segments++
	if !Bare(p) {
		t.take(p, t.clock.Claimed())
	}
	if due { // last: a fault over another connection must not cost this packet
		t.sweep()
	}
}

// PushAt is Push where a Clock beside the table says what time it is: by
// Clock.Now and Clock.Claimed, with Sweep called on every table when Clock.Tick
// says so.
func (t *Table) PushAt(now, claimed int64, p *decode.Packet) {
	t.clock.now = now
	t.stats.Segments++
	if !Bare(p) {
		t.take(p, claimed)
	}
}

// Accuse takes a packet that says only what is odd about the fragments of a
// connection, whose segment is not whole. It begins no connection.
func (t *Table) Accuse(p *decode.Packet) {
	var k key
	d := k.set(p)
	hash, network := k.hash(&t.seed), t.seed.networkOf(p, d)
	i, twins := t.find(&k, hash, d, network)
	if twins { // no number says which of them is meant
		w := t.twinsOf(&k, hash)
		for _, j := range w.entries[:w.n] {
			if t.entries[j].network[d.Index()] == network {
				t.odd(j, p.Anomalies)
			}
		}
		i = t.findApart(&k, apartHash(hash, network), network)
	}
	if i != none {
		t.odd(i, p.Anomalies)
	}
}

// odd notes what is odd about the fragments of entry i, for who follows it now or
// later.
func (t *Table) odd(i int32, a decode.Anomaly) {
	e := &t.entries[i]
	e.noteOdd(a)
	if e.stream != none {
		t.streams[e.stream].consumer.Odd(a)
	}
}

// Bare reports whether a segment says nothing that a Table would listen to: a
// third of all segments are acknowledgements alone.
func Bare(p *decode.Packet) bool {
	return p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 && len(p.Payload) == 0 && p.Anomalies == 0
}

// take takes a segment that is not Bare, whose time is claimed.
func (t *Table) take(p *decode.Packet, claimed int64) {
	var k key
	d := k.set(p)
	hash, network := k.hash(&t.seed), t.seed.networkOf(p, d)
	i, twins := t.find(&k, hash, d, network)
	if twins {
		i = t.belongs(&k, hash, d, network, p)
	}
	if i == none {
		if p.Flags&decode.SYN == 0 && len(p.Payload) == 0 {
			return // the end of something never seen: not worth an entry
		}
		i = t.insert(&k, hash, network, tellerOf(p, d), twins)
	}
	e := &t.entries[i]
	at := moment(claimed >> unit)
	silence := int32(at - e.key.seen) // negative where time ran back
	e.key.seen = at
	if strays, jump := e.strays(d, p); strays {
		if t.begunAgain(i, silence, jump, p) {
			i = t.replace(i, network)
			e = &t.entries[i]
		} else if e.class != settled {
			t.segment(e, i, d, network, p) // and recent stays: this may be junk
			return
		}
	}
	e.recent[d.Index()] = uint16(p.Seq >> 16)
	if e.class == settled && p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 {
		return
	}
	t.segment(e, i, d, network, p)
}

// A connection has to be silent for so long before bytes that are a window away
// from its own, and look like a hello, begin another: for a download of a
// capture with gaps may hold such bytes, too.
const (
	settledSilence = secondUnits
	// followedSilence: who sends a hello in the name of a client must not end a
	// handshake that is under way.
	followedSilence = 10 * secondUnits
)

// begunAgain reports whether a packet far from the last ones begins another
// connection between the same addresses and ports, of which the SYN was lost,
// as was the end of the one before.
func (t *Table) begunAgain(i, silence int32, jump bool, p *decode.Packet) bool {
	switch t.entries[i].class {
	case embryonic:
		return false
	case followed, waiting:
		if silence < int32(followedSilence) {
			return false
		}
	default:
		if silence < int32(settledSilence) && !jump {
			return false
		}
	}
	return p.Flags&decode.SYN == 0 && len(p.Payload) > 0 && t.handler.Greets(p.Payload)
}

// Expire does what is due at a time at which no packet came, by a clock that is
// to be believed. It is for live captures, where silence passes too.
func (t *Table) Expire(now int64) {
	if t.clock.Pass(now) {
		t.sweep()
	}
}

// Sweep ends what has been silent for too long, by a Clock beside the table.
func (t *Table) Sweep(now int64) {
	t.clock.now = now
	t.sweep()
}

// Flush ends every connection: the capture is over.
func (t *Table) Flush() {
	for c := range classes {
		for r, ok := t.oldest(classes - 1 - c); ok; r, ok = t.oldest(classes - 1 - c) {
			t.remove(r.entry, Finished)
		}
	}
}

// Forget forgets the connection that a Handler or a Consumer was asked about when
// it panicked, without another word to it, and reports false when none was. The
// others go on.
func (t *Table) Forget() bool {
	i := t.asked
	if i == none {
		return false
	}
	t.asked = none
	t.drop(i)
	return true
}

// Clear forgets every connection without a word to those who follow them, for
// when the table itself has failed: nobody knows what state it is in.
func (t *Table) Clear() {
	t.used, t.free, t.asked = 0, none, none
	t.index, t.queues, t.apart = newIndex(), [classes]queue{}, 0
	t.streams, t.freeStreams = nil, nil
	t.stats.Bytes = 0
}

// moment is the table's clock.
func (t *Table) moment() moment { return moment(t.clock.now >> unit) }
