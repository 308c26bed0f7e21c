package parse

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
// body that has not been read.
func (b *extensionBlock) read(body []byte, rest reader) error {
	if !rest.vector16((*[]byte)(&b.list)) {
		return runsPast("extensions", body, rest)
	}
	if len(rest) > 0 {
		b.oddities |= TrailingBytes
	}
	b.offset = len(body) - len(rest) - len(b.list)
	b.walk()
	return nil
}

// walk notes where each extension is.
func (b *extensionBlock) walk() {
	for rest := b.list; ; {
		typ, ok := rest.NextType()
		if !ok {
			return
		}
		start := b.end + extensionHeader
		b.end = len(b.list) - len(rest)
		if typ >= 64 {
			b.addUncommon(typ)
			continue
		}
		if b.seen.has(typ) {
			b.oddities |= DuplicateExtension
			continue
		}
		b.behind |= b.seen
		b.seen |= 1 << typ
		b.places[typ] = extensionPlace{uint16(start), uint16(b.end)}
	}
}

func (b *extensionBlock) addUncommon(t ExtensionType) {
	for _, u := range b.uncommon[:b.n] {
		if u == t {
			b.oddities |= DuplicateExtension
			return
		}
	}
	b.behind |= b.seen
	switch t {
	case ExtEncryptedClientHello, extECHDraft8, extECHDraft9, extECHDraft10, extESNI: // RFC 9849, 5
		b.encrypted = true
	}
	if b.n == maxUncommon {
		b.oddities |= ManyExtensions
		return
	}
	b.uncommon[b.n] = t
	b.n++
}

// body returns what is in the first extension of a type below 64.
func (b *extensionBlock) body(t ExtensionType) (data []byte, there bool) {
	if !b.seen.has(t) {
		return nil, false
	}
	p := b.places[t]
	return b.list[p.start:p.end:p.end], true
}

// framed returns the extensions, and an error when more follows that is no
// extension.
func (b *extensionBlock) framed() (Extensions, error) {
	if b.end < len(b.list) {
		return b.list[:b.end:b.end], &ParseError{What: "extension", Offset: b.offset + b.end}
	}
	return b.list, nil
}
