package names

import "math/bits"

// fair is a bounded table in which a flood of new entries does not push out all
// others. It has three parts, each with its own bounds of entries and bytes:
//
//   - fresh has the entries that came last. When it is full, its oldest leave.
//   - first has entries that left fresh while first had room. An entry stays until
//     it has not come for staleAfter. A flood does not push these out.
//   - known has entries that were used, or came again after earnedAfter. When it has
//     too many entries, its oldest go back to fresh. When it has too many bytes, its
//     heaviest entries have to shrink, so that a few large entries do not push out
//     many small ones.
//
// A flood of entries that come once replaces those in fresh, and fills first if that
// had room. A flood of entries that come twice replaces those in known. Entries from
// before the flood stay in first. Without a flood, fresh and known together behave
// like a table that drops its oldest entries.
type fair[V any] struct {
	index index
	nodes []fairNode[V]
	free  int32 // the first of the unused nodes, linked by newer
	moves uint64
	parts [numParts]part
}

const (
	// earnedAfter is the time after which an entry that comes again goes to known, in
	// nanoseconds. Before that it may be part of one burst: clients ask for A, AAAA
	// and HTTPS at once.
	earnedAfter = 10 * int64(1e9)
	// staleAfter is how long first keeps an entry that does not come, in nanoseconds.
	staleAfter = int64(defaultGrace)
)

type partName uint8

const (
	fresh partName = iota
	first
	known
	numParts
)

// room is a number of entries and of bytes.
type room struct{ entries, bytes int }

type part struct {
	room, held room
	queues     [numWeights]queue
}

// queue has the entries of a part in one class of weight, in the order in which they
// were moved last.
type queue struct{ oldest, newest int32 }

// numWeights is the number of classes of weight. The highest is for 2 MiB and more.
const numWeights = 16

// weightOf returns the class of a weight in bytes. Each class is twice as heavy as the
// one before.
func weightOf(bytes int32) int { return min(bits.Len32(uint32(bytes)>>7), numWeights-1) }

type fairNode[V any] struct {
	key          place
	value        V
	since        int64  // when it first came, in nanoseconds
	last         int64  // when it last came
	moved        uint64 // number of the move that put it into its part
	bytes        int32
	older, newer int32
	part         partName
	firm         bool // it may go to first
}

// newFair returns an empty table with the given bounds: a quarter each for fresh and
// first, half for known.
func newFair[V any](r room) fair[V] {
	f := fair[V]{index: newIndex(), free: none}
	for name := range f.parts {
		p := &f.parts[name]
		p.room = room{r.entries / 4, r.bytes / 4}
		for q := range p.queues {
			p.queues[q] = queue{none, none}
		}
	}
	f.parts[known].room = room{r.entries / 2, r.bytes / 2}
	return f
}

func (f *fair[V]) len() int { return f.index.used }

// held returns the entries and bytes of all parts.
func (f *fair[V]) held() (r room) {
	for name := range f.parts {
		r.entries += f.parts[name].held.entries
		r.bytes += f.parts[name].held.bytes
	}
	return r
}

// find returns the entry of key, or none.
func (f *fair[V]) find(key place) int32 { return f.hashed(&key, f.index.place(&key)) }

func (f *fair[V]) hashed(key *place, hash uint32) int32 {
	for at := f.index.home(hash); ; at = f.index.after(at) {
		s := f.index.slots[at]
		if s.entry == 0 {
			return none
		}
		if s.hash == hash && f.nodes[s.entry-1].key == *key {
			return s.entry - 1
		}
	}
}

// value returns the value of entry i. The pointer is valid until the next come.
func (f *fair[V]) value(i int32) *V { return &f.nodes[i].value }

// come returns the entry of key, and notes that it has come at a time. A new entry
// weighs the given bytes. The caller has to handle excess afterwards.
func (f *fair[V]) come(now int64, key place, bytes int32, firm bool) (i int32, isNew bool) {
	hash := f.index.place(&key)
	i = f.hashed(&key, hash)
	if i == none {
		i = f.enter(fairNode[V]{key: key, since: now, last: now, bytes: bytes, firm: firm})
		f.index.add(hash, i)
		return i, true
	}
	n := &f.nodes[i]
	n.last, n.firm = now, n.firm || firm
	to := n.part
	if now-n.since >= earnedAfter {
		to = known
	}
	f.move(i, to)
	return i, false
}

// use notes that entry i was used. The caller has to handle excess afterwards.
func (f *fair[V]) use(i int32) { f.move(i, known) }

// weigh adds to the weight of entry i. The caller has to handle excess afterwards.
func (f *fair[V]) weigh(i, bytes int32) {
	n := &f.nodes[i]
	p := &f.parts[n.part]
	was := weightOf(n.bytes)
	n.bytes += bytes
	p.held.bytes += int(bytes)
	if is := weightOf(n.bytes); is != was {
		f.unlink(i, was)
		f.link(i, is)
	}
}

