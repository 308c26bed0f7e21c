package flow

import "tlsfloor/capture/decode"

// entry is what every packet of a connection looks at. It has no pointer (see
// key), and is one cache line: finding a settled connection among many costs
// one miss here and one in the index.
type entry struct {
	key     key
	network [2]uint32 // by direction: see seed.networkOf; of one not heard yet, the other's
	ticket  uint32    // of its place in the queue of its class
	stream  int32     // index in Table.streams, or none; of a free entry: the next free one
	recent  [2]uint16 // by direction: the upper half of the last sequence number
	flags   uint8
	class   class
	marks   uint8
	origin  uint8 // the teller, and above it what was odd about fragments of its packets
}

// numbers are the sequence numbers of the entry with the same index. Only the
// first packets of each direction, and those that begin and end a connection,
// look at them.
type numbers struct {
	first [2]uint32 // by direction: of the first byte, if synSeen; else of the first segment heard
	ack   [2]uint32 // by direction: what its first segment acknowledged, if acked
	fin   [2]uint32 // by direction: behind the FIN, if finSeen
	said  Digest    // see Table.Same
}

// Flags of an entry; the ones with a direction are shifted by it.
const (
	synSeen  = 1 << 0 // 1<<1 for FromHi
	finSeen  = 1 << 2 // 1<<3 for FromHi
	openerIs = 1 << 4 // 1<<5 for FromHi
	rstSeen  = 1 << 6
	decided  = 1 << 7 // nobody wants to follow it, or not any more
)

// Marks of an entry; the ones with a direction are shifted by it.
const (
	heard     = 1 << 0 // 1<<1 for FromHi: a packet of the direction came
	acked     = 1 << 2 // 1<<3 for FromHi: and it acknowledged something
	confirmed = 1 << 4 // 1<<5 for FromHi: the other end acknowledged the direction's SYN
	hasTwin   = 1 << 6 // another entry has the same addresses and ports
	apart     = 1 << 7 // indexed by its network, too: see maxTwins
)

func (e *entry) has(flag uint8, d Dir) bool { return e.flags&(flag<<d.Index()) != 0 }

func (e *entry) set(flag uint8, d Dir) { e.flags |= flag << d.Index() }

func (e *entry) marked(mark uint8, d Dir) bool { return e.marks&(mark<<d.Index()) != 0 }

func (e *entry) mark(mark uint8, d Dir) { e.marks |= mark << d.Index() }

// tellerBits are the bits of entry.origin that hold the teller.
const tellerBits = 2

func (e *entry) teller() teller { return teller(e.origin & (1<<tellerBits - 1)) }

func (e *entry) odd() decode.Anomaly { return decode.Anomaly(e.origin >> tellerBits) }

func (e *entry) noteOdd(a decode.Anomaly) { e.origin |= uint8(a) << tellerBits }

func (e *entry) opener() (o Opener) {
	o.Greeted = [2]bool{e.has(synSeen, FromLo), e.has(synSeen, FromHi)}
	switch {
	case e.has(openerIs, FromLo):
		o.Dir, o.Known = FromLo, true
	case e.has(openerIs, FromHi):
		o.Dir, o.Known = FromHi, true
	}
	o.Odd = e.odd()
	return o
}

// strays reports whether the packet's bytes are far from those that its
// direction sent last: a receive window of 64 KiB or more. jump says that they
// are farther than any window of the first round trips.
func (e *entry) strays(d Dir, p *decode.Packet) (is, jump bool) {
	step := uint16(p.Seq>>16) - e.recent[d.Index()]
	if step+1 <= 2 || !e.marked(heard, d) {
		return false, false
	}
	const near = window >> 16
	return true, step+near > 2*near
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
			t.streams[e.stream].half[o.Index()].flags |= believed
		}
	}
}

// within reports whether number lies at most size behind from.
func within(number, from uint32, size int) bool {
	n := distance(number, from)
	return n >= 0 && n <= size
}
