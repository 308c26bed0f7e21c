package flow

import (
	"tlsfloor/capture/decode"
)

// DefaultMaxFlows is how many connections a table remembers unless told
// otherwise: 29 MB when all are in use.
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

// entry is what every packet of a connection looks at. It has no pointer (see
// key), and is one cache line: finding a settled connection among many costs
// one miss here and one in the index.
type entry struct {
	key    key
	seen   moment // when its last packet came
	ticket uint32 // of its place in the queue of its class
	stream int32  // index in Table.streams, or none; of a free entry: the next free one
	flags  uint8
	class  class
	_      [2]byte
}

// numbers are the sequence numbers of the entry with the same index. Only the
// packets that begin and end a connection look at them.
type numbers struct {
	isn [2]uint32 // by direction: of the first byte, if synSeen
	fin [2]uint32 // by direction: behind the FIN, if finSeen
}

// Flags of an entry; the ones with a direction are shifted by it.
const (
	synSeen  = 1 << 0 // 1<<1 for FromHi
	finSeen  = 1 << 2 // 1<<3 for FromHi
	openerIs = 1 << 4 // 1<<5 for FromHi
	rstSeen  = 1 << 6
	decided  = 1 << 7 // nobody wants to follow it, or not any more
)

func (e *entry) has(flag uint8, d Dir) bool { return e.flags&(flag<<d) != 0 }

func (e *entry) set(flag uint8, d Dir) { e.flags |= flag << d }

