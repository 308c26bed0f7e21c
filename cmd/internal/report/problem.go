package report

import (
	"cmp"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/jsontext"
)

// problem is what has to change: on which side, by which guide, and the summary of the
// advice where it is not that of the guide.
type problem struct {
	fix            classify.Fix
	guide, summary string
}

// maxSentence bounds a reason and a summary, in bytes.
const maxSentence = 300

func problemOf(f *classify.Finding) problem {
	of := problem{fix: f.Fix}
	if f.Advice == nil {
		return of
	}
	of.guide = f.Advice.ID
	if g, ok := advice.Lookup(f.Advice.ID); !ok || g.Summary != f.Advice.Summary {
		of.summary = beginning(f.Advice.Summary, maxSentence)
	}
	return of
}

func (a problem) compare(b problem) int {
	if c := cmp.Compare(a.fix, b.fix); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.guide, b.guide), strings.Compare(a.summary, b.summary))
}

// side says who has to change.
func (a *problem) side() string {
	switch a.fix {
	case classify.FixClient:
		return "the client has to change"
	case classify.FixServer:
		return "the server has to change"
	}
	return "who has to change is not known"
}

// with is a thing that flows with a problem have in common.
type with[K ordered[K]] struct {
	what K
	problem
}

// compare orders by the thing first: where room is short, it is short for all problems.
func (a with[K]) compare(b with[K]) int {
	if c := a.what.compare(b.what); c != 0 {
		return c
	}
	return a.problem.compare(b.problem)
}

// reason is why a flow is flagged, in one clause.
type reason string

func reasonOf(f *classify.Finding) reason {
	return reason(beginning(jsontext.LocalText(f.Reason), maxSentence))
}

func (r reason) compare(o reason) int { return strings.Compare(string(r), string(o)) }

func (r *reason) text() string { return printable(string(*r)) }
