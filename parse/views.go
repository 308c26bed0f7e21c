package parse

import (
	"errors"
	"strconv"
)

// ErrShort says that the bytes so far are well-formed, but too few.
var ErrShort = errors.New("parse: more bytes needed")

// ParseError says that bytes are ill-formed.
type ParseError struct {
	What   string // the field that is ill-formed, by its name in the RFC
	Offset int    // where it begins, in bytes from the start of what was parsed
}

func (e *ParseError) Error() string {
	return "parse: ill-formed " + e.What + " at byte " + strconv.Itoa(e.Offset)
}

// runsPast returns the error for a field that runs past the end of body; rest is the
// unread end of body, which begins with the field.
func runsPast(field string, body []byte, rest reader) error {
	return &ParseError{What: field, Offset: len(body) - len(rest)}
}

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

// Extensions is a view of the extensions of a hello, in order. Next consumes it, so
// iterate over a copy:
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

// NextType is Next for callers that need the type only.
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
// Next consumes it, so iterate over a copy.
type Protocols []byte

// Next returns the first name, as sent, and moves past it. It returns false at
// the end. name is a view into the hello; it may be empty.
func (p *Protocols) Next() (name []byte, ok bool) {
	ok = (*reader)(p).vector8(&name)
	return name, ok
}

// reader is the unread part of a message. Its methods advance it, and return false,
// without moving it, when the bytes are not there.
//
// cryptobyte.String would take 15 % longer for a ServerHello, and 19 % for the
// ClientHellos of BenchmarkClientHellos: it reads lengths in a loop. It also moves
// when it fails, and its views have room for append to write past their end.
type reader []byte

func (r *reader) uint8(out *uint8) bool {
	if len(*r) < 1 {
		return false
	}
	*out = (*r)[0]
	*r = (*r)[1:]
	return true
}

func (r *reader) uint16(out *uint16) bool {
	if len(*r) < 2 {
		return false
	}
	*out = be16(*r)
	*r = (*r)[2:]
	return true
}

func (r *reader) bytes(n int, out *[]byte) bool {
	if len(*r) < n {
		return false
	}
	*out = (*r)[:n:n]
	*r = (*r)[n:]
	return true
}

// vector8 reads a vector with a length of one byte (RFC 8446, 3.4).
func (r *reader) vector8(out *[]byte) bool {
	s := *r
	if len(s) < 1 || len(s) < 1+int(s[0]) {
		return false
	}
	n := 1 + int(s[0])
	*out, *r = s[1:n:n], s[n:]
	return true
}

// vector16 reads a vector with a length of two bytes.
func (r *reader) vector16(out *[]byte) bool {
	s := *r
	if len(s) < 2 || len(s) < 2+int(be16(s)) {
		return false
	}
	n := 2 + int(be16(s))
	*out, *r = s[2:n:n], s[n:]
	return true
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
