package dns

const (
	// maxName is the length of the longest encoded name (RFC 1035, 2.3.4).
	maxName = 255
	// maxText is the length of the longest name written with dots: without the
	// first length byte and the root.
	maxText = maxName - 2
	// maxPointers bounds the compression pointers in one name. Encoders need one.
	// An attacker could chain thousands, so that each record takes the time of the
	// whole message.
	maxPointers = 16

	pointer = 0xc0 // RFC 1035, 4.1.4
)

// labels iterates over the labels of a name, through compression pointers. Each
// pointer must lead to a place before the part of the name that it ends, so there
// is no loop.
type labels struct {
	msg      []byte
	off      int // of the next length byte
	start    int // of the current part, from the last pointer's target on
	pointers int
	wire     int // length of the name so far, encoded without compression
}

func labelsAt(msg []byte, off int) labels { return labels{msg: msg, off: off, start: off} }

// next returns the next label, a view into the message. At the root it is empty. ok
// is false where the name is malformed.
func (l *labels) next() (label []byte, ok bool) {
	for l.off < len(l.msg) {
		c := int(l.msg[l.off])
		if c < pointer {
			return l.take(c)
		}
		if !l.follow(c) {
			break
		}
	}
	return nil, false
}

// take reads a label of n bytes. The label types 0x40 and 0x80 were never
// standardized; as lengths, they are above the 63 bytes that a label can have.
func (l *labels) take(n int) ([]byte, bool) {
	from, to := l.off+1, l.off+1+n
	l.wire += 1 + n
	if n > 63 || to > len(l.msg) || l.wire > maxName {
		return nil, false
	}
	l.off = to
	return l.msg[from:to], true
}

// follow moves to the target of a pointer.
func (l *labels) follow(c int) bool {
	if l.off+1 >= len(l.msg) || l.pointers == maxPointers {
		return false
	}
	to := (c&^pointer)<<8 | int(l.msg[l.off+1])
	if to >= l.start {
		return false
	}
	l.pointers++
	l.off, l.start = to, to
	return true
}

// skipName returns where the name at off ends: behind its root, or behind its first
// pointer, which is not followed.
func skipName(msg []byte, off int) (end int, ok bool) {
	for wire := 0; off < len(msg) && wire < maxName; {
		c := int(msg[off])
		switch {
		case c == 0:
			return off + 1, true
		case c >= pointer:
			return off + 2, off+2 <= len(msg)
		case c > 63:
			return 0, false
		}
		wire += 1 + c
		off += 1 + c
	}
	return 0, false
}

// appendName appends the name at off with dots and in lower case. Other bytes than
// letters are unchanged. It returns false for a name with a dot inside a label: the
// label "a.b" would look like another host.
func appendName(dst, msg []byte, off int) ([]byte, bool) {
	name := dst
	for l := labelsAt(msg, off); ; {
		label, ok := l.next()
		if !ok {
			return dst, false
		}
		if len(label) == 0 {
			return name, true
		}
		if len(name) > len(dst) {
			name = append(name, '.')
		}
		for _, c := range label {
			if c == '.' {
				return dst, false
			}
			name = append(name, lower(c))
		}
	}
}

// isName reports whether the name at off equals name, which is in lower case.
func isName(name, msg []byte, off int) bool {
	for l := labelsAt(msg, off); ; {
		label, ok := l.next()
		if !ok {
			return false
		}
		if len(label) == 0 {
			return len(name) == 0
		}
		if name, ok = cutLabel(name, label); !ok {
			return false
		}
	}
}

// cutLabel removes a label, and the dot after it, from the front of name. It returns
// false when name does not begin with the label.
func cutLabel(name, label []byte) ([]byte, bool) {
	if len(name) < len(label) {
		return nil, false
	}
	for i, c := range label {
		if c == '.' || lower(c) != name[i] {
			return nil, false
		}
	}
	name = name[len(label):]
	if len(name) > 0 && name[0] != '.' {
		return nil, false
	}
	if len(name) > 0 {
		name = name[1:]
	}
	return name, true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
