package names

// recent is a map that keeps its entries in the order of the last put, so that the
// oldest can be removed.
type recent[K comparable, V any] struct {
	index          map[K]int32
	nodes          []node[K, V]
	oldest, newest int32 // none when empty
	free           int32 // the first of the unused nodes, linked by newer
}

type node[K comparable, V any] struct {
	key          K
	value        V
	older, newer int32
}

const none = -1

func newRecent[K comparable, V any]() recent[K, V] {
	return recent[K, V]{index: map[K]int32{}, oldest: none, newest: none, free: none}
}

func (r *recent[K, V]) len() int { return len(r.index) }

// get returns the value of key, or nil. The pointer is valid until the next put.
func (r *recent[K, V]) get(key K) *V {
	if i, ok := r.index[key]; ok {
		return &r.nodes[i].value
	}
	return nil
}

// put makes key the newest, and returns its value, which is zero for a new key. The
// pointer is valid until the next put.
func (r *recent[K, V]) put(key K) *V {
	i, ok := r.index[key]
	if ok {
		r.unlink(i)
	} else {
		i = r.take(key)
	}
	r.link(i)
	return &r.nodes[i].value
}

// first returns the oldest entry. There must be one.
func (r *recent[K, V]) first() (K, *V) {
	n := &r.nodes[r.oldest]
	return n.key, &n.value
}

// remove removes key, if it is there.
func (r *recent[K, V]) remove(key K) {
	i, ok := r.index[key]
	if !ok {
		return
	}
	r.unlink(i)
	delete(r.index, key)
	r.nodes[i] = node[K, V]{newer: r.free}
	r.free = i
}

// take returns a node for a new key.
func (r *recent[K, V]) take(key K) int32 {
	i := r.free
	if i == none {
		i = int32(len(r.nodes))
		r.nodes = append(r.nodes, node[K, V]{})
	} else {
		r.free = r.nodes[i].newer
	}
	r.nodes[i] = node[K, V]{key: key}
	r.index[key] = i
	return i
}

// link makes node i the newest.
func (r *recent[K, V]) link(i int32) {
	n := &r.nodes[i]
	n.older, n.newer = r.newest, none
	if r.newest == none {
		r.oldest = i
	} else {
		r.nodes[r.newest].newer = i
	}
	r.newest = i
}

// unlink removes node i from the order.
func (r *recent[K, V]) unlink(i int32) {
	n := &r.nodes[i]
	if n.older == none {
		r.oldest = n.newer
	} else {
		r.nodes[n.older].newer = n.newer
	}
	if n.newer == none {
		r.newest = n.older
	} else {
		r.nodes[n.newer].older = n.older
	}
}
