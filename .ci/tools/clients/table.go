package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// print writes the tables of docs/clients.md.
func (s *score) print(w io.Writer) {
	fmt.Fprintf(w, "%d kinds of hello of programs whose library is known\n\n", len(s.results))
	s.table(w, "below TLS 1.2", s.below)
	s.table(w, "all versions", s.all)
	s.printExcluded(w)
	s.printWrong(w)
}

func (s *score) table(w io.Writer, title string, tallies map[string]*tally) {
	fmt.Fprintf(w, "| %s | hellos | right | unknown | wrong, low | wrong, medium | flows | right | unknown | wrong, low | wrong, medium |\n", title)
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	slices.Sort(s.groups)
	for _, group := range s.groups {
		t := tallies[group]
		if sum(t.kinds) == 0 {
			continue
		}
		fmt.Fprintf(w, "| %s |", group)
		for _, list := range [][grades]float64{t.kinds, t.flows} {
			fmt.Fprintf(w, " %.0f |", sum(list))
			for g := range grades {
				fmt.Fprintf(w, " %.2f %% |", 100*share(list, g))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func sum(list [grades]float64) (all float64) {
	for _, n := range list {
		all += n
	}
	return all
}

// printExcluded prints what has no truth, most flows below TLS 1.2 first.
func (s *score) printExcluded(w io.Writer) {
	fmt.Fprintln(w, "| left out, because | hellos | flows | below 1.2: hellos | flows | of these named |\n|---|--:|--:|--:|--:|--:|")
	reasons := slices.SortedFunc(maps.Keys(s.excluded), func(a, b string) int {
		x, y := s.excluded[a], s.excluded[b]
		return cmp.Or(cmp.Compare(y.lowFlows, x.lowFlows), cmp.Compare(y.flows, x.flows), cmp.Compare(a, b))
	})
	for _, reason := range reasons {
		l := s.excluded[reason]
		named := "-"
		if l.lowFlows > 0 {
			named = fmt.Sprintf("%.0f %%", 100*l.lowNamed/l.lowFlows)
		}
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.0f | %.0f | %s |\n", reason, l.kinds, l.flows, l.lowKinds, l.lowFlows, named)
	}
	fmt.Fprintln(w)
}

// printWrong prints the answers that are wrong at medium or high confidence, most flows
// first.
func (s *score) printWrong(w io.Writer) {
	fmt.Fprintln(w, "| program | library | called | hellos | flows | below 1.2 |\n|---|---|---|--:|--:|--:|")
	type line struct{ program, library, called string }
	counts := map[line]*[3]float64{}
	for _, r := range s.results {
		for _, sender := range r.truth.senders {
			libraries := s.mapping.find(sender.process).libraries
			if gradeOf(r.answer, libraries) != wrong {
				continue
			}
			l := line{sender.process, strings.Join(libraries, " or "), strings.TrimSpace(r.answer.ID + " " + r.answer.Version)}
			if counts[l] == nil {
				counts[l] = new([3]float64)
			}
			counts[l][0]++
			counts[l][1] += sender.flows
			if r.below12() {
				counts[l][2] += sender.flows
			}
		}
	}
	lines := slices.SortedFunc(maps.Keys(counts), func(a, b line) int {
		return cmp.Or(cmp.Compare(counts[b][1], counts[a][1]), cmp.Compare(a.program+a.called, b.program+b.called))
	})
	for _, l := range lines {
		fmt.Fprintf(w, "| %s | %s | %s | %.0f | %.0f | %.0f |\n", l.program, l.library, l.called, counts[l][0], counts[l][1], counts[l][2])
	}
}

// list prints the hellos of a half that are not right, most flows first.
func (s *score) list(w io.Writer, half string) {
	results := slices.Clone(s.results)
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(b.flows(), a.flows()) })
	for _, r := range results {
		if r.half() != half || r.grade == right {
			continue
		}
		called := "unknown"
		if r.answer != nil {
			called = r.answer.ID + " " + r.answer.Confidence.String()
		}
		fmt.Fprintf(w, "%v\t%s\t%s\t%.0f\t%v\n\tciphers %s\n\textensions %s\n\tgroups %s\n", r.version, strings.Join(r.libraries, " or "), called, r.flows(), r.truth.senders,
			numbers(r.hello.CipherSuites.Len(), r.hello.CipherSuites.At), numbers(r.types()), numbers(r.hello.SupportedGroups.Len(), r.hello.SupportedGroups.At))
	}
}

// types are the types of the extensions, for numbers.
func (k *kind) types() (int, func(int) uint16) {
	var list []uint16
	for all := k.hello.Extensions; ; {
		typ, ok := all.NextType()
		if !ok {
			return len(list), func(i int) uint16 { return list[i] }
		}
		list = append(list, uint16(typ))
	}
}

func numbers(n int, at func(int) uint16) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprint(at(i))
	}
	return strings.Join(words, " ")
}
