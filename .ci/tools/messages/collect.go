package main

import (
	"cmp"
	"maps"
	"slices"
)

// message is a text of the program.
type message struct {
	pkg    string // below the module
	kind   kind
	text   string   // with <text> and the like for what the program fills in
	places []string // file and line, of all that are the same
	flaws  []string
}

// kind is what a text is.
type kind string

const (
	anError   kind = "error"   // the text of an error
	aMessage  kind = "message" // written or formatted for a person
	help      kind = "help"    // of an option
	aFault    kind = "fault"   // of a panic: a fault of the program's own
	otherText kind = "text"    // of several words; used elsewhere
)

// collection holds messages, each once.
type collection map[message1]*message

// message1 is what two messages that are the same have in common.
type message1 struct {
	pkg  string
	kind kind
	text string
}

func newCollection() collection { return collection{} }

func (c collection) add(pkg string, k kind, text, place string, flaws []string) {
	key := message1{pkg, k, text}
	m := c[key]
	if m == nil {
		m = &message{pkg: pkg, kind: k, text: text}
		c[key] = m
	}
	m.places = append(m.places, place)
	for _, f := range flaws {
		if !slices.Contains(m.flaws, f) {
			m.flaws = append(m.flaws, f)
		}
	}
}

// sorted returns all messages by package, kind and text.
func (c collection) sorted() []*message {
	return slices.SortedFunc(maps.Values(c), func(a, b *message) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.kind, b.kind), cmp.Compare(a.text, b.text))
	})
}
