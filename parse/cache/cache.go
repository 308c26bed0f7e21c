// Package cache has the cache of results that the program computes again and again
// from the same input.
package cache

// Cache remembers values by their keys. It compares whole keys: if it compared
// hashes, an attacker who finds a collision could pass for another client. It is for
// one goroutine at a time.
//
// It has a young and an old half. When the young half is full it becomes the old
// one, and the keys in the old one that were not asked for since are forgotten. So a
// flood of new keys does not push out those in use.
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

// GetBytes is Get for a key in bytes. It allocates only when the key is in the old
// half.
func GetBytes[V any](c *Cache[string, V], key []byte) (value V, ok bool) {
	if value, ok = c.young[string(key)]; ok {
		return value, true
	}
	if value, ok = c.old[string(key)]; ok {
		c.Put(string(key), value)
	}
	return value, ok
}

// Len returns the number of keys that are remembered.
func (c *Cache[K, V]) Len() int { return len(c.young) + len(c.old) }

// Put remembers the value of key. The caller bounds the size of both.
func (c *Cache[K, V]) Put(key K, value V) {
	if len(c.young) >= c.half {
		clear(c.old)
		c.old, c.young = c.young, c.old
	}
	c.young[key] = value
}
