package blind

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tlsfloor/classify/event"
)

// Spot is one blind spot of a run: what could not be seen for one cause.
type Spot struct {
	Cause Cause
	Count uint64
	// Top breaks Count down, for causes that do: the most frequent items, at most
	// MaxTop, in falling order.
	Top []Item
}

// Item is a part of what a Spot counts. It has a name, or a number under which IANA
// or IEEE registered a protocol.
type Item struct {
	Name     string // for a number, its registered name; may be empty
	Number   uint32
	Numbered bool // Number is set
	Count    uint64
}

const (
	// MaxTop bounds the items of a Spot.
	MaxTop = 16
	// shown is how many of them Text names.
	shown = 4
)

// Text says what was not seen, without Count: "packets of an IP protocol that is
// not read, and may carry TCP: 50 ESP (7), 108 IPComp (2)". It is printable ASCII,
// whatever names the items have, and each name takes at most maxName columns.
func (s *Spot) Text() string {
	text := s.Cause.noun(s.Count)
	if len(s.Top) == 0 {
		return text
	}
	items := make([]string, 0, shown+1)
	for i := range s.Top[:min(len(s.Top), shown)] {
		items = append(items, s.item(&s.Top[i]))
	}
	if s.others() {
		items = append(items, "and others")
	}
	return text + ": " + strings.Join(items, ", ")
}

// others reports whether something was counted that Text does not name.
func (s *Spot) others() bool {
	if len(s.Top) > shown {
		return true
	}
	sum := uint64(0)
	for i := range s.Top {
		sum += s.Top[i].Count
	}
	return sum < s.Count && s.Cause != cutHellos
}

// item returns a text like "50 ESP (7)", without the count where it is all of s.
func (s *Spot) item(i *Item) string {
	text := shortened(i.Name)
	if i.Numbered {
		text = strconv.FormatUint(uint64(i.Number), 10)
		if s.Cause == unreadEtherTypes {
			text = fmt.Sprintf("0x%04x", i.Number)
		}
		if i.Name != "" {
			text += " " + shortened(i.Name)
		}
	}
	if i.Count != s.Count {
		text += " (" + Digits(i.Count) + ")"
	}
	return text
}

// maxName bounds a name in a text, in columns. A longer name loses its beginning:
// the end of a path says most.
const maxName = 60

func shortened(name string) string {
	b := []byte(name)
	if len(b) > maxName {
		b = b[len(b)-maxName:]
		copy(b, "...")
	}
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// Digits writes n with its digits in groups of three: "1,234".
func Digits(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Merge adds up the spots of several runs, cause by cause.
func Merge(spots ...Spot) []Spot {
	var all []Spot
	for c := range Cause(NumCauses) {
		sum := Spot{Cause: c}
		for i := range spots {
			if spots[i].Cause == c {
				sum.Count += spots[i].Count
				sum.Top = append(sum.Top, spots[i].Top...)
			}
		}
		if sum.Count > 0 {
			sum.Top = top(sum.Top)
			all = append(all, sum)
		}
	}
	return all
}

// top adds up equal items and returns the MaxTop most frequent.
func top(items []Item) []Item {
	type key struct {
		name     string
		number   uint32
		numbered bool
	}
	sums := make(map[key]uint64)
	for _, i := range items {
		sums[key{i.Name, i.Number, i.Numbered}] += i.Count
	}
	out := make([]Item, 0, len(sums))
	for k, n := range sums {
		out = append(out, Item{k.name, k.number, k.numbered, n})
	}
	slices.SortFunc(out, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	if len(out) == 0 {
		return nil
	}
	return out[:min(len(out), MaxTop)]
}

// ForEvent converts spots for a stats event.
func ForEvent(spots []Spot) []event.Spot {
	all := make([]event.Spot, 0, len(spots))
	for i := range spots {
		s := event.Spot{Cause: spots[i].Cause.String(), Count: spots[i].Count, Text: spots[i].Text()}
		for _, item := range spots[i].Top {
			one := event.Item{Name: item.Name, Count: item.Count}
			if item.Numbered {
				one.Number = &item.Number
			}
			s.Top = append(s.Top, one)
		}
		all = append(all, s)
	}
	return all
}
