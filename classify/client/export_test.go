package client

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// MaxList is the bound of lists other than that of ciphers.
const MaxList = maxList

// LooksAt reports whether the lists of h are within the bounds.
func (i *Identifier) LooksAt(h *parse.ClientHello) bool { return i.traits.read(h, 0) }

// ByTraits names the software without the fingerprints.
func (i *Identifier) ByTraits(h *parse.ClientHello, record parse.Version) *classify.Software {
	return i.byTraits(h, record)
}

// Origins returns the origins of the rows, by software.
func Origins() map[*classify.Software]string {
	origins := map[*classify.Software]string{}
	for _, r := range helloRows {
		origins[r.software] = r.origin
	}
	return origins
}
