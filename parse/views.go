package parse

// Uint16s is a view of a list of 16-bit numbers in network byte order. An odd
// byte at the end does not count.
type Uint16s []byte

// Len is the number of elements.
func (u Uint16s) Len() int { return len(u) / 2 }

// At returns element i, which must be at least 0 and less than Len.
func (u Uint16s) At(i int) uint16 { return be16(u[2*i:]) }

// Contains reports whether v is an element.
func (u Uint16s) Contains(v uint16) bool {
	for len(u) >= 2 {
		if be16(u) == v {
			return true
		}
		u = u[2:]
	}
	return false
}

// Extensions is a view of the extensions of a hello that have been read, in
// order. Walk a copy of it:
//
//	for list := hello.Extensions; ; {
//		typ, data, ok := list.Next()
//		if !ok {
//			break
//		}
//		...
//	}
type Extensions []byte

// extensionHeader is the length of an extension's type and length.
const extensionHeader = 4

// Next returns the first extension and moves past it. It returns false at the
// end. data is a view into the hello.
func (e *Extensions) Next() (typ ExtensionType, data []byte, ok bool) {
	list := *e
	if typ, ok = e.NextType(); !ok {
		return 0, nil, false
	}
	end := len(list) - len(*e)
	return typ, list[extensionHeader:end:end], true
}

// NextType is Next for who wants the type only.
func (e *Extensions) NextType() (typ ExtensionType, ok bool) {
	list := *e
	if len(list) < extensionHeader {
		return 0, false
	}
	end := extensionHeader + int(be16(list[2:]))
	if end > len(list) {
		return 0, false
	}
	*e = list[end:]
	return ExtensionType(be16(list)), true
}

// Protocols is a view of a list of ALPN protocol names (RFC 7301, 3.1).
// Walk a copy of it, as with Extensions.
type Protocols []byte

// Next returns the first name, as sent, and moves past it. It returns false at
// the end. name is a view into the hello; it may be empty.
func (p *Protocols) Next() (name []byte, ok bool) {
	ok = (*reader)(p).vector8(&name)
	return name, ok
}
