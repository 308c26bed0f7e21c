package flow

import (
	"tlsfloor/capture/decode"
	"tlsfloor/capture/packettime"
)

// defaultMaxFlows is the default of Options.MaxFlows. When all are in use they take
// 96 bytes each (25 MB), the index 4 MB, and the queues 3 to 13 MB.
const defaultMaxFlows = 1 << 18

// DefaultMaxBytes is the default of Options.MaxBytes.
const DefaultMaxBytes = 64 << 20

// Options bound a Table. Zero values stand for the defaults.
type Options struct {
	MaxFlows int // connections remembered
	MaxBytes int // bytes that all of them together hold for their consumers
}

// Stats counts what a table did.
type Stats struct {
	Segments uint64          // TCP segments pushed
	Flows    uint64          // connections entered
	Followed uint64          // connections that had a Consumer
	Expired  uint64          // connections ended by silence
	Evicted  [classes]uint64 // connections ended because there was no room, by class
	Open     int             // connections remembered now
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
func (s *Stats) EvictedSum() (n uint64) {
	for _, e := range s.Evicted {
		n += e
	}
	return n
}

// Table holds the current connections. It is used by one goroutine.
type Table struct {
	handler Handler
	seed    seed
	clock   packettime.Clock

	entries []entry // MaxFlows of them; the kernel provides each page when it is first used
	numbers []numbers
	used    int32 // entries[used:] were never used
	free    int32 // first of the list of entries that were, and are not now
	index   index
	apart   int // entries beyond maxTwins
	past    forgotten
	queues  [classes]queue
	tickets uint32

	asked int32 // the entry for which a Handler or a Consumer is being called, or none

	streams     []*Stream
	freeStreams []int32
	maxBytes    int
	stats       Stats
}

// NewTable makes a table that asks h which connections are followed.
func NewTable(h Handler, o Options) *Table {
	if o.MaxFlows <= 0 {
		o.MaxFlows = defaultMaxFlows
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	return &Table{
		handler: h, seed: newSeed(), maxBytes: o.MaxBytes, free: none, asked: none,
		entries: make([]entry, o.MaxFlows), numbers: make([]numbers, o.MaxFlows), index: newIndex(),
	}
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Open = t.index.used
	return s
}

// Now is the table's time in nanoseconds since the Unix epoch: that of the packets.
func (t *Table) Now() int64 { return t.clock.Now() }

// Claimed is when the last packet came, in nanoseconds: see packettime.Clock.Claimed.
func (t *Table) Claimed() int64 { return t.clock.Claimed() }

// Push takes a TCP segment. It keeps no reference to p.
func (t *Table) Push(p *decode.Packet) {
	due := t.clock.Tick(p.Time)
	t.stats.Segments++
	if !Bare(p) {
		t.take(p, t.clock.Claimed())
	}
	if due { // last, because a panic over another connection must not lose this packet
		t.sweep()
	}
}

// PushAt is Push for tables that share a Clock: now is Clock.Now, and claimed is
// Clock.Claimed. When Clock.Tick reports it, Sweep has to be called on every table.
func (t *Table) PushAt(now, claimed int64, p *decode.Packet) {
	t.clock.Set(now)
	t.stats.Segments++
	if !Bare(p) {
		t.take(p, claimed)
	}
}

// Accuse takes a packet that only reports anomalies of a connection's fragments,
// because its segment is not complete. It begins no connection.
func (t *Table) Accuse(p *decode.Packet) {
	var k key
	d := k.set(p)
	hash, network := k.hash(&t.seed), t.seed.networkOf(p, d)
	i, twins := t.find(&k, hash, d, network)
	if twins { // there is no sequence number to tell which of them is meant
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

// odd notes anomalies of the fragments of entry i, for the consumer that it has now or
// gets later.
func (t *Table) odd(i int32, a decode.Anomaly) {
	e := &t.entries[i]
	e.noteOdd(a)
	if e.stream != none {
		t.streams[e.stream].consumer.Odd(a)
	}
}

// Bare reports whether a segment has nothing that a Table uses. A third of all segments
// are acknowledgements alone.
func Bare(p *decode.Packet) bool {
	return p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 && len(p.Payload) == 0 && p.Anomalies == 0
}

// take finds or enters the connection of a segment that is not Bare. claimed is its time:
// see Clock.Claimed.
func (t *Table) take(p *decode.Packet, claimed int64) {
	var k key
	d := k.set(p)
	hash, network := k.hash(&t.seed), t.seed.networkOf(p, d)
	i, twins := t.find(&k, hash, d, network)
	if twins {
		i = t.entryFor(&k, hash, d, network, p)
	}
	if i == none {
		if p.Flags&decode.SYN == 0 && len(p.Payload) == 0 {
			return // the end of a connection that was never seen: not worth an entry
		}
		i = t.insert(&k, hash, network, guarantorOf(p, d), twins)
	}
	e := &t.entries[i]
	at := moment(claimed >> unit)
	silence := int32(at - e.key.seen) // negative if time ran back
	e.key.seen = at
	if strays, jump := e.strays(d, p); strays {
		if t.begunAgain(i, silence, jump, p) {
			i = t.replace(i, network)
			e = &t.entries[i]
		} else if e.class != settled {
			t.segment(e, i, d, network, p) // recent is not updated: this may be junk
			return
		}
	}
	e.recent[d.Index()] = uint16(p.Seq >> 16)
	if e.class == settled && p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 {
		return
	}
	t.segment(e, i, d, network, p)
}

// How long a connection has to be silent before bytes that are a window away from its
// own, and look like a hello, begin another one: a download may hold such bytes too,
// and a capture may have gaps.
const (
	settledSilence = secondUnits
	// followedSilence is longer, because a forged hello must not end a handshake that
	// is under way.
	followedSilence = 10 * secondUnits
)

// begunAgain reports whether a packet far from the last ones begins another connection
// between the same addresses and ports. Its SYN was lost, and so was the end of the
// connection before it.
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

// Expire does what is due at a time at which no packet came, by a clock that can be
// trusted. It is for live captures, where time passes without packets.
func (t *Table) Expire(now int64) {
	if t.clock.Pass(now) {
		t.sweep()
	}
}

// Sweep ends what has been silent for too long, by a Clock that tables share.
func (t *Table) Sweep(now int64) {
	t.clock.Set(now)
	t.sweep()
}

// Flush ends every connection, because the capture is over.
func (t *Table) Flush() {
	for c := range classes {
		for r, ok := t.oldest(classes - 1 - c); ok; r, ok = t.oldest(classes - 1 - c) {
			t.remove(r.entry, Finished)
		}
	}
}

// Forget forgets the connection for which a Handler or a Consumer was called when it
// panicked, without calling it again. It reports false if there is none. The other
// connections go on.
func (t *Table) Forget() bool {
	i := t.asked
	if i == none {
		return false
	}
	t.asked = none
	t.drop(i)
	return true
}

// Clear forgets every connection without calling its consumer. It is for a panic in the
// table itself, whose state is then unknown.
func (t *Table) Clear() {
	t.used, t.free, t.asked = 0, none, none
	t.index, t.queues, t.apart = newIndex(), [classes]queue{}, 0
	t.streams, t.freeStreams = nil, nil
	t.stats.Bytes = 0
}

// moment is the table's time.
func (t *Table) moment() moment { return moment(t.clock.Now() >> unit) }

// Standing is how far the connection of a packet has come. The order is that in which
// connections are worth more: see Table.evict.
type Standing uint8

// The standings.
const (
	// Decided: its Consumer needs no more of it, or it has none, or the table does not
	// know it.
	Decided  Standing = iota
	Opened            // no bytes came so far
	Followed          // its Consumer has not decided
	Waiting           // the same, and an answer is expected: see Stream.Wait
)

// Standing returns how far the connection of a packet has come that Push has taken, or
// would have taken if it were not Bare. Of several connections with the same addresses
// and ports, in different networks, it is the farthest that is not decided. begun: a SYN
// or SYN-ACK of one of them was seen.
//
// It looks the connection up again, so that Push costs nothing more for those who do not
// ask.
func (t *Table) Standing(p *decode.Packet) (s Standing, begun bool) {
	var k key
	d := k.set(p)
	hash := k.hash(&t.seed)
	w := t.twinsOf(&k, hash)
	for _, i := range w.entries[:w.n] {
		s = max(s, t.standing(i))
		begun = begun || t.entries[i].flags&(synSeen|synSeen<<1) != 0
	}
	if t.apart > 0 {
		network := t.seed.networkOf(p, d)
		if i := t.findApart(&k, apartHash(hash, network), network); i != none {
			s = max(s, t.standing(i))
			begun = begun || t.entries[i].flags&(synSeen|synSeen<<1) != 0
		}
	}
	return s, begun
}

// standing is the Standing of entry i.
func (t *Table) standing(i int32) Standing {
	e := &t.entries[i]
	switch {
	case e.flags&decided != 0:
		return Decided
	case e.stream == none:
		return Opened // also after a RST: see Table.syn
	case t.streams[e.stream].waits:
		return Waiting
	}
	return Followed
}
