package sensor

const (
	maxInterned = 4096 // strings
	maxLength   = 255  // bytes of one: names of hosts fit
)

// interned remembers strings made of bytes: the names that a network asks for
// are few, and making a string of each hello's would be the only allocation
// that a handshake costs which nobody wants to see.
type interned map[string]string

// of returns b as a string. The result owns its memory.
func (t interned) of(b []byte) string {
	if s, ok := t[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) > maxLength {
		return s
	}
	if len(t) >= maxInterned {
		clear(t)
	}
	t[s] = s
	return s
}
