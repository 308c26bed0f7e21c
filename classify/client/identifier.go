package client

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Identifier names software by its hellos. It is used by one goroutine. It looks
// through tables each time: whoever sees many hellos had better remember what it
// said of each kind.
type Identifier struct {
	traits traits // used again for each hello
}

// NewIdentifier makes an Identifier.
func NewIdentifier() *Identifier { return new(Identifier) }

// Hello names the software that h shows; nil: unknown. record is the version
// in the header of its record. ja3 and ja4 are the fingerprints of h, or empty.
// h is borrowed, the result is shared and not to be changed. Nothing is
// allocated. What it says depends on what fingerprint.AppendClientKey appends,
// on record, and on whether Greased.
func (i *Identifier) Hello(h *parse.ClientHello, record parse.Version, ja3, ja4 string) *classify.Software {
	if s := fingerprints[ja3]; s != nil {
		return s
	}
	if s := fingerprints[ja4]; s != nil {
		return s
	}
	return i.byTraits(h, record)
}

func (i *Identifier) byTraits(h *parse.ClientHello, record parse.Version) *classify.Software {
	if !i.traits.read(h, factsOf(h, record)) {
		return nil
	}
	for n := range helloRows {
		if r := &helloRows[n]; r.fits(&i.traits) {
			return r.software
		}
	}
	return nil
}
