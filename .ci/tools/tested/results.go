package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is what "go test -json" writes: see "go doc test2json", and "go help
// buildjson" for what concerns a build.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// test names one, or with an empty name its package.
type test struct{ pkg, name string }

// results are those of a run of "go test".
type results struct {
	out     io.Writer
	verbose bool
	said    map[test]string // by tests that have not ended
	passed  int
	failed  int
	skipped map[string][]test // by reason
}

func newResults(out io.Writer, verbose bool) *results {
	return &results{out: out, verbose: verbose, said: map[test]string{}, skipped: map[string][]test{}}
}

// read takes what "go test -json" writes. A line that is not JSON is printed: the
// test binary may have written it past the testing package.
func (r *results) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				fmt.Fprintf(r.out, "%s", line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *results) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		if r.verbose || e.Test == "" && e.Output != "PASS\n" {
			fmt.Fprint(r.out, e.Output)
		}
		if e.Test != "" {
			r.said[t] += e.Output
		}
	case "pass", "fail", "skip":
		r.end(t, e.Action)
		delete(r.said, t)
	}
}

// end takes how a test has ended, or a package.
func (r *results) end(t test, how string) {
	switch {
	case t.name == "" && how == "fail": // what a test said that did not end: the process has
		for _, unfinished := range slices.SortedFunc(maps.Keys(r.said), test.compare) {
			if unfinished.pkg == t.pkg {
				r.print(r.said[unfinished])
				delete(r.said, unfinished)
			}
		}
	case t.name == "":
	case how == "fail":
		r.failed++
		r.print(r.said[t])
	case how == "skip":
		reason := reasonIn(r.said[t])
		r.skipped[reason] = append(r.skipped[reason], t)
	default:
		r.passed++
	}
}

// print prints what a test has said, unless that was printed as it came.
func (r *results) print(said string) {
	if r.verbose {
		return
	}
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
}

// place is how the testing package begins what a test logs.
var place = regexp.MustCompile(`^ +[^ :]+\.go:\d+: `)

// reasonIn finds what a test gave as the reason to skip it: what it logged last.
func reasonIn(said string) string {
	reason := "no reason is given"
	for line := range strings.Lines(said) {
		if at := place.FindStringIndex(line); at != nil {
			reason = strings.TrimSpace(line[at[1]:])
		}
	}
	return reason
}

func (t test) compare(o test) int {
	return cmp.Or(strings.Compare(t.pkg, o.pkg), strings.Compare(t.name, o.name))
}

// summarise prints how many tests there were, and which of them were skipped: the
// reason that most have first.
func (r *results) summarise() {
	skipped := 0
	for _, tests := range r.skipped {
		skipped += len(tests)
	}
	fmt.Fprintf(r.out, "tests: %d passed, %d failed, %d skipped\n", r.passed, r.failed, skipped)
	reasons := slices.SortedFunc(maps.Keys(r.skipped), func(a, b string) int {
		return cmp.Or(len(r.skipped[b])-len(r.skipped[a]), strings.Compare(a, b))
	})
	for _, reason := range reasons {
		fmt.Fprintf(r.out, "skipped %4d: %s\n", len(r.skipped[reason]), reason)
		r.listSkipped(r.skipped[reason])
	}
}

// listSkipped prints tests, a package a line.
func (r *results) listSkipped(tests []test) {
	slices.SortFunc(tests, test.compare)
	for i := 0; i < len(tests); {
		pkg, names := tests[i].pkg, []string(nil)
		for ; i < len(tests) && tests[i].pkg == pkg; i++ {
			names = append(names, tests[i].name)
		}
		fmt.Fprintf(r.out, "              %s: %s\n", strings.TrimPrefix(pkg, "tlsfloor/"), strings.Join(names, " "))
	}
}
