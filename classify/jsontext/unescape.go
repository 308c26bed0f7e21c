package jsontext

import (
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string and returns what is between its quotes; plain: without escapes,
// and ASCII.
func (r *Reader) quoted() (text []byte, plain bool) {
	if r.peek() != '"' {
		r.fail()
		return nil, true
	}
	plain = true
	for i := 1; i < len(r.left); i++ {
		switch c := r.left[i]; {
		case !escaped[c]:
		case c == '"':
			text, r.left = r.left[1:i], r.left[i+1:]
			return text, plain
		case c == '\\':
			size := escapeSize(r.left[i:])
			if size == 0 {
				r.fail()
				return nil, true
			}
			plain, i = false, i+size-1
		case c < ' ':
			r.fail()
			return nil, true
		default:
			plain = plain && c < utf8.RuneSelf
		}
	}
	r.fail()
	return nil, true
}

// escapeSize returns the length of the escape that text begins with; 0: it is none.
func escapeSize(text []byte) int {
	switch {
	case len(text) < 2:
		return 0
	case strings.IndexByte(`"\/`+shortEscapes, text[1]) >= 0:
		return 2
	case text[1] == 'u' && unitOf(text) >= 0:
		return len(`\u0000`)
	}
	return 0
}

// unitOf returns the number of the escape \uXXXX that text begins with, or -1.
func unitOf(text []byte) rune {
	var unit [2]byte
	if len(text) < len(`\u0000`) || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	if _, err := hex.Decode(unit[:], text[2:6]); err != nil {
		return -1
	}
	return rune(unit[0])<<8 | rune(unit[1])
}

// appendUnescaped appends what is between the quotes of a string, in UTF-8. What is no
// character becomes U+FFFD.
func appendUnescaped(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := rune(text[0]), 1
		switch {
		case r == '\\' && text[1] == 'u':
			r, size = utf16Of(text)
		case r == '\\':
			if r, size = rune(text[1]), 2; r >= 'a' {
				r = rune(controls[strings.IndexByte(shortEscapes, byte(r))])
			}
		case r >= utf8.RuneSelf:
			r, size = utf8.DecodeRune(text)
		}
		dst, text = utf8.AppendRune(dst, r), text[size:]
	}
	return dst
}

// utf16Of returns the character of the escapes that text begins with: a surrogate pair
// takes two.
func utf16Of(text []byte) (r rune, size int) {
	const one = len(`\u0000`)
	r = unitOf(text)
	if utf16.IsSurrogate(r) {
		if pair := utf16.DecodeRune(r, unitOf(text[one:])); pair != utf8.RuneError {
			return pair, 2 * one
		}
	}
	return r, one // AppendRune makes U+FFFD of a lone surrogate
}

// fromLatin1 replaces each code point by the byte of its number, in place; ok is false,
// and nothing is changed, if there is one above U+00FF.
func fromLatin1(text []byte) (wire []byte, ok bool) {
	for i := range text {
		if text[i] > 0xc3 { // of U+0100 and above; the lead bytes of U+0080 to U+00FF are C2 and C3
			return nil, false
		}
	}
	wire = text[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		wire, text = append(wire, byte(r)), text[size:]
	}
	return wire, true
}
