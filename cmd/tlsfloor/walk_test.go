package main

import (
	"cmp"
	"fmt"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// repository is the path of the repository.
const repository = "../.."

// TestWalk compares docs/walk.md with the code: every function that it names exists in the
// named package, is called by a function that was named before, in the page's order, and is
// executed when the page's capture is read.
func TestWalk(t *testing.T) {
	w, err := parseWalk(readWalk(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(w.steps) < 30 || w.capture == "" {
		t.Fatalf("%d steps through the capture %q: the page is not read as it is meant", len(w.steps), w.capture)
	}
	code := sources{}
	for _, problem := range w.problems(t, code) {
		t.Error(problem)
	}
	if t.Failed() {
		return
	}
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	ran := execute(t, w)
	for _, s := range w.steps {
		for _, name := range s.names {
			if !slices.ContainsFunc(code.find(t, s.folder, name), ran.executed) {
				t.Errorf("step %d: %s was not executed for %s", s.number, name, w.capture)
			}
		}
	}
}

// TestWalkNotices checks wrong steps through a small program.
func TestWalkNotices(t *testing.T) {
	code := sources{"a": {}}
	code.add(t, "a", "a.go", `package a

		func loop() { t.take(next()); go run() }

		func next() {}

		func (t *T) take() { t.open(); t.close(); o.Deliver(t) }

		func (t *T) open() {}

		func (t *T) close() {}

		func deliver() {}

		func run() {}
	`)
	one := func(names ...string) step { return step{names: names} }
	took := []step{one("loop"), one("next"), one("T.take")}
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"nothing", append(took, one("T.open"), one("T.close"), step{names: []string{"deliver"}, section: 1, given: "Options.Deliver"}, step{names: []string{"run"}, section: 2, spawned: true}), ""},
		{"nothing, on the way", []step{one("loop", "next", "T.take", "T.open"), one("T.close")}, ""},
		{"a function that is not there", append(took, one("T.read")), "step 4: there is no function T.read in a"},
		{"another type's", append(took, one("S.open")), "step 4: there is no function S.open in a"},
		{"one that is not called", append(took, one("deliver")), "step 4: deliver is not called"},
		{"one that is called before", append(took, one("T.close"), one("T.open")), "step 5: T.open is not called"},
		{"an argument behind the call", []step{one("loop"), one("T.take"), one("next")}, "step 3: next is not called"},
		{"one that is called by what was left", append(took, step{names: []string{"run"}, section: 1, spawned: true}, step{names: []string{"T.close"}, section: 1}), "step 5: T.close is not called"},
		{"a field that nobody calls", append(took, step{names: []string{"deliver"}, given: "Options.Notice"}), "step 4: deliver is not called"},
		{"a function that is no goroutine", append(took, step{names: []string{"T.open"}, spawned: true}), "step 4: T.open is not called"},
		{"one on the way that is not called there", []step{one("loop", "T.close")}, "step 1: T.close is not called"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := walk{steps: slices.Clone(tt.steps)}
			for i := range w.steps {
				w.steps[i].number, w.steps[i].folder = i+1, "a"
			}
			got := strings.Join(w.problems(t, code), "\n")
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("the problems are %q; want %q", got, tt.want)
			}
		})
	}
	for _, page := range []string{"1. `loop` in `a`: what\n", "2. **`loop`** in `a`: what\n", "calls `loop()`\n"} {
		if _, err := parseWalk(page); err == nil {
			t.Errorf("%q is read as a page", page)
		}
	}
}

// walk is the page.
type walk struct {
	capture string // from the top of the repository
	steps   []step
}

// step is a function of the page, with the others that its step names.
type step struct {
	number  int
	section int
	folder  string   // of the package, in the repository
	names   []string // the step's own first: "Type.method" or "function"
	given   string   // "Options.Deliver": called by way of that field
	spawned bool     // the beginning of a goroutine
}

var (
	stepStart = regexp.MustCompile("^([0-9]+)\\. \\*\\*`([A-Za-z.]+)`\\*\\* in `([a-z/]+)`(?:, given as `([A-Za-z.]+)`)?(, a goroutine)?: ")
	mention   = regexp.MustCompile("`([A-Za-z.]+)\\(\\)`")
	onCapture = regexp.MustCompile(`(?m)^    ./tlsfloor -r (\S+)$`)
)

func readWalk(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, "docs", "walk.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func parseWalk(page string) (w walk, err error) {
	section := 0
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "## ") {
			section++
		}
		if m := stepStart.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[1])
			w.steps = append(w.steps, step{number, section, m[3], m[2:3], m[4], m[5] != ""})
		} else if line != "" && line[0] >= '0' && line[0] <= '9' {
			return w, fmt.Errorf("not the form of a step: %q", line)
		}
		for _, m := range mention.FindAllStringSubmatch(line, -1) {
			if len(w.steps) == 0 {
				return w, fmt.Errorf("%s is named before the first step", m[0])
			}
			s := &w.steps[len(w.steps)-1]
			s.names = append(s.names, m[1])
		}
	}
	for i, s := range w.steps {
		if s.number != i+1 {
			return w, fmt.Errorf("step %d has the number %d", i+1, s.number)
		}
	}
	if m := onCapture.FindStringSubmatch(page); m != nil {
		w.capture = m[1]
	}
	return w, nil
}

