package fingerprint

// DefaultLimit is the number of keys that a Memory is to remember where nothing
// else is known: a network has some hundreds of kinds of clients.
const DefaultLimit = 4096

// maxKey is the longest key that is remembered, in bytes. Clients need some
// 150; a hello of 64 kB, sent a few thousand times with one byte changed,
// would fill memory.
const maxKey = 1024

// Memory remembers what was made of hellos, by all their bytes that it was made
// of: see AppendClientKey. The keys are compared in full: with a mere hash of
// them, whoever finds a collision could pass for another client.
//
// It forgets by generations: when the young half is full it becomes the old
// one, and what was in the old one and not asked for since is gone. A stream of
// new keys so does not push out those in use.
type Memory[V any] struct {
	half       int
	young, old map[string]V
}

// NewMemory makes a Memory for at most limit keys.
func NewMemory[V any](limit int) Memory[V] {
	return Memory[V]{half: max(limit/2, 1), young: make(map[string]V), old: make(map[string]V)}
}

// Get returns what is remembered of key.
func (m *Memory[V]) Get(key []byte) (value V, ok bool) {
	if value, ok = m.young[string(key)]; ok {
		return value, true
	}
	if value, ok = m.old[string(key)]; ok {
		m.Put(key, value)
	}
	return value, ok
}

// Put remembers value, unless key is too long. key may be used again.
func (m *Memory[V]) Put(key []byte, value V) (remembered bool) {
	if len(key) > maxKey {
		return false
	}
	if len(m.young) >= m.half {
		clear(m.old)
		m.old, m.young = m.young, m.old
	}
	m.young[string(key)] = value
	return true
}
