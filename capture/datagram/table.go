package datagram

import (
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/packettime"
)

// Defaults of Options.
const (
	// DefaultMaxConversations is for MaxConversations. Each takes EntryBytes at most.
	DefaultMaxConversations = 1 << 15
	// DefaultMaxBytes is for MaxBytes.
	DefaultMaxBytes = 12 << 20
)

// EntryBytes is what a conversation that is remembered takes, in bytes: an entry, its
// share of the index when that has just grown, and a place for its Consumer.
const EntryBytes = 256

// Options bound a Table. Zero values stand for the defaults.
type Options struct {
	MaxConversations int // conversations remembered
	MaxBytes         int // bytes that all of them together hold for their Consumers
}

// Stats counts what a Table did.
type Stats struct {
	Datagrams     uint64          // pushed
	Conversations uint64          // that had a Consumer
	Expired       uint64          // conversations ended by silence
	Evicted       [classes]uint64 // conversations ended because there was no room, by class
	Open          int             // conversations remembered now
	Bytes         int             // held now
}

// Add adds the counts of another Table.
func (s *Stats) Add(o *Stats) {
	s.Datagrams += o.Datagrams
	s.Conversations += o.Conversations
	s.Expired += o.Expired
	for c := range s.Evicted {
		s.Evicted[c] += o.Evicted[c]
	}
	s.Open += o.Open
	s.Bytes += o.Bytes
}

// EvictedSum is how many conversations were ended because there was no room, without
// those that were decided.
func (s *Stats) EvictedSum() (n uint64) {
	for _, e := range s.Evicted[begun:] {
		n += e
	}
	return n
}

// Table holds the current conversations. It is used by one goroutine.
type Table struct {
	handler  Handler
	networks flow.Networks
	clock    packettime.Clock
	claimed  int64 // when the last datagram came: see packettime.Clock.Claimed

	index   map[flow.Ends]int32 // the newest entry with these ends: see entry.twin
	entries []entry
	free    int32 // first of the list of entries that are not in use
	queues  [classes]queue
	asked   int32 // the entry for which a Handler or a Consumer is being called, opening, or none

	consumers     []Consumer // entries have no pointers
	freeConsumers []int32
	most, maxByte int
	stats         Stats
}