// problems returns which functions do not exist, are not called by an earlier one of the
// page, or are called earlier than the page says. A section may begin in any function that
// was named before it. Within a section the order is that of execution: after the page has
// returned to a caller, it must not name functions that this one called before.
func (w *walk) problems(t *testing.T, code sources) (problems []string) {
	t.Helper()
	var named, open []*function
	come := map[*function]int{} // how far the page has come in a function, in this section
	section := 0
	for _, s := range w.steps {
		fresh := s.section != section
		if fresh {
			section, open = s.section, nil
			clear(come)
		}
		for i, name := range s.names {
			found := code.find(t, s.folder, name)
			if len(found) == 0 {
				problems = append(problems, fmt.Sprintf("step %d: there is no function %s in %s", s.number, name, s.folder))
			}
			among := open
			if fresh && i == 0 {
				among = named
			}
			switch caller, at := s.calledFrom(i, among, come); {
			case caller != nil:
				come[caller] = at
				if depth := slices.Index(open, caller); depth >= 0 {
					open = open[:depth+1]
				} else {
					open = append(open, caller)
				}
			case i == 0 && (s.number == 1 || s.spawned && code.spawns(s.folder, last(name))):
			default:
				problems = append(problems, fmt.Sprintf("step %d: %s is not called, or not then, by a function named before it", s.number, name))
			}
			named, open = append(named, found...), append(open, found...)
		}
	}
	return problems
}

// calledFrom finds the call of the step's ith function, in the last of the given functions
// that has one after the page's position in it; nil: there is none.
func (s *step) calledFrom(i int, among []*function, come map[*function]int) (caller *function, at int) {
	name := last(s.names[i])
	switch {
	case i > 0:
	case s.number == 1 || s.spawned:
		return nil, 0
	case s.given != "":
		name = last(s.given)
	}
	for _, f := range slices.Backward(among) {
		for _, at := range f.calls[name] {
			if at > come[f] {
				return f, at
			}
		}
	}
	return nil, 0
}

// block is a piece of code that was executed.
type block struct{ line, column int }

// trace has the executed blocks of a run, by file.
type trace map[string][]block

// executed reports whether a part of a function's body was executed.
func (r trace) executed(f *function) bool {
	return slices.ContainsFunc(r[f.file], func(b block) bool {
		at := func(p token.Position) int {
			return cmp.Or(cmp.Compare(b.line, p.Line), cmp.Compare(b.column, p.Column))
		}
		return at(f.from) >= 0 && at(f.to) < 0
	})
}

// execute builds the command with coverage, and runs it on the capture. It is built without
// a profile, so that only the named packages are compiled again.
func execute(t *testing.T, w walk) trace {
	t.Helper()
	folder := t.TempDir()
	program, counts, text := filepath.Join(folder, "tlsfloor"), filepath.Join(folder, "counts"), filepath.Join(folder, "counts.txt")
	if err := os.Mkdir(counts, 0o755); err != nil {
		t.Fatal(err)
	}
	rooms := map[string]bool{}
	for _, s := range w.steps {
		rooms["tlsfloor/"+s.folder] = true
	}
	var list []string
	for folder := range rooms {
		list = append(list, folder)
	}
	slices.Sort(list)
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Env = append(os.Environ(), "GOCOVERDIR="+counts)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
	}
	run("go", "build", "-pgo=off", "-cover", "-coverpkg="+strings.Join(list, ","), "-o", program, ".")
	// In the sandbox it could not write the counts at its end.
	run(program, "--no-sandbox", "--quiet", "-r", filepath.Join(repository, w.capture))
	run("go", "tool", "covdata", "textfmt", "-i="+counts, "-o="+text)
	return readTrace(t, text)
}

// readTrace parses lines such as "tlsfloor/parse/record.go:54.52,57.3 2 1": the range, the
// number of statements, and how often they were executed.
func readTrace(t *testing.T, path string) trace {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := trace{}
	for _, line := range strings.Split(string(text), "\n") {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || name == "mode" || strings.HasSuffix(line, " 0") {
			continue
		}
		var b block
		if _, err := fmt.Sscanf(rest, "%d.%d,", &b.line, &b.column); err != nil {
			t.Fatalf("%s: %q: %v", path, line, err)
		}
		file := strings.TrimPrefix(name, "tlsfloor/")
		r[file] = append(r[file], b)
	}
	return r
}
