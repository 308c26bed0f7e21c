package event

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// structs encodes the structs of foreign schemas by encoding/json, so that their
// tags can be read beside what the schema's owners publish. It serves one goroutine
// at a time.
type structs struct {
	text    bytes.Buffer
	encoder *json.Encoder // into text
}

func newStructs() *structs {
	s := new(structs)
	s.encoder = json.NewEncoder(&s.text)
	s.encoder.SetEscapeHTML(false) // what is meant for browsers says nothing to a log
	return s
}

// append appends v, a pointer to a struct, as an object.
func (s *structs) append(dst []byte, v any) []byte { return append(s.appendOpen(dst, v), '}') }

// appendOpen appends v, a pointer to a struct, as an object without its closing
// brace, for members that are written by hand.
func (s *structs) appendOpen(dst []byte, v any) []byte {
	s.text.Reset()
	if err := s.encoder.Encode(v); err != nil {
		panic(err) // no value of these structs has an error in it
	}
	return appendASCII(dst, bytes.TrimSuffix(s.text.Bytes(), []byte("}\n")))
}

// appendASCII appends JSON as encoding/json writes it, and makes its strings
// printable ASCII: it escapes what is outside, as all our strings do, and writes \n
// and its like as \u000a, whatever encoding/json has short forms for.
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
		if text[0] == '\\' { // something stands behind it: this is well-formed
			if i := strings.IndexByte(shortEscapes, text[1]); i >= 0 {
				dst = appendUnit(dst, uint16(escapedByThem[i]))
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

// The letters of JSON's short escapes for control characters, and what they stand
// for (RFC 8259, 7).
const (
	shortEscapes  = "bfnrt"
	escapedByThem = "\b\f\n\r\t"
)

// wireText is text off the network as a string of JSON has it: each byte as the
// code point of its number.
func wireText(text string) string {
	if isASCII(text) {
		return text
	}
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// localText is text of this machine as a string of JSON has it: UTF-8, and a byte
// that is not part of any as the code point of its number.
func localText(text string) string {
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

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func wireTexts(texts []string) []string { return eachText(texts, wireText) }

func localTexts(texts []string) []string { return eachText(texts, localText) }

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

// addrText is an address without its zone, which means something on one host only;
// empty: there is none.
func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().WithZone("").String()
}

// portOf is nil where there is no address; 0 is a port.
func portOf(a netip.AddrPort) *uint16 {
	if !a.IsValid() {
		return nil
	}
	port := a.Port()
	return &port
}