func (e *entry) opener() Opener {
	switch {
	case e.has(openerIs, FromLo):
		return Opener{FromLo, true}
	case e.has(openerIs, FromHi):
		return Opener{FromHi, true}
	}
	return Opener{}
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

// Push takes a TCP segment. p is borrowed.
func (t *Table) Push(p *decode.Packet) {
	t.Expire(p.Time)
	t.take(p)
}

// PushAt is Push where a Clock beside the table says what time it is: by
// Clock.Now, with Sweep called on every table when Clock.Tick says so.
func (t *Table) PushAt(now int64, p *decode.Packet) {
	t.clock.now = now
	t.take(p)
}

// Bare reports whether a segment says nothing that a Table would listen to: a
// third of all segments are acknowledgements alone.
func Bare(p *decode.Packet) bool {
	return p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 && len(p.Payload) == 0
}

func (t *Table) take(p *decode.Packet) {
	t.stats.Segments++
	if Bare(p) {
		return
	}
	var k key
	dir := k.set(p, &t.seed)
	hash := k.hash(&t.seed)
	i := t.find(&k, hash)
	if i == none {
		if p.Flags&decode.SYN == 0 && len(p.Payload) == 0 {
			return // the end of something never seen: not worth an entry
		}
		i = t.insert(&k, hash)
	}
	e := &t.entries[i]
	e.seen = t.moment()
	if e.class == settled && p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 {
		return
	}
	t.segment(i, dir, p)
}

// Expire does what is due at a time at which no packet came. It is for live
// captures, where silence passes too.
func (t *Table) Expire(now int64) {
	if t.clock.Tick(now) {
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
	t.index, t.queues = newIndex(), [classes]queue{}
	t.streams, t.freeStreams = nil, nil
	t.stats.Bytes = 0
}

// moment is the table's clock.
func (t *Table) moment() moment { return moment(t.clock.now >> unit) }

// segment handles a segment of entry i.
func (t *Table) segment(i int32, d Dir, p *decode.Packet) {
	if t.replaces(i, d, p) {
		i = t.replace(i)
	}
	e := &t.entries[i]
	if p.Flags&decode.SYN != 0 {
		t.syn(i, d, p)
	}
	if len(p.Payload) > 0 && e.flags&decided == 0 && !t.deliver(i, d, p) {
		return
	}
	if p.Flags&(decode.FIN|decode.RST) != 0 {
		t.end(i, d, p)
	}
}

// replaces reports whether the segment begins another connection between the
// same addresses and ports.
func (t *Table) replaces(i int32, d Dir, p *decode.Packet) bool {
	e := &t.entries[i]
	if e.class == embryonic {
		return false
	}
	if p.Flags&decode.SYN == 0 {
		// With a SYN lost by the capture, or reused within its seconds of grace.
		return (e.class == closing || e.class == ending) && len(p.Payload) > 0 && e.has(finSeen, d) && distance(p.Seq, t.numbers[i].fin[d]) > 0
	}
	if p.Flags&decode.ACK != 0 && e.has(synSeen, d.Other()) {
		return false // answers a SYN that was dealt with; some servers repeat it with another number
	}
	return !e.has(synSeen, d) || p.Seq+1 != t.numbers[i].isn[d]
}

// replace ends entry i and enters its key anew.
func (t *Table) replace(i int32) int32 {
	k := t.entries[i].key
	t.remove(i, Replaced)
	return t.insert(&k, k.hash(&t.seed))
}

// syn notes the number a direction begins with, and who opened.
func (t *Table) syn(i int32, d Dir, p *decode.Packet) {
	e := &t.entries[i]
	e.set(synSeen, d)
	t.numbers[i].isn[d] = p.Seq + 1
	if p.Flags&decode.ACK == 0 {
		e.set(openerIs, d)
	} else if e.flags&(openerIs|openerIs<<1) == 0 {
		e.set(openerIs, d.Other())
	}
	if e.stream == none {
		if e.class == closing && e.flags&decided == 0 {
			// A RST turned away an old SYN-ACK, or another host's: the
			// connection is opened all the same.
			e.flags &^= rstSeen | finSeen | finSeen<<1
			t.requeue(i, embryonic)
		}
		return
	}
	if h := &t.streams[e.stream].half[d]; h.untouched() {
		h.sync(p.Seq + 1)
	}
}

// deliver gives the segment's bytes to the stream of entry i, and reports
// whether the entry is still there.
func (t *Table) deliver(i int32, d Dir, p *decode.Packet) bool {
	e := &t.entries[i]
	t.asked = i
	if e.stream == none && !t.follow(i, d, p) {
		t.asked = none
		return true
	}
	s := t.streams[e.stream]
	interest := s.segment(p, d)
	t.asked = none
	if interest == Settled {
		t.settle(i)
		return true
	}
	t.account(s)
	return e.class != unused
}

// account counts what s holds now, and makes room when all hold too much.
func (t *Table) account(s *Stream) {
	size := s.size()
	t.stats.Bytes += size - int(s.counted)
	s.counted = int32(size)
	if t.stats.Bytes > t.maxBytes {
		t.economise()
	}
}

// follow asks the handler for a consumer, and reports whether there is one.
func (t *Table) follow(i int32, d Dir, p *decode.Packet) bool {
	e := &t.entries[i]
	c := t.handler.Open(p, d, e.opener())
	if c == nil {
		e.flags |= decided
		if e.class != closing {
			t.requeue(i, settled)
		}
		return false
	}
	t.stats.Followed++
	s := c.stream()
	e.stream = t.place(s)
	s.consumer = c
	for d, isn := range t.numbers[i].isn {
		if e.has(synSeen, Dir(d)) {
			s.half[d].sync(isn)
		}
	}
	if e.class == closing {
		t.requeue(i, ending)
	} else {
		t.requeue(i, followed)
	}
	return true
}

// settle lets the stream of entry i go, and keeps the entry, so that later
// packets of the connection are recognised.
func (t *Table) settle(i int32) {
	t.release(i)
	t.entries[i].flags |= decided
	if t.entries[i].class == ending {
		t.close(i)
	} else {
		t.requeue(i, settled)
	}
}

// end notes a FIN or RST. The connection is not over at once: segments that
// belong before it may still come.
func (t *Table) end(i int32, d Dir, p *decode.Packet) {
	e := &t.entries[i]
	switch {
	case p.Flags&decode.RST == 0:
		e.set(finSeen, d)
		t.numbers[i].fin[d] = p.Seq + uint32(len(p.Payload)) + 1
	case !e.has(finSeen, d):
		e.flags |= rstSeen // behind a FIN it only answers what came too late
	}
	over := p.Flags&decode.RST != 0 || e.has(finSeen, FromLo) && e.has(finSeen, FromHi)
	switch {
	case !over || e.class == closing || e.class == ending:
	case t.entries[i].stream == none:
		t.close(i)
	default:
		t.requeue(i, ending)
	}
}

// close lets an entry of which nothing more is wanted wait a little for late
// segments.
func (t *Table) close(i int32) {
	t.requeue(i, closing)
	if r, ok := t.oldest(closing); ok && t.queues[closing].length > maxClosing {
		t.remove(r.entry, Closed)
	}
}
