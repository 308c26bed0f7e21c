package event

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"tlsfloor/parse"
)

// The functions below append members of the JSON object that dst ends in, for the
// native encoder. A key is passed as it stands in JSON, with quotes and colon. Those
// that take a text append nothing for an empty one: absent means unknown. What they
// append is printable ASCII.

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

func appendVersion(dst []byte, key string, v parse.Version) []byte {
	return appendWord(dst, key, v.String())
}

// appendText is for text of this machine, which should be UTF-8.
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

func appendTexts(dst []byte, key string, texts []string) []byte {
	return appendList(dst, key, texts, appendQuoted)
}

func appendWires(dst []byte, key string, texts []string) []byte {
	return appendList(dst, key, texts, appendBytes)
}

// appendList appends a list, or nothing for an empty one.
func appendList[E any](dst []byte, key string, list []E, element func([]byte, E) []byte) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, e)
	}
	return append(dst, ']')
}

func appendNumber[N ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []byte, key string, n N) []byte {
	return strconv.AppendUint(appendKey(dst, key), uint64(n), 10)
}

func appendBool(dst []byte, key string, b bool) []byte {
	return strconv.AppendBool(appendKey(dst, key), b)
}

// appendMark appends a member that is there only when it is true.
func appendMark(dst []byte, key string, b bool) []byte {
	if !b {
		return dst
	}
	return appendBool(dst, key, true)
}

// appendAddrPort leaves out the zone of an address, which means something on one
// host only.
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

// appendTime appends ns, nanoseconds since the Unix epoch, as RFC 3339 has it, in
// UTC with microseconds.
func appendTime(dst []byte, key string, ns int64) []byte {
	return append(appendTimestamp(append(appendKey(dst, key), '"'), ns), 'Z', '"')
}

// timeText is the same as a text, with utc as the sign for UTC.
func timeText(ns int64, utc string) string {
	var space [len("2006-01-02T15:04:05.000000+0000")]byte
	return string(append(appendTimestamp(space[:0], ns), utc...))
}

// appendTimestamp appends the time without the sign for UTC. Years have four digits:
// int64 nanoseconds end in 2262. time.AppendFormat takes four times as long for this
// layout.
func appendTimestamp(dst []byte, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	micro := t.Nanosecond() / 1000
	dst = appendTwo(append(dst, '.'), micro/10000)
	return appendTwo(appendTwo(dst, micro/100%100), micro%100)
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// appendSeconds appends a time that is known to the second; 0: it is not known.
func appendSeconds(dst []byte, key string, at int64) []byte {
	if at == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	return append(time.Unix(at, 0).UTC().AppendFormat(dst, time.RFC3339), '"')
}

// appendBytes writes each byte as the code point of the same number, as Latin-1
// does. A host name or a protocol name on the wire is bytes in no stated encoding:
// only so can a reader get them back.
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

// appendQuoted reads text as UTF-8; a byte that is not part of any is written as
// appendBytes does.
func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for {
		n := plain(text)
		if dst = append(dst, text[:n]...); n == len(text) {
			return append(dst, '"')
		}
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 1 {
			r = rune(text[n])
		}
		dst = appendEscape(dst, r)
		text = text[n+size:]
	}
}

// escapedLen is the length of what appendQuoted writes between the quotes, in bytes.
func escapedLen(text string) (size int) {
	for {
		n := plain(text)
		if size += n; n == len(text) {
			return size
		}
		r, width := utf8.DecodeRuneInString(text[n:])
		switch {
		case r == '"' || r == '\\':
			size += len(`\"`)
		case r > 0xffff:
			size += len(`\u0000\u0000`)
		default:
			size += len(`\u0000`)
		}
		text = text[n+width:]
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
