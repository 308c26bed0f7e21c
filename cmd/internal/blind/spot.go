package blind

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Spot is one blind spot of a run.
type Spot struct {
	Cause Cause
	Count uint64
	// Top are the most frequent of what was counted, where they are told apart: at
	// most MaxTop, in falling order.
	Top []Item
}

// Item is one of the things that a Spot counts.
type Item struct {
	Name     string // or, of a number, the name it is registered under; may be empty
	Number   uint32
	Numbered bool
	Count    uint64
}

const (
	// MaxTop bounds the items of a Spot.
	MaxTop = 16
	// shown is how many of them a person is shown.
	shown = 4
)

// Text says what was not seen, without the number: "packets of an IP protocol
// that is not read, and may carry TCP: 50 ESP (7), 108 IPComp (2)". It is
// printable ASCII, whatever a file is called, and a name has maxName columns at
// most.
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

// others reports whether there are more than are shown.
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

// item is like "50 ESP (7)"; how many there were of it is said where it is not all.
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

// maxName bounds a name in a text, in columns. One that is too long keeps its end:
// of a path that says most.
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

// Digits writes n in groups of three: "1,234".
func Digits(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Merge adds up spots of several runs, in the order of their causes.
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

// top adds up equal items, and returns the most frequent.
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
