package flow

import "tlsfloor/capture/decode"

// maxTwins bounds the entries with the same addresses and ports that a packet
// is compared with. In tunnels an attacker can make as many networks as he
// likes: entries past the bound are found by their network alone.
const maxTwins = 8

// maxOpening is how much data may come with a SYN (RFC 7413): what its answer
// may acknowledge beyond it.
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

// belongs returns the entry that a packet belongs to, of those with its
// addresses and ports, when more can be meant than one that has heard its
// direction from its network; none: the packet begins another connection.
//
// Tags decide nothing alone. A connection may carry another tag in each
// direction, or change it on the way, and two networks may use the same
// addresses and ports at the same time. What tells them apart is what
// acknowledges what. But an end that is believed about its own packets only tells
// of connections by itself: it knows the numbers of all that it has, and could
// else put words into the other end's mouth.
func (t *Table) belongs(k *key, hash uint32, d Dir, network uint32, p *decode.Packet) int32 {
	if t.apart > 0 {
		if i := t.findApart(k, apartHash(hash, network), network); i != none {
			return i
		}
	}
	w, by := t.twinsOf(k, hash), tellerOf(p, d)
	best, rank := none, unlikely
	for _, i := range w.entries[:w.n] {
		// Of two that are as likely, the one whose class changed last: an order
		// that the seed has no part in.
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

// How likely a packet belongs to an entry, from less to more.
const (
	unlikely    = iota
	contradicts // its network's, but the numbers do not fit
	continues   // another network's, and it goes on where the direction stands
	silent      // its network's, and no number says otherwise
	fits        // another network's, and it answers what came the other way
	answers     // its network's, and it answers what came the other way
	known       // the direction was heard from its network
)

func (t *Table) rank(i int32, d Dir, network uint32, by teller, p *decode.Packet) int {
	e := &t.entries[i]
	if e.teller() != by {
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

// acknowledges compares a packet with what the other direction of entry i has
// sent: yes, it answers that; no, it answers something else.
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

// opens reports whether a SYN is one that entry i was begun with.
func (t *Table) opens(i int32, d Dir, p *decode.Packet) bool {
	if p.Flags&decode.ACK != 0 {
		_, no := t.acknowledges(i, d, p)
		return !no
	}
	return t.entries[i].has(synSeen, d) && p.Seq+1 == t.numbers[i].first[d.Index()]
}

// goesOn reports whether a packet brings the bytes that are expected next in a
// direction that was heard, or a few later ones. A copy of what came already is
// no such packet: the same connection seen at another place has its own entry.
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

// maxGap is how many bytes may be missing where a connection goes on with
// another tag.
const maxGap = 1 << 16

func near(a, b uint32) bool {
	n := distance(a, b)
	return n >= -window && n <= window
}

// twin notes that entry i has the addresses and ports of others, if it has, and
// returns the hash to find it by.
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

// apartHash is where an entry past maxTwins is found.
func apartHash(hash, network uint32) uint32 { return hash ^ network | 1 }

// findApart finds an entry past maxTwins.
func (t *Table) findApart(k *key, hash, network uint32) int32 {
	for at := hash & t.index.mask; t.index.slots[at].entry != 0; at = (at + 1) & t.index.mask {
		s := t.index.slots[at]
		if e := &t.entries[max(s.entry-1, 0)]; s.hash == hash && e.marks&apart != 0 && e.network[0] == network && e.key.equal(k) {
			return s.entry - 1
		}
	}
	return none
}

// Digest stands for what the client and the server of a connection said; zero
// where nothing was heard of one. Equal digests are equal words, but for chance
// (once in 2^32 for the client's words, and for the server's).
type Digest struct{ Client, Server uint32 }

// covers reports whether a report of d leaves nothing to say about o.
func (d Digest) covers(o Digest) bool {
	return d.agrees(o) && (o.Client == 0 || d.Client != 0) && (o.Server == 0 || d.Server != 0)
}

// agrees reports whether d and o may be two views of one connection.
func (d Digest) agrees(o Digest) bool {
	client, server := d.Client == o.Client, d.Server == o.Server
	return (client || d.Client == 0 || o.Client == 0) && (server || d.Server == 0 || o.Server == 0) &&
		(client && d.Client != 0 || server && d.Server != 0)
}

// Same is for a Consumer that is about to report its connection: it compares
// what was said in it with what was said in others with the same addresses and
// ports, in other networks, and remembers it. A mirror port beside the bare
// wire, or a VXLAN device beside the one below it, shows a connection twice.
//
// It reports whether the same was reported before, or is about to be by a
// consumer that has heard more. copies are the consumers of connections under
// way that agree as far as they have heard.
func (t *Table) Same(said Digest) (reported bool, copies []Consumer) {
	i := t.asked
	if i == none || t.entries[i].marks&hasTwin == 0 {
		if i != none {
			t.numbers[i].said = said
		}
		return false, nil
	}
	e := &t.entries[i]
	reported = t.numbers[i].said.covers(said)
	w := t.twinsOf(&e.key, e.key.hash(&t.seed))
	for _, j := range w.entries[:w.n] {
		s := t.entries[j].stream
		switch {
		case j == i:
		case s == none:
			reported = reported || t.numbers[j].said.covers(said)
		case t.streams[s].consumer.Said().agrees(said):
			c := t.streams[s].consumer
			reported = reported || c.Said() != said && c.Said().covers(said)
			copies = append(copies, c)
		}
	}
	t.numbers[i].said = said
	if !reported {
		// A twin is compared when its turn comes, and this entry may be gone.
		for _, j := range w.entries[:w.n] {
			if t.entries[j].stream != none {
				t.numbers[j].said = said
			}
		}
	}
	return reported, copies
}
