package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

const sampleList = `
cmd/tlsfloor
  an error of the program  [error, main.go:15]
  not "<text>" on a Mac, by <number>  [error, other_darwin.go:5]
  run <text>: <cause>  [error, main.go:51]
  this cannot be  [fault, main.go:38]
  the ` + "`name`" + ` of somebody  [help, main.go:34]
  "<text>", and at most <number>  [message, main.go:41]
  <text> is padded  [message, main.go:40]
  a nil goroutine  [message, main.go:55]
  after all: <cause>, and it ends  [message, main.go:43]
  name <text>, <number> % of <time>, <number>  [message, main.go:35]
  sample: <text>  [message, main.go:61]
  shapes: <text>, <text>  [message, main.go:53]
  sides: <text> of <text>  [message, main.go:54]
  two times the same  [message, main.go:44, main.go:45]
  a value of several words  [text, main.go:17]
  the name of a cause  [text, main.go:26]

16 texts
`

const sampleFlaws = `cmd/tlsfloor/main.go:55: has the word nil: "a nil goroutine"
cmd/tlsfloor/main.go:55: has the word goroutine: "a nil goroutine"
cmd/tlsfloor/main.go:53: prints a tlsfloor/cmd/tlsfloor.shape as Go prints it: "shapes: <text>, <text>"
cmd/tlsfloor/main.go:53: prints what only Go's programmers read: %+v: "shapes: <text>, <text>"
cmd/tlsfloor/main.go:54: prints a []int as Go prints it: "sides: <text> of <text>"
cmd/tlsfloor/main.go:54: prints what only Go's programmers read: %T: "sides: <text> of <text>"
`

// TestSample lists a program that has each kind of text, and texts that nobody sees.
func TestSample(t *testing.T) {
	all, err := list("testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if write(&out, all); out.String() != sampleList {
		t.Errorf("it lists\n%s\nand not\n%s", &out, sampleList)
	}
	out.Reset()
	if n := writeFlaws(&out, all); n != 3 || out.String() != sampleFlaws {
		t.Errorf("%d with these flaws\n%s\nand not\n%s", n, &out, sampleFlaws)
	}
}

// listed is the list of tlsfloor itself.
var listed = sync.OnceValues(func() ([]*message, error) { return list("../../..") })

// TestProgram lists the messages of tlsfloor: some of each kind have to be there, and none
// has a flaw that a program can find.
func TestProgram(t *testing.T) {
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Errorf("%d texts", len(all))
	}
	for _, want := range []message{
		{pkg: "cmd/internal/emit/config", kind: anError, text: "keep needs rotate or every"},
		{pkg: "capture/live", kind: anError, text: "no permission to capture"},
		{pkg: "cmd/internal/blind", kind: otherText, text: "packet* dropped by the kernel"},
		{pkg: "classify/policy", kind: otherText, text: "no ClientHello seen"},
		{pkg: "cmd/internal/metrics", kind: otherText, text: "What could not be seen, by cause."},
		{pkg: "capture/proc", kind: anError, text: "finding processes is supported on Linux only"},
	} {
		if !slices.ContainsFunc(all, func(m *message) bool { return m.pkg == want.pkg && m.kind == want.kind && m.text == want.text }) {
			t.Errorf("%s, %s: %q is not in the list", want.pkg, want.kind, want.text)
		}
	}
	var flaws strings.Builder
	if writeFlaws(&flaws, all) > 0 {
		t.Errorf("texts with flaws, which \"make messages\" prints at its end:\n%s", &flaws)
	}
	for _, m := range all {
		if strings.Contains(m.pkg, "testing") || strings.Contains(m.pkg, "attacker") {
			t.Errorf("%s is no part of the program", m.pkg)
		}
	}
}

// TestPagesQuoteTheProgram checks that the program writes what the pages say it does.
func TestPagesQuoteTheProgram(t *testing.T) {
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	wrong, checked := checkQuotes(string(page), all)
	for _, s := range wrong {
		t.Errorf("docs/troubleshooting.md: the program does not write %q", s)
	}
	if checked < 50 {
		t.Errorf("%d sentences: the page is not read as it is meant", checked)
	}
	changed := strings.Replace(string(page), "no permission to capture: run", "no permission to see: run", 1)
	if wrong, _ := checkQuotes(changed, all); len(wrong) != 1 {
		t.Errorf("of a quote that was changed: %q", wrong)
	}
}

func TestQuotable(t *testing.T) {
	q := newQuotable([]*message{
		{text: "opening <text>: <cause>"}, {text: "no permission to capture"}, {text: "<text>: <cause>"},
		{text: "packet* of <number> bytes. Give more (-B), or use --workers."}, {text: "%s or better, and no less"},
	})
	for text, want := range map[string]bool{
		"no permission to capture":            true,
		"no permission to capture it":         false,
		"opening a: no permission to capture": true, // as two sentences, or one
		"packets of 12 bytes":                 true,
		"packet of 1,234 bytes":               true,
		"packet of many bytes":                false,
		"Give more (-B), or use --workers":    true,
		"TLSv1.2 or better, and no less":      true,
		"permission denied":                   false,
	} {
		got := true
		for _, s := range sentences(text) {
			got = got && (q.has(s) || ofSystem(s))
		}
		if text == "permission denied" {
			got = q.has(text)
		}
		if got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