// NewTable makes a Table that asks h which conversations are followed.
func NewTable(h Handler, o Options) *Table {
	if o.MaxConversations <= 0 {
		o.MaxConversations = DefaultMaxConversations
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	t := &Table{handler: h, networks: flow.NewNetworks(), most: o.MaxConversations, maxByte: o.MaxBytes}
	t.Clear()
	return t
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Open = t.open()
	return s
}

// open is the number of conversations remembered.
func (t *Table) open() (n int) {
	for c := range t.queues {
		n += t.queues[c].length
	}
	return n
}

// Now is the Table's time in nanoseconds since the Unix epoch: that of the packets.
func (t *Table) Now() int64 { return t.clock.Now() }

// Push takes a datagram. begins: by its bytes, it may begin a conversation that is worth
// following. It keeps no reference to p.
func (t *Table) Push(p *decode.Packet, begins bool) {
	due := t.clock.Tick(p.Time)
	t.take(p, begins, t.clock.Claimed())
	if due { // last, because a panic over another conversation must not lose this datagram
		t.sweep()
	}
}

// Tick moves the clock to the time of a packet that is not for the Table. A conversation
// must not stay open because no other datagram comes.
func (t *Table) Tick(at int64) {
	if t.clock.Tick(at) {
		t.sweep()
	}
}

// PushAt is Push for Tables that share a Clock: now is Clock.Now, and claimed is
// Clock.Claimed. When Clock.Tick reports it, Sweep has to be called on every Table.
func (t *Table) PushAt(now, claimed int64, p *decode.Packet, begins bool) {
	t.clock.Set(now)
	t.take(p, begins, claimed)
}

// Expire does what is due at a time at which no packet came, by a clock that can be
// trusted.
func (t *Table) Expire(now int64) {
	if t.clock.Pass(now) {
		t.sweep()
	}
}

// Sweep ends what has been silent for too long, by a Clock that Tables share.
func (t *Table) Sweep(now int64) {
	t.clock.Set(now)
	t.sweep()
}

// take finds or enters the conversation of a datagram.
func (t *Table) take(p *decode.Packet, begins bool, claimed int64) {
	t.stats.Datagrams++
	t.claimed = claimed
	if len(t.index) == 0 && !begins {
		return
	}
	ends, d := flow.EndsOf(p)
	network, by := t.networks.Of(p, d), flow.GuarantorOf(p, d)
	i := t.find(&ends, d, network, by, p.Lane)
	if i == none {
		if begins {
			t.begin(&ends, d, network, by, p)
		}
		return
	}
	e := &t.entries[i]
	e.seen = claimed
	over := e.consumer == none && begins
	if e.consumer != none {
		e.hear(d, network)
		over = t.deliver(i, d, p)
	}
	if over {
		t.beginAgain(i, d, network, p)
	}
}

// begin enters a conversation, if the Handler follows it.
func (t *Table) begin(ends *flow.Ends, d flow.Dir, network uint32, by flow.Guarantor, p *decode.Packet) {
	t.asked = opening
	c := t.handler.Open(p, d, Before{})
	t.asked = none
	if c == nil {
		return
	}
	i := t.insert(ends, by)
	t.entries[i].lane = p.Lane
	t.entries[i].hear(d, network)
	t.follow(i, c, begun)
	t.deliver(i, d, p)
}

// beginAgain gives the entry of a conversation that is over to the next one between the
// same ends, if the Handler follows it.
func (t *Table) beginAgain(i int32, d flow.Dir, network uint32, p *decode.Packet) {
	e := &t.entries[i]
	t.asked = opening
	c := t.handler.Open(p, d, Before{Known: true, Said: e.said})
	t.asked = none
	if c == nil {
		return
	}
	e.heard = [2]bool{} // said stays: see Same
	e.hear(d, network)
	t.dequeue(i)
	t.follow(i, c, begun)
	t.deliver(i, d, p)
}

// deliver gives a datagram to the Consumer of its conversation. over: it belongs to the
// next one with these ends.
func (t *Table) deliver(i int32, d flow.Dir, p *decode.Packet) (over bool) {
	e := &t.entries[i]
	c := t.consumers[e.consumer]
	t.asked = i
	s := c.Datagram(p, d)
	t.asked = none
	switch s {
	case Settled:
		t.settle(i)
	case Over:
		t.end(i, flow.Replaced)
		t.settle(i)
		return true
	default:
		t.stats.Bytes += c.Held() - int(e.counted)
		e.counted = int32(c.Held())
		if now := e.standing(s); now != e.class {
			t.requeue(i, now)
		}
		t.evictBytes()
	}
	return false
}

// Standing returns how far the conversation of a datagram that Push has taken has come. Of
// several with the same ends, in different networks, it is the farthest that is not settled.
func (t *Table) Standing(p *decode.Packet) (s flow.Standing) {
	ends, _ := flow.EndsOf(p)
	i, ok := t.index[ends]
	if !ok {
		return flow.Decided
	}
	for ; i != none; i = t.entries[i].twin {
		switch t.entries[i].class {
		case begun:
			s = max(s, flow.Followed)
		case waiting, answered:
			s = flow.Waiting
		}
	}
	return s
}

// Flush ends every conversation, because the capture is over.
func (t *Table) Flush() {
	for c := classes; c > settled; {
		c--
		for t.queues[c].first != none {
			t.remove(t.queues[c].first, flow.Finished)
		}
	}
}

// Forget forgets the conversation for which a Handler or a Consumer was called when it
// panicked, without calling it again. It reports false if there is none. The other
// conversations go on.
func (t *Table) Forget() bool {
	i := t.asked
	if i == none {
		return false
	}
	t.asked = none
	if i != opening {
		t.drop(i)
	}
	return true
}

// Clear forgets every conversation without calling its Consumer. It is for a panic in the
// Table itself, whose state is then unknown.
func (t *Table) Clear() {
	t.index, t.entries = make(map[flow.Ends]int32), nil
	t.free, t.asked = none, none
	for c := range t.queues {
		t.queues[c] = queue{first: none, last: none}
	}
	t.consumers, t.freeConsumers = nil, nil
	t.stats.Bytes = 0
}
