package flow

import "tlsfloor/capture/decode"

// maxTwins bounds the entries with the same addresses and ports that a packet is compared
// with. An attacker can make any number of networks with tunnels. Entries beyond the
// bound are found by their network alone.
const maxTwins = 8

// maxOpening is how many bytes may come with a SYN (RFC 7413), and be acknowledged by its
// answer.
const maxOpening = 1 << 16

// twins are entries with the same addresses and ports.
type twins struct {
	entries [maxTwins]int32
	n       int
}

// twinsOf lists the entries with a key.
func (t *Table) twinsOf(k *key, hash uint32) (w twins) {
	for at := hash & t.index.mask; t.index.slots[at].entry != 0; at = (at + 1) & t.index.mask {
		s := t.index.slots[at]
		if s.hash != hash || !t.entries[s.entry-1].key.equal(k) || t.entries[s.entry-1].marks&apart != 0 {
			continue
		}
		w.entries[w.n] = s.entry - 1
		if w.n++; w.n == maxTwins {
			break
		}
	}
	return w
}

// entryFor returns the entry to which a packet belongs, among those with its addresses and
// ports, or none if the packet begins another connection. It is for packets that find
// does not decide.
//
// Tags alone decide nothing. A connection may have another tag in each direction, or
// change it on the way, and two networks may use the same addresses and ports at the same
// time. What distinguishes them is which numbers acknowledge which. But packets with a
// guarantor only belong to entries with the same one: that end knows the numbers of all
// its connections, and could otherwise insert bytes as the other end's.
func (t *Table) entryFor(k *key, hash uint32, d Dir, network uint32, p *decode.Packet) int32 {
	if t.apart > 0 {
		if i := t.findApart(k, apartHash(hash, network), network); i != none {
			return i
		}
	}
	w, by := t.twinsOf(k, hash), guarantorOf(p, d)
	best, rank := none, unlikely
	for _, i := range w.entries[:w.n] {
		// Of two that are equally likely, the one whose class changed last: this does
		// not depend on the seed.
		r := t.rank(i, d, network, by, p)
		if r > rank || best != none && r == rank && int32(t.entries[i].ticket-t.entries[best].ticket) > 0 {
			best, rank = i, r
		}
	}
	if best != none {
		t.entries[best].network[d.Index()] = network
	}
	return best
}

// How likely it is that a packet belongs to an entry, in ascending order.
const (
	unlikely    = iota
	contradicts // the same network, but the numbers do not fit
	continues   // another network, and it has the next bytes of the direction
	silent      // the same network, and no number contradicts it
	fits        // another network, and it answers the other direction
	answers     // the same network, and it answers the other direction
	known       // the same network as earlier packets of the direction
)

func (t *Table) rank(i int32, d Dir, network uint32, by guarantor, p *decode.Packet) int {
	e := &t.entries[i]
	if e.guarantor() != by {
		return unlikely
	}
	same := e.network[d.Index()] == network
	if e.marked(heard, d) {
		strays, _ := e.strays(d, p)
		switch {
		case !same && p.Flags&decode.SYN == 0 && t.goesOn(i, d, p):
			return continues
		case !same:
			return unlikely
		case p.Flags&decode.SYN != 0 && !t.opens(i, d, p), strays:
			return contradicts
		}
		return known
	}
	yes, no := t.acknowledges(i, d, p)
	switch {
	case same && yes:
		return answers
	case same && no:
		return contradicts
	case same:
		return silent
	case yes:
		return fits
	}
	return unlikely
}

// acknowledges compares a packet with what the other direction of entry i has sent. yes:
// it answers that. no: it answers something else. Neither is true if there is nothing to
// compare.
func (t *Table) acknowledges(i int32, d Dir, p *decode.Packet) (yes, no bool) {
	e, n, o := &t.entries[i], &t.numbers[i], d.Other()
	seq := p.Seq
	if p.Flags&decode.SYN != 0 {
		seq++
	}
	if p.Flags&decode.ACK != 0 {
		back, ahead := 0, window
		switch {
		case !e.has(synSeen, o):
			back = window
		case p.Flags&decode.SYN != 0:
			ahead = maxOpening
		}
		if a := distance(p.Ack, n.first[o.Index()]); a < -back || a > ahead {
			return false, true
		}
		yes = true
	}
	if e.marked(acked, o) {
		if a := distance(seq, n.ack[o.Index()]); a < -window || a > window || p.Flags&decode.SYN != 0 && a > 0 {
			return false, true
		}
		yes = true
	}
	return yes, false
}

// opens reports whether a SYN is one of those that opened entry i.
func (t *Table) opens(i int32, d Dir, p *decode.Packet) bool {
	if p.Flags&decode.ACK != 0 {
		_, no := t.acknowledges(i, d, p)
		return !no
	}
	return t.entries[i].has(synSeen, d) && p.Seq+1 == t.numbers[i].first[d.Index()]
}

