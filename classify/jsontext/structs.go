package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Structs encodes the structs of other schemas with encoding/json, so that their tags
// can be compared with the published schema. It is for one goroutine at a time.
type Structs struct {
	text    bytes.Buffer
	encoder *json.Encoder // into text
}

// NewStructs makes a Structs.
func NewStructs() *Structs {
	s := new(Structs)
	s.encoder = json.NewEncoder(&s.text)
	s.encoder.SetEscapeHTML(false) // events are not for browsers
	return s
}

// Append appends v, a pointer to a struct, as an object.
func (s *Structs) Append(dst []byte, v any) []byte { return append(s.AppendOpen(dst, v), '}') }

// AppendOpen appends v, a pointer to a struct, as an object without its closing
// brace, for members that are written by hand.
func (s *Structs) AppendOpen(dst []byte, v any) []byte {
	s.text.Reset()
	if err := s.encoder.Encode(v); err != nil {
		panic(err) // these structs have no values that cannot be encoded
	}
	return appendASCII(dst, bytes.TrimSuffix(s.text.Bytes(), []byte("}\n")))
}

// appendASCII appends JSON of encoding/json, with its strings in printable ASCII. It
// escapes all other characters, and replaces short escapes such as \n by \u000a, as
// AppendQuoted writes them.
func appendASCII(dst, text []byte) []byte {
	for {
		n := 0
		for n < len(text) && text[n] != '\\' && text[n] <= '~' {
			n++
		}
		if dst = append(dst, text[:n]...); n == len(text) {
			return dst
		}
		text = text[n:]
		if text[0] == '\\' { // another byte follows, because the JSON is well-formed
			if i := strings.IndexByte(shortEscapes, text[1]); i >= 0 {
				dst = appendUnit(dst, uint16(controls[i]))
			} else {
				dst = append(dst, text[:2]...)
			}
			text = text[2:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		dst, text = appendEscape(dst, r), text[size:]
	}
}

// The letters of JSON's short escapes for control characters, and the characters
// (RFC 8259, 7).
const (
	shortEscapes = "bfnrt"
	controls     = "\b\f\n\r\t"
)

// WireText returns text off the network for a member of a struct: each byte as the
// code point of its number.
func WireText(text string) string {
	if isASCII(text) {
		return text
	}
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// LocalText returns text of this machine for a member of a struct: UTF-8, and bytes
// that are not UTF-8 as the code points of their numbers.
func LocalText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			r = rune(text[0])
		}
		out.WriteRune(r)
		text = text[size:]
	}
	return out.String()
}

// Beginning returns the first n characters of a text. A byte that is not UTF-8 counts as
// one, so that LocalText does not change the number.
func Beginning(text string, n int) string {
	for at := range text {
		if n == 0 {
			return text[:at]
		}
		n--
	}
	return text
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// WireTexts returns WireText of each text; nil for an empty list.
func WireTexts(texts []string) []string { return eachText(texts, WireText) }

// LocalTexts returns LocalText of each text; nil for an empty list.
func LocalTexts(texts []string) []string { return eachText(texts, LocalText) }

func eachText(texts []string, to func(string) string) []string {
	if len(texts) == 0 {
		return nil
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = to(text)
	}
	return out
}
