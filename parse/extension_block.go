package parse

import "math"

// extensionBlock is the extensions block of a hello.
//
// It is walked to its end before any extension is read: clients differ in the
// order of theirs, some from hello to hello, and a processor that has to guess
// for each of them whose turn it is guesses wrong most of the time.
type extensionBlock struct {
	list     Extensions
	offset   int // of list in the message's body
	end      int // of what is well framed of it
	oddities Oddities

	seen      extensionSet // types below 64 that are there
	behind    extensionSet // those that have others behind them
	encrypted bool         // encrypted_client_hello, or a draft of it, is there
	places    [64]extensionPlace

	n        int // used of uncommon
	uncommon [maxUncommon]ExtensionType
}

// extensionSet is a set of types below 64.
type extensionSet uint64

func (s extensionSet) has(t ExtensionType) bool { return s>>t&1 != 0 }

// extensionPlace is where the body of the first extension of a type is in the
// list.
type extensionPlace struct{ start, end uint16 }

// maxUncommon is how many extensions with numbers above 63 are compared with
// each other: a hello of 64 kB holds 16,000 extensions, and comparing each
// with each would take an attacker's hello to a tenth of a second. Clients
// send about six.
const maxUncommon = 32

// read finds the extensions of the block at the end of body; rest is the end of
// body that has not been read. On an error the block is what there is of it.
func (b *extensionBlock) read(body []byte, rest reader) error {
	if !rest.vector16((*[]byte)(&b.list)) {
		return b.readCut(body, rest)
	}
	if len(rest) > 0 {
		b.oddities |= TrailingBytes
	}
	b.offset = len(body) - len(rest) - len(b.list)
	b.walk()
	if b.end < len(b.list) {
		b.last()
		return &ParseError{What: "extension", Offset: b.offset + b.end}
	}
	return nil
}

// readCut is read for a block that is longer than the rest of the body.
func (b *extensionBlock) readCut(body []byte, rest reader) error {
	err := runsPast("extensions", body, rest)
	b.oddities |= MalformedHello
	if len(rest) >= 2 {
		b.list = Extensions(rest[2:min(len(rest), math.MaxUint16)])
		b.offset = len(body) - len(rest) + 2
		b.walk()
		b.last()
	}
	return err
}

// last notes an extension at the end of the list that is longer than the list.
func (b *extensionBlock) last() {
	b.oddities |= MalformedHello
	rest := b.list[b.end:]
	if len(rest) < extensionHeader {
		return
	}
	if typ := ExtensionType(be16(rest)); typ < 64 && !b.seen.has(typ) {
		b.seen |= 1 << typ
		b.places[typ] = extensionPlace{uint16(b.end + extensionHeader), uint16(len(b.list))}
	}
}

// walk notes where each extension is. What the block has of each stays in
// registers: a hello has a dozen, and stores of them in between cost a fifth of
// the walk.
func (b *extensionBlock) walk() {
	list, seen, behind, at := b.list, b.seen, b.behind, 0
	for len(list)-at >= extensionHeader {
		header := list[at:]
		typ, start := ExtensionType(be16(header)), at+extensionHeader
		end := start + int(be16(header[2:]))
		if end > len(list) {
			break
		}
		at = end
		switch {
		case typ >= 64:
			if b.addUncommon(typ) {
				behind |= seen
			}
		case seen.has(typ):
			b.oddities |= DuplicateExtension
		default:
			behind |= seen
			seen |= 1 << typ
			b.places[typ] = extensionPlace{uint16(start), uint16(end)}
		}
	}
	b.seen, b.behind, b.end = seen, behind, at
}

// addUncommon notes an extension with a number above 63, and reports whether it is
// the first of its type.
func (b *extensionBlock) addUncommon(t ExtensionType) bool {
	for _, u := range b.uncommon[:b.n] {
		if u == t {
			b.oddities |= DuplicateExtension
			return false
		}
	}
	switch t {
	case ExtEncryptedClientHello, extECHDraft8, extECHDraft9, extECHDraft10, extESNI: // RFC 9849, 5
		b.encrypted = true
	}
	if b.n == maxUncommon {
		b.oddities |= ManyExtensions
		return true
	}
	b.uncommon[b.n] = t
	b.n++
	return true
}

// body returns what is in the first extension of a type below 64.
func (b *extensionBlock) body(t ExtensionType) (data []byte, there bool) {
	if !b.seen.has(t) {
		return nil, false
	}
	p := b.places[t]
	return b.list[p.start:p.end:p.end], true
}

// framed returns the extensions that are well framed.
func (b *extensionBlock) framed() Extensions { return b.list[:b.end:b.end] }