// goesOn reports whether a packet has the bytes that are expected next in a direction, or
// slightly later ones. A copy of earlier bytes does not count: a connection that is also
// captured at another place has its own entry for that.
func (t *Table) goesOn(i int32, d Dir, p *decode.Packet) bool {
	e, n, o := &t.entries[i], &t.numbers[i], d.Other()
	switch {
	case p.Flags&decode.ACK == 0,
		e.marked(heard, o) && !near(p.Ack, n.first[o.Index()]),
		e.marked(acked, d) && !near(p.Ack, n.ack[d.Index()]):
		return false
	case e.stream == none:
		return e.class == embryonic && within(p.Seq, n.first[d.Index()], maxGap)
	}
	h := &t.streams[e.stream].half[d.Index()]
	return h.is(synced) && within(p.Seq, h.next, maxGap)
}

// maxGap is how many bytes may be missing when a connection goes on with another tag.
const maxGap = 1 << 16

func near(a, b uint32) bool {
	n := distance(a, b)
	return n >= -window && n <= window
}

// twin marks entry i, and all entries with its addresses and ports, if there are any. It
// returns the hash for the index.
func (t *Table) twin(i int32, k *key, hash, network uint32) uint32 {
	w := t.twinsOf(k, hash)
	if w.n == 0 {
		return hash
	}
	t.entries[i].marks |= hasTwin
	for _, j := range w.entries[:w.n] {
		t.entries[j].marks |= hasTwin
	}
	if w.n < maxTwins {
		return hash
	}
	t.entries[i].marks |= apart
	t.apart++
	return apartHash(hash, network)
}

// apartHash is the hash of an entry beyond maxTwins.
func apartHash(hash, network uint32) uint32 { return hash ^ network | 1 }

// findApart finds an entry beyond maxTwins.
func (t *Table) findApart(k *key, hash, network uint32) int32 {
	for at := hash & t.index.mask; t.index.slots[at].entry != 0; at = (at + 1) & t.index.mask {
		s := t.index.slots[at]
		if e := &t.entries[max(s.entry-1, 0)]; s.hash == hash && e.marks&apart != 0 && e.network[0] == network && e.key.equal(k) {
			return s.entry - 1
		}
	}
	return none
}

// Digest identifies what the client and the server of a connection have said; 0: nothing
// yet. Two that are equal stand for the same bytes, except by chance: once in 2^32 for the
// client's, and for the server's.
type Digest struct{ Client, Server uint32 }

// Covers reports whether d agrees with o and lacks nothing that o has.
func (d Digest) Covers(o Digest) bool {
	return d.Agrees(o) && (o.Client == 0 || d.Client != 0) && (o.Server == 0 || d.Server != 0)
}

// Agrees reports whether d and o may come from the same connection.
func (d Digest) Agrees(o Digest) bool {
	client, server := d.Client == o.Client, d.Server == o.Server
	return (client || d.Client == 0 || o.Client == 0) && (server || d.Server == 0 || o.Server == 0) &&
		(client && d.Client != 0 || server && d.Server != 0)
}

// Same is for a Consumer that is about to report its connection, the one whose Consumer
// the Table is calling. It compares said, the digest of that connection, with those of entries with the same addresses and ports in
// other networks, and remembers it. A mirror port beside the wire itself, or a VXLAN
// device beside the one below it, shows a connection twice.
//
// reported: the same was reported before, or will be by a consumer that has seen more.
// copies are the consumers of followed connections that agree with said so far.
func (t *Table) Same(said Digest) (reported bool, copies []Consumer) {
	i := t.asked
	if i == none || t.entries[i].marks&hasTwin == 0 {
		if i != none {
			t.numbers[i].said = said
		}
		return false, nil
	}
	e := &t.entries[i]
	reported = t.numbers[i].said.Covers(said)
	w := t.twinsOf(&e.key, e.key.hash(&t.seed))
	for _, j := range w.entries[:w.n] {
		s := t.entries[j].stream
		switch {
		case j == i:
		case s == none:
			reported = reported || t.numbers[j].said.Covers(said)
		case t.streams[s].consumer.Said().Agrees(said):
			c := t.streams[s].consumer
			reported = reported || c.Said() != said && c.Said().Covers(said)
			copies = append(copies, c)
		}
	}
	t.numbers[i].said = said
	if !reported {
		// When a twin is about to be reported, this entry may be gone.
		for _, j := range w.entries[:w.n] {
			if t.entries[j].stream != none {
				t.numbers[j].said = said
			}
		}
	}
	return reported, copies
}
