package emit

import "hash/maphash"

// maxPhrase bounds what is remembered, in bytes: a client's offer has some 400.
const maxPhrase = 2 << 10

// phrases remembers members of events that many events have word for word, by
// what they say: an event is 1.5 kB, of which a kilobyte is so. Each phrase has
// one place, where the last to come stays: texts without end cost what writing
// them does.
type phrases[K comparable] struct {
	seed   maphash.Seed
	places []phrase[K]
}

type phrase[K comparable] struct {
	of   K
	text []byte // an object without its end; empty: none
}

// newPhrases makes room for n phrases, a power of two.
func newPhrases[K comparable](n int) phrases[K] {
	return phrases[K]{maphash.MakeSeed(), make([]phrase[K], n)}
}

// append appends the members that write makes of k. What k says never changes.
func (p *phrases[K]) append(dst []byte, k K, write func([]byte, K) []byte) []byte {
	place := &p.places[int(maphash.Comparable(p.seed, k))&(len(p.places)-1)]
	if place.of != k || len(place.text) == 0 {
		text := write(append(place.text[:0], '{'), k)
		if len(text) > maxPhrase {
			place.text = place.text[:0] // text may have been written over it
			return appendMembers(dst, text)
		}
		place.of, place.text = k, text
	}
	return appendMembers(dst, place.text)
}

// appendMembers appends the members of an object that has no end yet.
func appendMembers(dst, object []byte) []byte {
	if dst[len(dst)-1] != '{' && len(object) > 1 {
		dst = append(dst, ',')
	}
	return append(dst, object[1:]...)
}
