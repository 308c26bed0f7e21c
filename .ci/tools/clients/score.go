package main

import (
	"fmt"
	"slices"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse/fingerprint"
	"tlsfloor/tools/floors"
)

// grade is how good an answer is.
type grade int

const (
	right    grade = iota // a library that the program has
	unknown               // no answer
	wrongLow              // another library, at low confidence
	wrong                 // another library, at medium or high confidence
	grades
)

// tally counts kinds of hello and flows by grade.
type tally struct {
	kinds, flows [grades]float64
}

// share returns the part of all that list has in a grade.
func share(list [grades]float64, g grade) float64 {
	all := 0.0
	for _, n := range list {
		all += n
	}
	if all == 0 {
		return 0
	}
	return list[g] / all
}

// leftOut counts kinds of hello and flows of which the library is not known: all, those
// below TLS 1.2, and those below it that tlsfloor has a name for.
type leftOut struct {
	kinds, flows, lowKinds, lowFlows, lowNamed float64
}

// result is the answer for one kind of hello.
type result struct {
	*kind
	truth
	answer *classify.Software
	grade  grade
}

// score has all results.
type score struct {
	mapping  mapping
	results  []result
	excluded map[string]*leftOut // by the reason
	// tallies of kinds below TLS 1.2 and of all, by group: "all", "half A", "library nss",
	// "confidence low", "called tls-inspection".
	below, all map[string]*tally
	groups     []string
}

func newScore(kinds []*kind, m mapping) (*score, error) {
	s := &score{mapping: m, excluded: map[string]*leftOut{}, below: map[string]*tally{}, all: map[string]*tally{}}
	identifier, maker := client.NewIdentifier(), fingerprint.NewMaker()
	for _, k := range kinds {
		r := result{kind: k, truth: m.truth(k)}
		prints := maker.Client(&k.hello)
		r.answer = identifier.Hello(&k.hello, k.record, prints.JA3, prints.JA4)
		if len(r.libraries) == 0 {
			s.exclude(r)
			continue
		}
		r.grade = gradeOf(r.answer, r.libraries)
		s.results = append(s.results, r)
		for _, group := range groupsOf(r) {
			s.count(group, r)
		}
	}
	if len(s.results) == 0 {
		return nil, fmt.Errorf("clients: the mapping knows no program of the list")
	}
	return s, nil
}

func (s *score) exclude(r result) {
	l := s.excluded[r.excluded]
	if l == nil {
		l = &leftOut{}
		s.excluded[r.excluded] = l
	}
	l.kinds, l.flows = l.kinds+1, l.flows+r.flows()
	if !r.below12() {
		return
	}
	l.lowKinds, l.lowFlows = l.lowKinds+1, l.lowFlows+r.flows()
	if r.answer != nil {
		l.lowNamed += r.flows()
	}
}

// flows returns all flows of a kind.
func (k *kind) flows() (sum float64) {
	for _, s := range k.senders {
		sum += s.flows
	}
	return sum
}

func groupsOf(r result) []string {
	list := []string{"all", "half " + r.half(), "library " + strings.Join(r.libraries, " or ")}
	if r.answer != nil {
		list = append(list, "confidence "+r.answer.Confidence.String())
		if familyOf(r.answer.ID) == "inspection" {
			list = append(list, "called "+r.answer.ID)
		}
	}
	return list
}

// count adds a result to a group. Flows count by the library of their own process.
func (s *score) count(group string, r result) {
	for _, t := range []map[string]*tally{s.below, s.all} {
		if t[group] == nil {
			t[group] = &tally{}
		}
	}
	if !slices.Contains(s.groups, group) {
		s.groups = append(s.groups, group)
	}
	s.add(s.all[group], r)
	if r.below12() {
		s.add(s.below[group], r)
	}
}

func (s *score) add(t *tally, r result) {
	t.kinds[r.grade]++
	for _, sender := range r.truth.senders {
		t.flows[gradeOf(r.answer, s.mapping.find(sender.process).libraries)] += sender.flows
	}
}

// gradeOf compares an answer with the libraries that a program can have.
func gradeOf(s *classify.Software, libraries []string) grade {
	switch {
	case s == nil:
		return unknown
	case slices.Contains(libraries, familyOf(s.ID)):
		return right
	case s.ID == "nodejs" && slices.Contains(libraries, "openssl") && slices.Contains(libraries, "nodejs"):
		return right
	case s.Confidence == classify.Low:
		return wrongLow
	}
	return wrong
}

// familyOf returns the id of a library without its generation.
func familyOf(id string) string {
	switch family, _, _ := strings.Cut(id, "-"); family {
	case "openssl", "schannel":
		return family
	case "java":
		return "java-jsse"
	case "tls": // tls-inspection
		return "inspection"
	}
	return id
}

// figures are the shares that have floors.
func (t *tally) figures() map[string]float64 {
	return map[string]float64{
		"right_kinds":     share(t.kinds, right),
		"right_flows":     share(t.flows, right),
		"not_wrong_kinds": 1 - share(t.kinds, wrong),
		"not_wrong_flows": 1 - share(t.flows, wrong),
	}
}

// compare returns an error for each figure below its floor.
func (s *score) compare(f floors.Floors) error {
	if err := f.Compare("below", s.below["all"].figures()); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	if err := f.Compare("all", s.all["all"].figures()); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	return nil
}
