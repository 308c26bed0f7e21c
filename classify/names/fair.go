package names

import "math/bits"

// fair is a table that is fair when it is full: whoever fills it does not
// empty it of others. It has three parts, each with its own room in entries and
// in bytes, and no part takes room from another.
//
//   - fresh holds what came last. The oldest has to leave when there is no more
//     room.
//   - first holds what left fresh while first had room. It stays until it has
//     been silent for staleAfter: a flood of new entries ends behind it.
//   - known holds what was used, or came again after earnedAfter. Its oldest go
//     back to fresh; when its bytes are too many, its heaviest entries give
//     something up, so that a few large ones do not displace many small ones.
//
// So a flood of entries that come once wears out fresh, and fills first if that
// had room; one of entries that come twice wears out known. Who was there
// before is found in first all the same. Between floods fresh and known are what
// a plain table that forgets the oldest would be.
//
// The order is that of the calls, never that of the map.
type fair[V any] struct {
	index index
	nodes []fairNode[V]
	free  int32 // a list through newer
	moves uint64
	parts [numParts]part
}

const (
	// earnedAfter is when an entry that comes again is more than one of a burst,
	// in nanoseconds: clients ask for A, AAAA and HTTPS at once.
	earnedAfter = 10 * int64(1e9)
	// staleAfter is how long first keeps what is silent, in nanoseconds.
	staleAfter = int64(DefaultGrace)
)

type partName uint8

const (
	fresh partName = iota
	first
	known
	numParts
)

// room is an amount of entries and of bytes.
type room struct{ entries, bytes int }

type part struct {
	room, held room
	queues     [numWeights]queue
}

// queue is the entries of a part that weigh about the same, by when they came or
// were used last.
type queue struct{ oldest, newest int32 }

// numWeights is one more than the highest class of weight: of 2 MiB and more.
const numWeights = 16

// weightOf is the class of a weight in bytes: each is twice as heavy as the one
// before.
func weightOf(bytes int32) int { return min(bits.Len32(uint32(bytes)>>7), numWeights-1) }

type fairNode[V any] struct {
	key          place
	value        V
	since        int64  // when it came, in nanoseconds
	last         int64  // when it came last
	moved        uint64 // its place in the order of the part
	bytes        int32
	older, newer int32
	part         partName
	firm         bool // it may go to first
}

// newFair returns an empty table with a room in all: a quarter each for fresh
// and first, half for known.
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

// held is what all parts hold.
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

// value returns the value of entry i. The pointer is good until the next come.
func (f *fair[V]) value(i int32) *V { return &f.nodes[i].value }

// come returns the entry of key, which comes, or comes again, at a time; a new
// one weighs bytes. The caller has to serve excess afterwards.
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

// use notes that entry i was of use. The caller has to serve excess afterwards.
func (f *fair[V]) use(i int32) { f.move(i, known) }

// weigh adds to the weight of entry i. The caller has to serve excess
// afterwards.
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

// excess returns an entry that has to give up something, because its part has
// no more room: all of it, or some of its weight. It returns none when
// all is well, and has to be called until it does.
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

// admit moves entry i to first, or returns which entry has to leave: i, or one
// of first that has been silent for too long.
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

// demote makes entry i a fresh one, which has to show its worth again.
func (f *fair[V]) demote(now int64, i int32) {
	f.nodes[i].since = now
	f.move(i, fresh)
}

// remove forgets entry i.
func (f *fair[V]) remove(i int32) {
	n := &f.nodes[i]
	f.leave(i)
	f.index.remove(f.index.place(&n.key), i)
	*n = fairNode[V]{newer: f.free}
	f.free = i
}

// enter finds room for a new entry.
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
		return // it is
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

// oldest is the entry of a part that was moved longest ago, or none.
func (f *fair[V]) oldest(of partName) int32 {
	oldest := int32(none)
	for _, q := range f.parts[of].queues {
		if q.oldest != none && (oldest == none || f.nodes[q.oldest].moved < f.nodes[oldest].moved) {
			oldest = q.oldest
		}
	}
	return oldest
}

// heaviest is the oldest of the heaviest class of a part, or none.
func (f *fair[V]) heaviest(of partName) int32 {
	queues := &f.parts[of].queues
	for w := len(queues) - 1; w >= 0; w-- {
		if queues[w].oldest != none {
			return queues[w].oldest
		}
	}
	return none
}

// link puts i into its part's queue for a class of weight: at the end that it
// belongs to by when it was moved, or where it belongs in between, at the end of
// the newest.
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
