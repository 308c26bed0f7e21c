package client

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// pattern describes a list. In a table it is a row of tokens:
//
//	10    this value comes next
//	10?   this value comes next, or is not there
//	*     any values; at most once. Without it, the pattern is of the whole list
//	+10   the list has it somewhere
//	!10   the list does not have it
//	-     the list is empty
//
// A pattern of + and ! alone fits any order.
type pattern struct {
	front, back []item // before and after *
	open        bool   // there is a *
	with        []uint16
	without     []uint16
	most        int // the longest list that can fit
	needs       set // what each list that fits has
}

// set is a set of values that may hold others too: each value has one of 64 bits. Most
// lists are told by it that they do not fit, without a walk.
type set uint64

func setOf(list []uint16) (s set) {
	for _, v := range list {
		s |= bit(v)
	}
	return s
}

// bit spreads neighbouring values, as ciphers and extensions are, over all bits.
func bit(v uint16) set { return 1 << (v * 0x9e37 >> 10) }

type item struct {
	value    uint16
	optional bool
}

// parsePattern reads a pattern. It returns nil for an empty one, which fits all lists.
func parsePattern(text string) (*pattern, error) {
	if text == "" {
		return nil, nil
	}
	p, ordered := &pattern{}, false
	for _, token := range strings.Fields(text) {
		switch {
		case token == "-":
			ordered = true
		case token == "*" && p.open:
			return nil, fmt.Errorf("pattern %q: a second *", text)
		case token == "*":
			p.open, ordered = true, true
		default:
			placed, err := p.add(token)
			if err != nil {
				return nil, err
			}
			ordered = ordered || placed
		}
	}
	p.open = p.open || !ordered
	p.measure()
	return p, nil
}

// measure sets most and needs.
func (p *pattern) measure() {
	p.needs = setOf(p.with)
	for _, i := range slices.Concat(p.front, p.back) {
		p.most++
		if !i.optional {
			p.needs |= bit(i.value)
		}
	}
	if p.open {
		p.most = math.MaxInt
	}
}

// add adds a token with a number. placed tells whether it has a place in the order.
func (p *pattern) add(token string) (placed bool, err error) {
	digits := strings.Trim(token, "+!?")
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return false, fmt.Errorf("pattern: token %q is no 16-bit number", token)
	}
	value := uint16(n)
	switch token {
	case "+" + digits:
		p.with = append(p.with, value)
		return false, nil
	case "!" + digits:
		p.without = append(p.without, value)
		return false, nil
	case digits, digits + "?":
		p.place(item{value, token != digits})
		return true, nil
	}
	return false, fmt.Errorf("pattern: token %q is not understood", token)
}

func (p *pattern) place(i item) {
	if p.open {
		p.back = append(p.back, i)
	} else {
		p.front = append(p.front, i)
	}
}

// may reports whether a list of n values can fit p. It is false of most that do not.
func (p *pattern) may(has set, n int) bool {
	return p == nil || p.needs&^has == 0 && n <= p.most
}

// fits reports whether list fits p; all lists fit a nil pattern. Each element is matched
// with the first token that it can be, so a pattern must not have a value twice.
func (p *pattern) fits(list []uint16) bool {
	return p == nil || p.inOrder(list) && p.inside(list)
}

func (p *pattern) inOrder(list []uint16) bool {
	n, ok := leading(p.front, list)
	if !ok {
		return false
	}
	if list = list[n:]; !p.open {
		return len(list) == 0
	}
	return trailing(p.back, list)
}

// leading returns how many elements at the front of list match items.
func leading(items []item, list []uint16) (n int, ok bool) {
	for _, i := range items {
		switch {
		case n < len(list) && list[n] == i.value:
			n++
		case !i.optional:
			return n, false
		}
	}
	return n, true
}

// trailing reports whether the end of list matches items.
func trailing(items []item, list []uint16) bool {
	n := len(list)
	for _, i := range slices.Backward(items) {
		switch {
		case n > 0 && list[n-1] == i.value:
			n--
		case !i.optional:
			return false
		}
	}
	return true
}

func (p *pattern) inside(list []uint16) bool {
	for _, v := range p.with {
		if !slices.Contains(list, v) {
			return false
		}
	}
	for _, v := range p.without {
		if slices.Contains(list, v) {
			return false
		}
	}
	return true
}
