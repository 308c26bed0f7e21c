package sensor

import "hash/maphash"

const (
	maxInterned = 4096 // strings; a power of two
	maxLength   = 255  // bytes of one: names of hosts fit
)

// interned remembers strings made of bytes: the names that a network asks for
// are few, and making a string of each hello's would be the only allocation
// that a handshake costs which nobody wants to see. Each string has one place,
// where the last to come stays: names without end cost what their strings do.
type interned struct {
	seed   maphash.Seed
	places [maxInterned]string
}

func newInterned() *interned { return &interned{seed: maphash.MakeSeed()} }

// of returns b as a string. The result owns its memory.
func (t *interned) of(b []byte) string {
	if len(b) == 0 || len(b) > maxLength {
		return string(b)
	}
	place := &t.places[maphash.Bytes(t.seed, b)%maxInterned]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}
