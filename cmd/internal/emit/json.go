package emit

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// The functions below append members of the JSON object that dst ends in. A key
// is passed as it stands in JSON, with quotes and colon. Those that take a text
// append nothing for an empty one: absent means unknown.
//
// Everything they append is printable ASCII, so that a terminal that shows an
// event obeys nothing in it.

func appendKey(dst []byte, key string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(dst, key...)
}

// appendWord is for our own words, which need no escapes.
func appendWord(dst []byte, key, word string) []byte {
	if word == "" {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	return append(append(dst, word...), '"')
}

// appendText is for text of this machine: UTF-8 if it is well.
func appendText(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return appendQuoted(appendKey(dst, key), text)
}

// appendWire is for text off the network.
func appendWire(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return appendBytes(appendKey(dst, key), text)
}

func appendWires(dst []byte, key string, texts []string) []byte {
	return appendList(dst, key, texts, appendBytes)
}

func appendTexts(dst []byte, key string, texts []string) []byte {
	return appendList(dst, key, texts, appendQuoted)
}

func appendList(dst []byte, key string, texts []string, element func([]byte, string) []byte) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, text)
	}
	return append(dst, ']')
}

func appendNumber[N ~uint8 | ~uint16 | ~uint64](dst []byte, key string, n N) []byte {
	return strconv.AppendUint(appendKey(dst, key), uint64(n), 10)
}

func appendBool(dst []byte, key string, b bool) []byte {
	return strconv.AppendBool(appendKey(dst, key), b)
}

// appendMark is for what is worth a word only when it is so.
func appendMark(dst []byte, key string, b bool) []byte {
	if !b {
		return dst
	}
	return appendBool(dst, key, true)
}

func appendAddrPort(dst []byte, ip, port string, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return dst
	}
	dst = append(appendKey(dst, ip), '"')
	dst = append(a.Addr().WithZone("").AppendTo(dst), '"')
	return appendNumber(dst, port, a.Port())
}

// appendObject appends an object, or nothing when members appends none.
func appendObject(dst []byte, key string, members func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(appendKey(dst, key), '{')
	open := len(dst)
	if dst = members(dst); len(dst) == open {
		return dst[:start]
	}
	return append(dst, '}')
}

// appendBytes writes each byte as the code point of the same number, as
// Latin-1 does. A host name or a protocol name on the wire is bytes, with no
// encoding said; this way back to them there is one way only.
func appendBytes(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for {
		n := plain(text)
		if dst = append(dst, text[:n]...); n == len(text) {
			return append(dst, '"')
		}
		dst = appendEscape(dst, rune(text[n]))
		text = text[n+1:]
	}
}

// appendQuoted reads text as UTF-8; a byte that is not of it is written as
// appendBytes does.
func appendQuoted(dst []byte, text string) []byte {
	return append(appendEscaped(append(dst, '"'), text), '"')
}

// appendEscaped is what stands between the quotes.
func appendEscaped(dst []byte, text string) []byte {
	for {
		n := plain(text)
		if dst = append(dst, text[:n]...); n == len(text) {
			return dst
		}
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 1 {
			r = rune(text[n])
		}
		dst = appendEscape(dst, r)
		text = text[n+size:]
	}
}

// plain counts the bytes in front of the first that needs an escape.
func plain(text string) int {
	for i := 0; i < len(text); i++ {
		if escaped[text[i]] {
			return i
		}
	}
	return len(text)
}

// escaped marks the bytes that never stand for themselves.
var escaped = func() (table [256]bool) {
	for c := range table {
		table[c] = c < ' ' || c == '"' || c == '\\' || c > '~'
	}
	return table
}()

func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r > 0xffff: // a surrogate pair (RFC 8259, 7)
		r -= 0x10000
		return appendUnit(appendUnit(dst, uint16(0xd800|r>>10)), uint16(0xdc00|r&0x3ff))
	}
	return appendUnit(dst, uint16(r))
}

func appendUnit(dst []byte, unit uint16) []byte {
	dst = append(dst, '\\', 'u')
	return hex.AppendEncode(dst, []byte{byte(unit >> 8), byte(unit)})
}
