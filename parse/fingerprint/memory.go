package fingerprint

import "tlsfloor/parse/cache"

// DefaultLimit is the number of keys that a Memory is to remember where nothing
// else is known: a network has some hundreds of kinds of clients.
const DefaultLimit = 4096

// maxKey is the longest key that is remembered, in bytes. Clients need some
// 150; a hello of 64 kB, sent a few thousand times with one byte changed,
// would fill memory.
const maxKey = 1024

// Memory remembers what was made of hellos, by all their bytes that it was made
// of: see AppendClientKey.
type Memory[V any] struct{ made cache.Cache[string, V] }

// NewMemory makes a Memory for at most limit keys.
func NewMemory[V any](limit int) Memory[V] { return Memory[V]{cache.New[string, V](limit)} }

// Get returns what is remembered of key.
func (m *Memory[V]) Get(key []byte) (value V, ok bool) { return cache.GetBytes(&m.made, key) }

// Put remembers value, unless key is too long. key may be used again.
func (m *Memory[V]) Put(key []byte, value V) (remembered bool) {
	if len(key) > maxKey {
		return false
	}
	m.made.Put(string(key), value)
	return true
}
