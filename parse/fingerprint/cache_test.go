package fingerprint

import "tlsfloor/parse"

// Cache is a Maker that remembers results by their keys. The tests compare it with a
// Maker that does not.
type Cache struct {
	*Maker
	clients Memory[Client]
	servers Memory[Server]
	key     []byte
}

func NewCache(limit int) *Cache {
	c := &Cache{Maker: NewMaker(), clients: NewMemory[Client](limit), servers: NewMemory[Server](limit)}
	c.ja4s = NewMemory[string](limit)
	return c
}

func (c *Cache) Client(h *parse.ClientHello) Client {
	c.key = AppendClientKey(c.key[:0], h)
	return remembered(&c.clients, c.key, func() Client { return c.Maker.Client(h) })
}

func (c *Cache) Server(h *parse.ServerHello) Server {
	c.key = AppendServerKey(c.key[:0], h)
	return remembered(&c.servers, c.key, func() Server { return c.Maker.Server(h) })
}

func remembered[V any](m *Memory[V], key []byte, compute func() V) V {
	known, ok := m.Get(key)
	if !ok {
		known = compute()
		m.Put(key, known)
	}
	return known
}
