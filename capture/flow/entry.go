package flow

import "tlsfloor/capture/decode"

// entry is what every packet of a connection needs. It has no pointer (see key), and is
// one cache line: finding a settled connection among many costs one cache miss here and
// one in the index.
type entry struct {
	key     key
	network [2]uint32 // by direction: see seed.networkOf; the other's until the direction is seen
	ticket  uint32    // of its record in the queue of its class
	stream  int32     // index in Table.streams, or none; of a free entry: the next free one
	recent  [2]uint16 // by direction: the upper half of the last sequence number
	flags   uint8
	class   class
	marks   uint8
	origin  uint8 // the guarantor, and in the bits above it the anomalies of its fragments
}

// numbers are the sequence numbers of the entry with the same index. Only the first
// packets of each direction, and those that begin and end a connection, need them.
type numbers struct {
	first [2]uint32 // by direction: of the first byte, if synSeen; else of the first segment seen
	ack   [2]uint32 // by direction: what its first segment acknowledged, if acked
	fin   [2]uint32 // by direction: the number after the FIN, if finSeen
	said  Digest    // see Table.Same
}

// Flags of an entry; those of a direction are shifted by it.
const (
	synSeen  = 1 << 0 // 1<<1 for fromHigh
	finSeen  = 1 << 2 // 1<<3 for fromHigh
	openerIs = 1 << 4 // 1<<5 for fromHigh
	rstSeen  = 1 << 6
	decided  = 1 << 7 // it has no consumer, or none any more
)

// Marks of an entry; those of a direction are shifted by it.
const (
	heard     = 1 << 0 // 1<<1 for fromHigh: a packet of the direction came
	acked     = 1 << 2 // 1<<3 for fromHigh: one of them acknowledged something
	confirmed = 1 << 4 // 1<<5 for fromHigh: the other end acknowledged the direction's SYN
	hasTwin   = 1 << 6 // another entry has the same addresses and ports
	apart     = 1 << 7 // its network is part of its hash: see maxTwins
)

// insert enters a connection, for which it makes room first. twins: others may have its
// addresses and ports.
func (t *Table) insert(k *key, hash, network uint32, by guarantor, twins bool) int32 {
	t.stats.Flows++
	i := t.makeVacancy()
	e := &t.entries[i]
	*e = entry{key: *k, network: [2]uint32{network, network}, stream: none, origin: uint8(by)}
	e.key.seen = t.moment()
	t.numbers[i].said = Digest{} // the entry's flags and marks tell what else is valid
	if twins {
		hash = t.twin(i, k, hash, network)
	}
	t.index.add(hash, i)
	t.enqueue(i, embryonic)
	return i
}

// makeVacancy returns a free entry. In a full table it evicts one first.
func (t *Table) makeVacancy() int32 {
	if t.free == none && int(t.used) == len(t.entries) {
		t.evict()
	}
	if i := t.free; i != none {
		t.free = t.entries[i].stream
		return i
	}
	t.used++
	return t.used - 1
}

// remove ends the stream of entry i, if it has one, and forgets the entry.
func (t *Table) remove(i int32, c Cause) {
	if t.entries[i].stream != none {
		t.asked = i
		t.conclude(i, c)
		t.asked = none
	}
	t.drop(i)
}

// drop forgets entry i, and releases its stream.
func (t *Table) drop(i int32) {
	e := &t.entries[i]
	if e.stream != none {
		t.release(i)
	}
	t.dequeue(i)
	hash := e.key.hash(&t.seed)
	if e.marks&apart != 0 {
		hash = apartHash(hash, e.network[0])
		t.apart--
	}
	t.index.del(hash, i)
	e.class, e.stream = unused, t.free
	t.free = i
}

// conclude gives the consumer what waits behind holes, and then the end. A cause in the
// packets takes precedence over c, which is the table's.
func (t *Table) conclude(i int32, c Cause) {
	e, s := &t.entries[i], t.streams[t.entries[i].stream]
	for d := range s.half {
		if s.conclude(Dir(d)) == Settled {
			return
		}
	}
	switch {
	case e.flags&rstSeen != 0:
		c = Reset
	case e.has(finSeen, fromLow) || e.has(finSeen, fromHigh):
		c = Closed
	}
	s.consumer.End(c)
}

// place puts a stream into t.streams, for entries have no pointers, and returns its
// index.
func (t *Table) place(s *Stream) int32 {
	if n := len(t.freeStreams); n > 0 {
		i := t.freeStreams[n-1]
		t.freeStreams = t.freeStreams[:n-1]
		t.streams[i] = s
		return i
	}
	t.streams = append(t.streams, s)
	return int32(len(t.streams) - 1)
}

// release takes the stream from entry i.
func (t *Table) release(i int32) {
	e := &t.entries[i]
	s := t.streams[e.stream]
	t.stats.Bytes -= int(s.counted)
	s.reset()
	t.streams[e.stream] = nil
	t.freeStreams = append(t.freeStreams, e.stream)
	e.stream = none
}

// hear notes the first packet of a direction, and the first that acknowledges
// something.
func (t *Table) hear(i int32, d Dir, p *decode.Packet) {
	e, n := &t.entries[i], &t.numbers[i]
	if !e.marked(heard, d) {
		e.mark(heard, d)
		if !e.has(synSeen, d) {
			n.first[d.Index()] = p.Seq
		}
	}
	if p.Flags&decode.ACK == 0 {
		return
	}
	e.mark(acked, d)
	n.ack[d.Index()] = p.Ack
	if o := d.Other(); e.has(synSeen, o) && within(p.Ack, n.first[o.Index()], maxOpening) {
		e.mark(confirmed, o)
		if e.stream != none {
			t.streams[e.stream].half[o.Index()].flags |= acknowledged
		}
	}
}

func (e *entry) has(flag uint8, d Dir) bool { return e.flags&(flag<<d.Index()) != 0 }

func (e *entry) set(flag uint8, d Dir) { e.flags |= flag << d.Index() }

func (e *entry) marked(mark uint8, d Dir) bool { return e.marks&(mark<<d.Index()) != 0 }

func (e *entry) mark(mark uint8, d Dir) { e.marks |= mark << d.Index() }

// guarantorBits are the bits of entry.origin that hold the guarantor.
const guarantorBits = 2

func (e *entry) guarantor() guarantor { return guarantor(e.origin & (1<<guarantorBits - 1)) }

func (e *entry) odd() decode.Anomaly { return decode.Anomaly(e.origin >> guarantorBits) }

func (e *entry) noteOdd(a decode.Anomaly) { e.origin |= uint8(a) << guarantorBits }

func (e *entry) opener() (o Opener) {
	o.Greeted = [2]bool{e.has(synSeen, fromLow), e.has(synSeen, fromHigh)}
	switch {
	case e.has(openerIs, fromLow):
		o.Dir, o.Known = fromLow, true
	case e.has(openerIs, fromHigh):
		o.Dir, o.Known = fromHigh, true
	}
	o.Odd = e.odd()
	return o
}

// strays reports whether the packet's bytes are far from those that its direction sent
// last: a receive window of 64 KiB or more. jump: they are farther than any window of
// the first round trips.
func (e *entry) strays(d Dir, p *decode.Packet) (is, jump bool) {
	step := uint16(p.Seq>>16) - e.recent[d.Index()]
	if step+1 <= 2 || !e.marked(heard, d) {
		return false, false
	}
	const near = window >> 16
	return true, step+near > 2*near
}

// within reports whether number is from, or at most size after it.
func within(number, from uint32, size int) bool {
	n := distance(number, from)
	return n >= 0 && n <= size
}
