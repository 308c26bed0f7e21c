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

// event is a line of "go test -json": see "go doc test2json", and "go help buildjson" for
// builds.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// test identifies a test, or a package if the name is empty.
type test struct{ pkg, name string }

// results are the results of a run of "go test".
type results struct {
	out     io.Writer
	verbose bool
	output  map[test]string // of tests that have not ended
	passed  int
	failed  int
	skipped map[string][]test // by reason
}

func newResults(out io.Writer, verbose bool) *results {
	return &results{out: out, verbose: verbose, output: map[test]string{}, skipped: map[string][]test{}}
}

// read reads the output of "go test -json". It prints lines that are not JSON, which the
// test binary may have written itself.
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
			r.output[t] += e.Output
		}
	case "pass", "fail", "skip":
		r.end(t, e.Action)
		delete(r.output, t)
	}
}

// end notes the result of a test or of a package.
func (r *results) end(t test, how string) {
	switch {
	case t.name == "" && how == "fail": // the process ended during tests: print their output
		for _, unfinished := range slices.SortedFunc(maps.Keys(r.output), test.compare) {
			if unfinished.pkg == t.pkg {
				r.print(r.output[unfinished])
				delete(r.output, unfinished)
			}
		}
	case t.name == "":
	case how == "fail":
		r.failed++
		r.print(r.output[t])
	case how == "skip":
		reason := reasonIn(r.output[t])
		r.skipped[reason] = append(r.skipped[reason], t)
	default:
		r.passed++
	}
}

// print prints the output of a test, unless it was printed at once.
func (r *results) print(text string) {
	if r.verbose {
		return
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
}

// place matches the beginning of a line that a test logs.
var place = regexp.MustCompile(`^ +[^ :]+\.go:\d+: `)

// reasonIn finds the reason for which a test was skipped: its last log line.
func reasonIn(text string) string {
	reason := "no reason is given"
	for line := range strings.Lines(text) {
		if at := place.FindStringIndex(line); at != nil {
			reason = strings.TrimSpace(line[at[1]:])
		}
	}
	return reason
}

func (t test) compare(o test) int {
	return cmp.Or(strings.Compare(t.pkg, o.pkg), strings.Compare(t.name, o.name))
}

// summarise prints the number of tests, and the skipped ones by reason, the most frequent
// first.
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

// listSkipped prints tests, one line for each package.
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