// excess returns an entry of a part that is over its bounds. The caller has to remove
// it if all is true, or else to reduce its weight, and to call excess again until it
// returns none.
func (f *fair[V]) excess(now int64) (i int32, all bool) {
	for {
		switch {
		case f.parts[known].held.entries > f.parts[known].room.entries:
			f.demote(now, f.oldest(known))
		case f.parts[known].over():
			return f.heaviest(known), false
		case f.parts[first].over():
			return f.heaviest(first), false
		case !f.parts[fresh].over():
			return none, false
		default:
			i := f.oldest(fresh)
			if leaves := f.admit(now, i); leaves != none {
				return leaves, true
			}
		}
	}
}

func (p *part) over() bool {
	return p.held.entries > p.room.entries || p.held.bytes > p.room.bytes
}

// admit moves entry i from fresh to first, or returns the entry that has to be
// removed: i, or one in first that has not come for staleAfter.
func (f *fair[V]) admit(now int64, i int32) (leaves int32) {
	p := &f.parts[first]
	switch {
	case !f.nodes[i].firm:
		return i
	case p.held.entries < p.room.entries && p.held.bytes+int(f.nodes[i].bytes) <= p.room.bytes:
		f.move(i, first)
		return none
	}
	if old := f.oldest(first); old != none && now-f.nodes[old].last >= staleAfter {
		return old
	}
	return i
}

// demote moves entry i back to fresh, as if it had come now for the first time.
func (f *fair[V]) demote(now int64, i int32) {
	f.nodes[i].since = now
	f.move(i, fresh)
}

// remove removes entry i.
func (f *fair[V]) remove(i int32) {
	n := &f.nodes[i]
	f.leave(i)
	f.index.remove(f.index.place(&n.key), i)
	*n = fairNode[V]{newer: f.free}
	f.free = i
}

// enter adds a new entry to fresh.
func (f *fair[V]) enter(n fairNode[V]) int32 {
	i := f.free
	if i == none {
		i = int32(len(f.nodes))
		f.nodes = append(f.nodes, n)
	} else {
		f.free = f.nodes[i].newer
		f.nodes[i] = n
	}
	f.join(i, fresh)
	return i
}

// move makes entry i the newest of a part.
func (f *fair[V]) move(i int32, to partName) {
	n := &f.nodes[i]
	if n.part == to && n.moved == f.moves {
		return // it is already
	}
	f.leave(i)
	f.join(i, to)
}

func (f *fair[V]) join(i int32, to partName) {
	n := &f.nodes[i]
	f.moves++
	n.part, n.moved = to, f.moves
	p := &f.parts[to]
	p.held.entries++
	p.held.bytes += int(n.bytes)
	f.link(i, weightOf(n.bytes))
}

func (f *fair[V]) leave(i int32) {
	n := &f.nodes[i]
	p := &f.parts[n.part]
	p.held.entries--
	p.held.bytes -= int(n.bytes)
	f.unlink(i, weightOf(n.bytes))
}

// oldest returns the entry of a part that was moved longest ago, or none.
func (f *fair[V]) oldest(of partName) int32 {
	oldest := int32(none)
	for _, q := range f.parts[of].queues {
		if q.oldest != none && (oldest == none || f.nodes[q.oldest].moved < f.nodes[oldest].moved) {
			oldest = q.oldest
		}
	}
	return oldest
}

// heaviest returns the oldest entry in the heaviest class of a part, or none.
func (f *fair[V]) heaviest(of partName) int32 {
	queues := &f.parts[of].queues
	for w := len(queues) - 1; w >= 0; w-- {
		if queues[w].oldest != none {
			return queues[w].oldest
		}
	}
	return none
}

// link puts entry i into its part's queue for a class of weight. It becomes the oldest
// if it was moved before all others, else the newest.
func (f *fair[V]) link(i int32, weight int) {
	n := &f.nodes[i]
	q := &f.parts[n.part].queues[weight]
	switch {
	case q.oldest == none:
		n.older, n.newer = none, none
		q.oldest, q.newest = i, i
	case n.moved < f.nodes[q.oldest].moved:
		n.older, n.newer = none, q.oldest
		f.nodes[q.oldest].older = i
		q.oldest = i
	default:
		n.older, n.newer = q.newest, none
		f.nodes[q.newest].newer = i
		q.newest = i
	}
}

func (f *fair[V]) unlink(i int32, weight int) {
	n := &f.nodes[i]
	q := &f.parts[n.part].queues[weight]
	if n.older == none {
		q.oldest = n.newer
	} else {
		f.nodes[n.older].newer = n.newer
	}
	if n.newer == none {
		q.newest = n.older
	} else {
		f.nodes[n.newer].older = n.older
	}
}
