package fingerprint

// memory is a map of at most limit entries. It forgets by generations: when
// the young half is full it becomes the old one, and what was in the old one
// and not asked for since is gone. A stream of new keys so does not push out
// those in use.
type memory[V any] struct {
	half       int
	young, old map[string]V
}

func newMemory[V any](limit int) memory[V] {
	return memory[V]{half: max(limit/2, 1), young: make(map[string]V), old: make(map[string]V)}
}

func (m *memory[V]) get(key []byte) (value V, ok bool) {
	if value, ok = m.young[string(key)]; ok {
		return value, true
	}
	if value, ok = m.old[string(key)]; ok {
		m.put(key, value)
	}
	return value, ok
}

func (m *memory[V]) put(key []byte, value V) {
	if len(key) > maxKey {
		return
	}
	if len(m.young) >= m.half {
		clear(m.old)
		m.old, m.young = m.young, m.old
	}
	m.young[string(key)] = value
}
