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

// Next returns the first extension and moves past it. It returns false at the
// end. data is a view into the hello.
func (e *Extensions) Next() (typ ExtensionType, data []byte, ok bool) {
	typ, data, end := e.at(0)
	if end == 0 {
		return 0, nil, false
	}
	*e = (*e)[end:]
	return typ, data, true
}

// NextType is Next for who wants the type only.
func (e *Extensions) NextType() (typ ExtensionType, ok bool) {
	list := *e
	if len(list) < 4 {
		return 0, false
	}
	end := 4 + int(be16(list[2:]))
	if end > len(list) {
		return 0, false
	}
	*e = list[end:]
	return ExtensionType(be16(list)), true
}

// at returns the extension at an offset, and where it ends; 0: there is no
// whole one.
func (e Extensions) at(start int) (typ ExtensionType, data []byte, end int) {
	if len(e)-start < 4 {
		return 0, nil, 0
	}
	head := e[start : start+4]
	end = start + 4 + int(be16(head[2:]))
	if end > len(e) {
		return 0, nil, 0
	}
	return ExtensionType(be16(head)), e[start+4 : end : end], end
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
