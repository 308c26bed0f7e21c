package jsontext

import (
	"bytes"
	"strconv"
	"strings"
)

// Reader reads a JSON text, which anybody may have written, value by value. A value of
// another type than the one asked for is passed over, and counts as zero. After a fault
// in the text nothing more is read: see Whole.
//
// It is for a schema whose members are known. encoding/json takes four times as long for
// an event, and takes "Schema" for "schema".
type Reader struct {
	left  []byte
	key   []byte
	space []byte // of texts with escapes
	depth int    // of objects and lists
	first bool   // the innermost object or list was just entered
	bad   bool
}

const (
	// maxDepth bounds objects and lists within each other: events have four.
	maxDepth = 64
	// maxList bounds the elements of a list that are kept. In memory, "{}," takes 30
	// times as much room.
	maxList = 4096
)

// NewReader makes a Reader of a text.
func NewReader(text []byte) Reader { return Reader{left: text} }

// Whole reports whether the text was read to its end and had no fault.
func (r *Reader) Whole() bool {
	r.peek()
	return !r.bad && len(r.left) == 0
}

// Object enters an object. Member then goes through it to its end.
func (r *Reader) Object() bool { return r.enter('{') }

// Array enters a list. Element then goes through it to its end.
func (r *Reader) Array() bool { return r.enter('[') }

func (r *Reader) enter(bracket byte) bool {
	if r.peek() != bracket {
		r.Skip()
		return false
	}
	r.left, r.first = r.left[1:], true
	r.depth++
	return r.depth <= maxDepth || r.fail()
}

// Member goes to the next member of an object, whose value has to be read then. Behind
// the last one it leaves the object and reports false.
func (r *Reader) Member() bool {
	if !r.next('}') {
		return false
	}
	text, plain := r.quoted()
	if r.key = text; !plain {
		r.key = appendUnescaped(nil, text)
	}
	if r.peek() != ':' {
		return r.fail()
	}
	r.left = r.left[1:]
	return true
}

// Key returns the name of the member, valid until the next one.
func (r *Reader) Key() []byte { return r.key }

// Element goes to the next element of a list, which has to be read then. Behind the last
// one it leaves the list and reports false.
func (r *Reader) Element() bool { return r.next(']') }

func (r *Reader) next(bracket byte) bool {
	c, first := r.peek(), r.first
	r.first = false
	switch {
	case r.bad:
		return false
	case c == bracket:
		r.left = r.left[1:]
		r.depth--
		return false
	case first:
		return true
	case c == ',':
		r.left = r.left[1:]
		return true
	}
	return r.fail()
}

// Skip passes over a value.
func (r *Reader) Skip() {
	switch r.peek() {
	case '{':
		if r.Object() {
			for r.Member() {
				r.Skip()
			}
		}
	case '[':
		if r.Array() {
			for r.Element() {
				r.Skip()
			}
		}
	case '"':
		r.quoted()
	default:
		r.literal()
	}
}

// List reads a list, whose elements element reads. It is nil if it is empty.
func List[E any](r *Reader, element func(*Reader) E) (list []E) {
	if !r.Array() {
		return nil
	}
	for r.Element() {
		if len(list) == maxList {
			r.Skip()
			continue
		}
		list = append(list, element(r))
	}
	return list
}

// Text reads text of this machine: see AppendText.
func (r *Reader) Text() string { return string(r.Word()) }

// Wire reads text off the network: see AppendWire. Text with a code point above U+00FF is
// not written by tlsfloor, and read as Text does.
func (r *Reader) Wire() string {
	text, plain := r.string()
	if plain {
		return string(text)
	}
	r.space = appendUnescaped(r.space[:0], text)
	if wire, ok := fromLatin1(r.space); ok {
		return string(wire)
	}
	return string(r.space)
}

// Word reads a text like Text, as bytes that are valid until the next call.
func (r *Reader) Word() []byte {
	text, plain := r.string()
	if plain {
		return text
	}
	r.space = appendUnescaped(r.space[:0], text)
	return r.space
}

// Own reads one of our own words, which AppendWord writes without escapes: letters, digits
// and some signs. Another text, which somebody else has written, is read as empty: it could
// end the string, or the cell of a table.
func (r *Reader) Own() string { return r.only("_.-") }

// Numbers reads a text of numbers with commas and hyphens between them, as Own does.
func (r *Reader) Numbers() string { return r.only(",-") }

func (r *Reader) only(signs string) string {
	text := r.Word()
	for _, c := range text {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte(signs, c) < 0 {
			return ""
		}
	}
	return string(text)
}

// Texts reads a list of texts of this machine.
func (r *Reader) Texts() []string { return List(r, (*Reader).Text) }

// Wires reads a list of texts off the network.
func (r *Reader) Wires() []string { return List(r, (*Reader).Wire) }

// Bool reads true or false.
func (r *Reader) Bool() bool { return string(r.scalar()) == "true" }

// Uint reads a whole number up to most.
func (r *Reader) Uint(most uint64) (n uint64, ok bool) { return whole(r.scalar(), most) }

func whole(digits []byte, most uint64) (n uint64, ok bool) {
	if len(digits) == 0 || !isDigit(digits[0]) {
		return 0, false // without an error of strconv, which allocates
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil || n > most {
		return 0, false
	}
	return n, true
}

// Number reads a whole number that N can hold.
func Number[N ~uint8 | ~uint16 | ~uint32 | ~uint64](r *Reader) N {
	n, _ := r.Uint(uint64(^N(0)))
	return N(n)
}

// Tally reads a number, or else true or false.
func (r *Reader) Tally() (n uint64, yes bool) {
	value := r.scalar()
	n, _ = whole(value, 1<<64-1)
	return n, string(value) == "true"
}

// scalar reads a number, true, false or null.
func (r *Reader) scalar() []byte {
	switch r.peek() {
	case '{', '[', '"':
		r.Skip()
		return nil
	}
	return r.literal()
}

// string reads a string, without its quotes.
func (r *Reader) string() (text []byte, plain bool) {
	if r.peek() != '"' {
		r.Skip()
		return nil, true
	}
	return r.quoted()
}

// peek returns the next byte that is no white space, or 0 at the end and after a fault.
func (r *Reader) peek() byte {
	for len(r.left) > 0 {
		switch c := r.left[0]; c {
		case ' ', '\t', '\n', '\r':
			r.left = r.left[1:]
		default:
			return c
		}
	}
	return 0
}

func (r *Reader) fail() bool {
	r.left, r.bad = nil, true
	return false
}

// literal reads a number, true, false or null (RFC 8259, 3 and 6).
func (r *Reader) literal() []byte {
	n := 0
	for n < len(r.left) && (isDigit(r.left[n]) || bytes.IndexByte([]byte("+-.Eaeflnrstu"), r.left[n]) >= 0) {
		n++
	}
	text := r.left[:n]
	switch string(text) {
	case "true", "false", "null":
	default:
		if !isNumber(text) {
			r.fail()
			return nil
		}
	}
	r.left = r.left[n:]
	return text
}

func isNumber(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("-"))
	digits := digitsOf(text)
	if digits == 0 || digits > 1 && text[0] == '0' {
		return false
	}
	text = text[digits:]
	if len(text) > 0 && text[0] == '.' {
		if digits = digitsOf(text[1:]); digits == 0 {
			return false
		}
		text = text[1+digits:]
	}
	if len(text) > 0 && text[0]|0x20 == 'e' {
		text = text[1:]
		if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		if digits = digitsOf(text); digits == 0 {
			return false
		}
		text = text[digits:]
	}
	return len(text) == 0
}

func digitsOf(text []byte) (n int) {
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
