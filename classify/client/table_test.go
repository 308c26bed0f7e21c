package client

import (
	"strings"
	"testing"

	"tlsfloor/classify"
)

// TestEverySoftwareCanBeNamed checks that softwareNames has only software that can be
// returned.
func TestEverySoftwareCanBeNamed(t *testing.T) {
	reached := map[string]bool{"go": true, "aws-cli-1": true} // by process.go itself
	for _, r := range helloRows {
		reached[r.software.ID] = true
	}
	for _, id := range executables {
		reached[id] = true
	}
	for _, f := range frameworks {
		reached[f.id] = true
	}
	for _, l := range libraryFiles {
		reached[l.id] = true
	}
	for _, id := range IDs() {
		if !reached[id] {
			t.Errorf("%s is named nowhere", id)
		}
		delete(reached, id)
	}
	for id := range reached {
		t.Errorf("%s has no name", id)
	}
}

// TestEveryRowHasAnOrigin also checks that rows which are not measured have low confidence,
// or two sources, with a semicolon between them.
func TestEveryRowHasAnOrigin(t *testing.T) {
	for i, r := range helloRows {
		kind, source, _ := strings.Cut(r.origin, ": ")
		switch {
		case source == "":
			t.Errorf("row %d, %s: origin %q", i, r.software.ID, r.origin)
		case kind == "unverified" && r.software.Confidence != classify.Low:
			t.Errorf("row %d, %s: %s, and unverified", i, r.software.ID, r.software.Confidence)
		case kind == "published" && r.software.Confidence != classify.Low && !strings.Contains(source, "; "):
			t.Errorf("row %d, %s: %s, and one source", i, r.software.ID, r.software.Confidence)
		case kind != "measured" && kind != "published" && kind != "unverified":
			t.Errorf("row %d, %s: origin %q", i, r.software.ID, r.origin)
		}
	}
}

func TestPattern(t *testing.T) {
	tests := []struct {
		pattern string
		list    []uint16
		want    bool
	}{
		{"", []uint16{1}, true},
		{"-", nil, true},
		{"-", []uint16{1}, false},
		{"1 2? 3", []uint16{1, 3}, true},
		{"1 2? 3", []uint16{1, 2, 3}, true},
		{"1 2? 3", []uint16{2, 3}, false},
		{"1 2? 3", []uint16{1, 3, 4}, false},
		{"1 *", []uint16{1, 9, 9}, true},
		{"1 * 9", []uint16{1, 5, 9}, true},
		{"1 * 8? 9", []uint16{1, 8, 9}, true},
		{"1 * 9", []uint16{1}, false},
		{"1 * 1", []uint16{1}, false},
		{"* 9", nil, false},
		{"+2 !3", []uint16{1, 2}, true},
		{"+2 !3", []uint16{1, 2, 3}, false},
		{"+2", []uint16{1}, false},
	}
	for _, test := range tests {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.fits(test.list); got != test.want {
			t.Errorf("%q and %v: %v", test.pattern, test.list, got)
		}
		if test.want && !p.may(setOf(test.list), len(test.list)) {
			t.Errorf("%q and %v: ruled out", test.pattern, test.list)
		}
	}
	for _, bad := range []string{"x", "70000", "1 * *", "+1?", "!!1"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestTablesRefuse checks that ill-formed rows of the embedded tables are errors.
func TestTablesRefuse(t *testing.T) {
	const head = "names\n"
	for _, bad := range []string{
		"nss", // too few columns
		"netscape\t\tNSS\tmedium\t-\t\t\t\t\tpublished: x",
		"nss\t\tNSS\thigh\t-\t\t\t\t\tpublished: x",
		"nss\t\tNSS\tmedium\t65536\t\t\t\t\tpublished: x",
		"nss\t\tNSS\tmedium\t\t\t\t\tmaybe\tpublished: x",
	} {
		if _, err := readHellos(head + bad); err == nil {
			t.Errorf("hellos.tsv: %q was read", bad)
		}
	}
	row := "nss\t\tNSS\tmedium\tabc\tmeasured: x"
	for _, bad := range []string{"nss", strings.Replace(row, "nss", "x", 1), row + "\n" + row} {
		if _, err := readFingerprints(head + bad); err == nil {
			t.Errorf("fingerprints.tsv: %q was read", bad)
		}
	}
}
