package client

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// maxMemo is how many kinds of hello an Identifier remembers. A host sees some
// hundreds; whoever makes up ever new ones costs a look through the table each.
const maxMemo = 4096

// Identifier names software by its hellos. It is used by one goroutine.
type Identifier struct {
	memo   map[memoKey]*classify.Software
	traits traits // used again for each hello
}

// memoKey is all that an answer depends on: JA3 holds version, ciphers,
// extensions and groups in order, JA4 the signature algorithms.
type memoKey struct {
	ja3, ja4 string
	facts    facts
}

// NewIdentifier makes an Identifier that remembers nothing yet.
func NewIdentifier() *Identifier {
	return &Identifier{memo: make(map[memoKey]*classify.Software)}
}

// Hello names the software that h shows; nil: unknown. record is the version
// in the header of its record. ja3 and ja4 are the fingerprints of h, or empty:
// then nothing is remembered. h is borrowed, the result is shared and not to be
// changed. A hello of a kind that is remembered allocates nothing.
func (i *Identifier) Hello(h *parse.ClientHello, record parse.Version, ja3, ja4 string) *classify.Software {
	key := memoKey{ja3, ja4, factsOf(h, record)}
	if ja3 == "" || ja4 == "" {
		return i.judge(h, key)
	}
	s, known := i.memo[key]
	if known {
		return s
	}
	if len(i.memo) >= maxMemo {
		clear(i.memo)
	}
	s = i.judge(h, key)
	i.memo[key] = s
	return s
}

// judge looks through the tables.
func (i *Identifier) judge(h *parse.ClientHello, key memoKey) *classify.Software {
	if s := fingerprints[key.ja3]; s != nil {
		return s
	}
	if s := fingerprints[key.ja4]; s != nil {
		return s
	}
	return i.byTraits(h, key)
}

func (i *Identifier) byTraits(h *parse.ClientHello, key memoKey) *classify.Software {
	if !i.traits.read(h, key.facts) {
		return nil
	}
	for n := range helloRows {
		if r := &helloRows[n]; r.fits(&i.traits) {
			return r.software
		}
	}
	return nil
}
