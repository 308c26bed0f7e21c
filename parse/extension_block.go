package parse

// extensionBlock is the extensions block of a hello.
type extensionBlock struct {
	list   Extensions
	offset int // of list in the message's body
}

// readExtensions reads the block at the end of body; rest is the end of body
// that has not been read.
func readExtensions(body []byte, rest reader, o *Oddities) (b extensionBlock, err error) {
	if !rest.vector16((*[]byte)(&b.list)) {
		return b, runsPast("extensions", body, rest)
	}
	if len(rest) > 0 {
		*o |= TrailingBytes
	}
	b.offset = len(body) - len(rest) - len(b.list)
	return b, nil
}

// upTo returns the extensions, which end at an offset, and an error when more
// follows that is no extension.
func (b *extensionBlock) upTo(end int) (Extensions, error) {
	if end < len(b.list) {
		return b.list[:end:end], &ParseError{What: "extension", Offset: b.offset + end}
	}
	return b.list, nil
}

// maxUncommon is how many extensions with numbers above 63 are compared with
// each other: a hello of 64 kB holds 16,000 extensions, and comparing each
// with each would take an attacker's hello to a tenth of a second. Clients
// send about six.
const maxUncommon = 32

// seenExtensions remembers types of extensions.
type seenExtensions struct {
	common   uint64 // types 0 to 63
	n        int    // used of uncommon
	uncommon [maxUncommon]ExtensionType
}

// add answers what is odd about an extension of type t at this place.
func (s *seenExtensions) add(t ExtensionType) Oddities {
	if t >= 64 {
		return s.addUncommon(t)
	}
	if s.common&(1<<t) != 0 {
		return DuplicateExtension
	}
	s.common |= 1 << t
	return 0
}

func (s *seenExtensions) addUncommon(t ExtensionType) Oddities {
	for _, u := range s.uncommon[:s.n] {
		if u == t {
			return DuplicateExtension
		}
	}
	if s.n == maxUncommon {
		return ManyExtensions
	}
	s.uncommon[s.n] = t
	s.n++
	return 0
}
