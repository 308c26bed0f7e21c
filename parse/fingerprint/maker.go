package fingerprint

import (
	"github.com/dreadl0ck/tlsx"

	"tlsfloor/parse"
	"tlsfloor/parse/cache"
)

// Client are the fingerprints of a ClientHello. All are empty for one in SSLv2
// format, for which no fingerprint is defined.
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

// Maker computes fingerprints. The strings that it returns are not changed later.
// One hello takes microseconds, so callers remember the results in a Memory. A Maker
// is for one goroutine.
//
// It remembers JA4s itself. Chrome permutes its extensions in each connection: each
// has another JA3, but all have the same JA4.
type Maker struct {
	ja4s Memory[string]

	// Scratch space, kept between calls.
	key             []byte
	sorted, numbers []uint16
	text            []byte
	hello           tlsx.ClientHelloBasic
	answer          tlsx.ServerHelloBasic
}

// NewMaker makes a Maker.
func NewMaker() *Maker {
	return &Maker{ja4s: NewMemory[string](DefaultLimit)}
}

// Remember sets how many JA4s are remembered, in place of DefaultLimit. It forgets
// all that are.
func (m *Maker) Remember(limit int) { m.ja4s = NewMemory[string](limit) }

// Client returns the fingerprints of h.
func (m *Maker) Client(h *parse.ClientHello) Client {
	if h.SSLv2Format {
		return Client{}
	}
	full := m.ja3(h)
	return Client{JA3: md5Hex(full), JA3Full: string(full), JA4: m.ja4(h)}
}

// Server returns the fingerprints of h.
func (m *Maker) Server(h *parse.ServerHello) Server {
	full := m.ja3s(h)
	return Server{JA3S: md5Hex(full), JA3SFull: string(full)}
}

// DefaultLimit is the number of keys that a Memory remembers by default. A network
// has some hundreds of different clients.
const DefaultLimit = 4096

// maxKey is the longest key that is remembered, in bytes. Those of clients have some
// 150. Without the bound, an attacker who sends a hello of 64 kB a few thousand
// times, each with another byte changed, would fill the memory.
const maxKey = 1024

// Memory remembers a value for each key of a hello: see AppendClientKey.
type Memory[V any] struct{ made cache.Cache[string, V] }

// NewMemory makes a Memory for at most limit keys.
func NewMemory[V any](limit int) Memory[V] { return Memory[V]{cache.New[string, V](limit)} }

// Get returns the value of key, if it is remembered.
func (m *Memory[V]) Get(key []byte) (value V, ok bool) { return cache.GetBytes(&m.made, key) }

// Put remembers value, unless key is too long. It does not keep key.
func (m *Memory[V]) Put(key []byte, value V) (remembered bool) {
	if len(key) > maxKey {
		return false
	}
	m.made.Put(string(key), value)
	return true
}
