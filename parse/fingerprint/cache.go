package fingerprint

import (
	"github.com/dreadl0ck/tlsx"

	"tlsfloor/parse"
)

// DefaultLimit is the number of fingerprints of each kind that a Cache
// remembers when not told otherwise.
const DefaultLimit = 4096

// maxKey is the longest key that is remembered, in bytes. Clients need some
// 150; a hello of 64 kB, sent a few thousand times with one byte changed,
// would fill memory.
const maxKey = 1024

// Client are the fingerprints of a ClientHello. All are empty for one in SSLv2
// format, for which none is defined.
type Client struct {
	JA3     string // lower-case MD5 of JA3Full
	JA3Full string
	JA4     string
}

// Server are the fingerprints of a ServerHello.
type Server struct {
	JA3S     string // lower-case MD5 of JA3SFull
	JA3SFull string
}

// Protocol is what carries the hellos: the first letter of a JA4.
type Protocol byte

// The protocols.
const (
	TLS  Protocol = 't'
	DTLS Protocol = 'd'
	QUIC Protocol = 'q'
)

// Cache computes fingerprints and remembers them. What it returns owns its
// memory. A Cache is used by one goroutine.
//
// The keys are all the bytes that a fingerprint depends on, and are compared
// in full: with a mere hash of them, whoever finds a collision could pass for
// another client. Permuting the extensions, as Chrome does for each
// connection, makes a JA3 of its own each time, but finds the JA4 remembered.
type Cache struct {
	// Protocol is the first letter of JA4s: TLS unless changed.
	Protocol Protocol

	clients memory[Client]
	ja4s    memory[string]
	servers memory[Server]

	// Scratch space, kept between calls.
	key, ja4Key     []byte
	sorted, numbers []uint16
	text            []byte
	hello           tlsx.ClientHelloBasic
	answer          tlsx.ServerHelloBasic
}

// NewCache makes a Cache for TLS over TCP that remembers at most limit
// fingerprints of each kind; 0 means DefaultLimit.
func NewCache(limit int) *Cache {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Cache{
		Protocol: TLS,
		clients:  newMemory[Client](limit),
		ja4s:     newMemory[string](limit),
		servers:  newMemory[Server](limit),
	}
}

// Client returns the fingerprints of h, without allocating when they are
// remembered.
func (c *Cache) Client(h *parse.ClientHello) Client {
	if h.SSLv2Format {
		return Client{}
	}
	c.key = appendClientKey(c.key[:0], c.Protocol, h)
	if found, ok := c.clients.get(c.key); ok {
		return found
	}
	full := c.ja3(h)
	made := Client{JA3: md5Hex(full), JA3Full: string(full), JA4: c.ja4(h)}
	c.clients.put(c.key, made)
	return made
}

// Server returns the fingerprints of h, without allocating when they are
// remembered.
func (c *Cache) Server(h *parse.ServerHello) Server {
	c.key = appendServerKey(c.key[:0], h)
	if found, ok := c.servers.get(c.key); ok {
		return found
	}
	full := c.ja3s(h)
	made := Server{JA3S: md5Hex(full), JA3SFull: string(full)}
	c.servers.put(c.key, made)
	return made
}
