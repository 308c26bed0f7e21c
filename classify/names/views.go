package names

// views has the names of addresses in the answers to each client. A pair is a client
// and an address that it was given. A client that asks without end, or is made to look
// so, loses its own names only: see fair.
type views struct {
	clients fair[view]
	index   index
	pairs   []pair
	free    int32 // the first of the unused pairs, linked by newer
	most    int   // pairs that one client may have
	evicted uint64
	texts   *texts
}

// place is an address in a network.
type place struct {
	network Network
	addr    addr
}

// view has the pairs of one client, from the oldest to the newest.
type view struct {
	oldest, newest int32
	count          int32
	asked          bool // the question of one of its answers was seen
}

type pairKey struct {
	client int32
	server addr
}

// pair has no pointers: see texts.
type pair struct {
	server       addr
	expires      int64 // packet time in nanoseconds
	client       int32
	name         int32
	older, newer int32
	solicited    bool // the question was seen
}

// clientCost and pairCost are the memory of a client and a pair, in bytes, with their
// entries in the indices and the spare capacity of slices.
const (
	clientCost = 224
	pairCost   = 128
)

func newViews(r room, most int, t *texts) views {
	return views{clients: newFair[view](r), index: newIndex(), free: none, most: most, texts: t}
}

// told returns the name of server in an answer to client that has not expired.
func (v *views) told(now int64, client place, server addr) (name string, ok bool) {
	c := v.clients.find(client)
	if c == none {
		return "", false
	}
	i := v.find(pairKey{c, server})
	if i == none || now > v.pairs[i].expires {
		return "", false
	}
	v.clients.use(c)
	v.bound(now)
	return v.texts.name(v.pairs[i].name), true
}

// asked reports whether client got an answer to a question that was seen.
func (v *views) asked(client place) bool {
	c := v.clients.find(client)
	return c != none && v.clients.value(c).asked
}

// of returns the number of client's view, for learn. firm tells that it may be kept
// during a flood.
func (v *views) of(now int64, client place, solicited, firm bool) int32 {
	c, isNew := v.clients.come(now, client, clientCost, firm)
	w := v.clients.value(c)
	if isNew {
		w.oldest, w.newest = none, none
	}
	w.asked = w.asked || solicited
	return c
}

// learn keeps a pair of client c, and returns the bytes that it adds to the client's
// weight. grew has to be called with their sum.
func (v *views) learn(now int64, c int32, server addr, e entry) (bytes int32) {
	key := pairKey{c, server}
	i := v.find(key)
	isNew := i == none
	if isNew {
		i, bytes = v.enter(key), pairCost
	} else if old := &v.pairs[i]; old.solicited && !e.solicited && now <= old.expires {
		return 0
	}
	p, w := &v.pairs[i], v.clients.value(c)
	if p.name != e.name {
		bytes += v.texts.cost(e.name) - v.texts.cost(p.name)
		v.texts.use(e.name)
		v.texts.drop(p.name)
		p.name = e.name
	}
	p.expires, p.solicited = e.expires, e.solicited
	if w.newest != i {
		if !isNew {
			v.unlink(w, i)
		}
		v.link(w, i)
	}
	return bytes
}

func (v *views) find(key pairKey) int32 {
	hash := v.index.pair(&key)
	for at := v.index.home(hash); ; at = v.index.after(at) {
		s := v.index.slots[at]
		if s.entry == 0 {
			return none
		}
		if p := &v.pairs[s.entry-1]; s.hash == hash && p.server == key.server && p.client == key.client {
			return s.entry - 1
		}
	}
}

// enter makes a pair, which link adds to its client's order.
func (v *views) enter(key pairKey) int32 {
	made := pair{server: key.server, client: key.client}
	i := v.free
	if i == none {
		i = int32(len(v.pairs))
		v.pairs = append(v.pairs, made)
	} else {
		v.free = v.pairs[i].newer
		v.pairs[i] = made
	}
	v.index.add(v.index.pair(&key), i)
	v.clients.value(key.client).count++
	return i
}

// grew adds to the weight of client c, and removes pairs until all bounds are met.
func (v *views) grew(now int64, c, bytes int32) {
	v.clients.weigh(c, bytes)
	for int(v.clients.value(c).count) > v.most {
		v.forgetOldest(c)
	}
	v.bound(now)
}

// bound removes pairs until the table of clients is within its bounds.
func (v *views) bound(now int64) {
	for c, all := v.clients.excess(now); c != none; c, all = v.clients.excess(now) {
		for w := v.clients.value(c); all && w.count > 1; {
			v.forgetOldest(c)
		}
		if v.clients.value(c).count > 0 {
			v.forgetOldest(c)
		}
		if v.clients.value(c).count == 0 {
			v.clients.remove(c)
		}
	}
}

// forgetOldest removes the oldest pair of client c.
func (v *views) forgetOldest(c int32) {
	w := v.clients.value(c)
	i := w.oldest
	p := &v.pairs[i]
	v.unlink(w, i)
	w.count--
	v.evicted++
	v.clients.weigh(c, -pairCost-v.texts.cost(p.name))
	v.texts.drop(p.name)
	v.index.remove(v.index.pair(&pairKey{c, p.server}), i)
	*p = pair{newer: v.free}
	v.free = i
}

// link makes pair i the newest of w.
func (v *views) link(w *view, i int32) {
	p := &v.pairs[i]
	p.older, p.newer = w.newest, none
	if w.newest == none {
		w.oldest = i
	} else {
		v.pairs[w.newest].newer = i
	}
	w.newest = i
}

func (v *views) unlink(w *view, i int32) {
	p := &v.pairs[i]
	if p.older == none {
		w.oldest = p.newer
	} else {
		v.pairs[p.older].newer = p.newer
	}
	if p.newer == none {
		w.newest = p.older
	} else {
		v.pairs[p.newer].older = p.older
	}
}
