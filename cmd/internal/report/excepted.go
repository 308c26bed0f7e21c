package report

import (
	"cmp"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// maxExceptions bounds the exceptions that are kept: as many as a file has.
const maxExceptions = 1000

// exceptions are those that handshakes were excepted by.
type exceptions struct {
	flows uint64
	list  firsts[exception, uint64]
}

// exception is a classify.Exception, within bounds: it may be of an event that somebody
// has written.
type exception classify.Exception

func exceptionOf(e *classify.Exception) exception {
	bounded := func(text string) string { return beginning(jsontext.LocalText(text), maxSentence) }
	return exception{bounded(e.Owner), bounded(e.Reason), bounded(e.Until)}
}

// compare puts first what ends first.
func (a exception) compare(b exception) int {
	return cmp.Or(strings.Compare(a.Until, b.Until), strings.Compare(a.Owner, b.Owner), strings.Compare(a.Reason, b.Reason))
}

func (e *exceptions) add(f *classify.Finding) {
	n := spanOf(f).flows
	e.flows += n
	if count := e.list.at(exceptionOf(f.Exception), maxExceptions); count != nil {
		*count += n
	}
}

// maxOwners bounds the owners in a line.
const maxOwners = 4

// owners says by whom how many handshakes are excepted, and until when, in one line.
func (e *exceptions) owners() string {
	var parts []string
	left := e.flows
	for _, p := range e.list.byCount(func(n uint64) uint64 { return n })[:min(len(e.list.list), maxOwners)] {
		parts, left = append(parts, digits(p.value)+" by "+printable(p.key.Owner)+" until "+printable(p.key.Until)), left-p.value
	}
	if left > 0 {
		parts = append(parts, digits(left)+" by others")
	}
	return strings.Join(parts, ", ")
}

// exceptions lists why handshakes are not flagged that would be.
func (p *page) exceptions(e *exceptions, top int) {
	if e.flows == 0 {
		return
	}
	p.line("")
	p.line("%s", p.bold("Excepted")+": below the floor, and accepted by somebody:")
	p.line("")
	list, left := e.list.byCount(func(n uint64) uint64 { return n }), e.flows
	for _, one := range list[:shownOf(len(list), top)] {
		p.wrap(margin(digits(one.value)), printable("until "+one.key.Until+", "+one.key.Owner+": "+one.key.Reason))
		left -= one.value
	}
	if left > 0 {
		p.wrap(margin(digits(left)), "by other exceptions: --top 0 lists all")
	}
}
