// Package jsontext appends JSON in printable ASCII, and reads it back.
//
// A line is printable ASCII, whatever the network sent, so that a terminal that shows
// it does not interpret control sequences. Text off the network (names, protocols)
// has no known encoding: each byte is written as the code point of its number, as
// Latin-1 does, so that a reader can recover the bytes. Text of this machine is
// UTF-8, in escapes.
package jsontext

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"
)

// The functions below append members of the JSON object that dst ends in. A key is
// passed with its quotes and colon. For an empty text or list they append nothing.

// AppendKey appends a key, and a comma before it unless the object is empty.
func AppendKey(dst []byte, key string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(dst, key...)
}

// AppendWord appends one of our own words, which need no escapes.
func AppendWord(dst []byte, key, word string) []byte {
	if word == "" {
		return dst
	}
	dst = append(AppendKey(dst, key), '"')
	return append(append(dst, word...), '"')
}

// AppendText appends text of this machine, which should be UTF-8.
func AppendText(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return AppendQuoted(AppendKey(dst, key), text)
}

// AppendWire appends text off the network.
func AppendWire(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return AppendQuotedWire(AppendKey(dst, key), text)
}

// AppendTexts appends a list of texts of this machine.
func AppendTexts(dst []byte, key string, texts []string) []byte {
	return AppendList(dst, key, texts, AppendQuoted)
}

// AppendWires appends a list of texts off the network.
func AppendWires(dst []byte, key string, texts []string) []byte {
	return AppendList(dst, key, texts, AppendQuotedWire)
}

// AppendList appends a list; element appends one of its elements.
func AppendList[E any](dst []byte, key string, list []E, element func([]byte, E) []byte) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(AppendKey(dst, key), '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, e)
	}
	return append(dst, ']')
}

// AppendNumber appends a number.
func AppendNumber[N ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []byte, key string, n N) []byte {
	return strconv.AppendUint(AppendKey(dst, key), uint64(n), 10)
}

// AppendBool appends true or false.
func AppendBool(dst []byte, key string, b bool) []byte {
	return strconv.AppendBool(AppendKey(dst, key), b)
}

// AppendMark appends true, or nothing for false.
func AppendMark(dst []byte, key string, b bool) []byte {
	if !b {
		return dst
	}
	return AppendBool(dst, key, true)
}

// AppendAddrPort appends an address and a port under the keys ip and port, or nothing
// when there is no address. It leaves out the zone, which has a meaning on one host
// only.
func AppendAddrPort(dst []byte, ip, port string, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return dst
	}
	dst = append(AppendKey(dst, ip), '"')
	dst = append(a.Addr().WithZone("").AppendTo(dst), '"')
	return AppendNumber(dst, port, a.Port())
}

// AppendObject appends an object, or nothing when members appends none.
func AppendObject(dst []byte, key string, members func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(AppendKey(dst, key), '{')
	open := len(dst)
	if dst = members(dst); len(dst) == open {
		return dst[:start]
	}
	return append(dst, '}')
}

// AppendTime appends ns, nanoseconds since the Unix epoch, in the format of RFC 3339
// in UTC with microseconds.
func AppendTime(dst []byte, key string, ns int64) []byte {
	return append(AppendTimestamp(append(AppendKey(dst, key), '"'), ns), 'Z', '"')
}

// TimeText returns the same time as a text, with utc as the designator of UTC.
func TimeText(ns int64, utc string) string {
	var space [len("2006-01-02T15:04:05.000000+0000")]byte
	return string(append(AppendTimestamp(space[:0], ns), utc...))
}

// AppendTimestamp appends the time without the designator of UTC. The year always has
// four digits: int64 nanoseconds end in 2262. time.AppendFormat takes four times as
// long.
func AppendTimestamp(dst []byte, ns int64) []byte {
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

// AppendUnix appends ns, nanoseconds since the Unix epoch, as a number of seconds with
// microseconds.
func AppendUnix(dst []byte, ns int64) []byte {
	micros := time.Unix(0, ns).UnixMicro() // as AppendTimestamp, also before the epoch
	if micros < 0 {
		dst, micros = append(dst, '-'), -micros
	}
	dst = append(strconv.AppendInt(dst, micros/1e6, 10), '.')
	for unit := int64(100000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// AppendSeconds appends a time in seconds since the Unix epoch, or nothing for 0.
func AppendSeconds(dst []byte, key string, at int64) []byte {
	if at == 0 {
		return dst
	}
	dst = append(AppendKey(dst, key), '"')
	return append(time.Unix(at, 0).UTC().AppendFormat(dst, time.RFC3339), '"')
}

// AppendQuotedWire appends text off the network as a string, each byte as the code point
// of its number.
func AppendQuotedWire(dst []byte, text string) []byte {
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

// AppendQuoted appends text of this machine as a string. Bytes that are not UTF-8 are
// written as AppendQuotedWire does.
func AppendQuoted(dst []byte, text string) []byte {
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

// EscapedLen returns how many bytes AppendQuoted appends between the quotes.
func EscapedLen(text string) (size int) {
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

// plain returns the number of bytes before the first that needs an escape.
func plain(text string) int {
	for i := 0; i < len(text); i++ {
		if escaped[text[i]] {
			return i
		}
	}
	return len(text)
}

// escaped tells which bytes need an escape.
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
