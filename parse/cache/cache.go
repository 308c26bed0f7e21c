// Package cache holds the one kind of cache that the parts of the program use which
// make the same thing of the same input again and again.
package cache

// Cache remembers values by their keys, which it compares in full: with a mere hash
// of them, whoever finds a collision could pass for another client. It serves one
// goroutine at a time.
//
// It forgets by generations: when the young half is full it becomes the old one, and
// what was in the old one and not asked for since is gone. A flood of new keys so
// does not push out those in use.
type Cache[K comparable, V any] struct {
	half       int
	young, old map[K]V
}

// New makes a Cache for at most limit keys.
func New[K comparable, V any](limit int) Cache[K, V] {
	return Cache[K, V]{half: max(limit/2, 1), young: make(map[K]V), old: make(map[K]V)}
}

// Get returns the value of key, if it is remembered.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	if value, ok = c.young[key]; ok {
		return value, true
	}
	if value, ok = c.old[key]; ok {
		c.Put(key, value)
	}
	return value, ok
}

// GetBytes is Get of a key that is not a string yet. It allocates only where the key
// has not been asked for since it became old.
func GetBytes[V any](c *Cache[string, V], key []byte) (value V, ok bool) {
	if value, ok = c.young[string(key)]; ok {
		return value, true
	}
	if value, ok = c.old[string(key)]; ok {
		c.Put(string(key), value)
	}
	return value, ok
}

// Len is the number of keys that are remembered.
func (c *Cache[K, V]) Len() int { return len(c.young) + len(c.old) }

// Put remembers the value of key. To bound the size of both is for the caller.
func (c *Cache[K, V]) Put(key K, value V) {
	if len(c.young) >= c.half {
		clear(c.old)
		c.old, c.young = c.young, c.old
	}
	c.young[key] = value
}
