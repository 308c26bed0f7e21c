package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// A use in another package's test counts for packages below testing/, and for no
// others.
func TestCountExports(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                      "module example.test/m\n\ngo 1.24\n",
		"a/a.go":                      "package a\n\nfunc ByCode() {}\n\nfunc ByTest() {}\n\nfunc ByNobody() {}\n",
		"b/b.go":                      "package b\n\nimport \"example.test/m/a\"\n\nfunc f() { a.ByCode() }\n",
		"b/b_test.go":                 "package b\n\nimport (\n\"example.test/m/a\"\n\"example.test/m/testing/help\"\n)\n\nfunc g() { a.ByTest(); help.Inside() }\n",
		"b/outside_test.go":           "package b_test\n\nimport \"example.test/m/testing/help\"\n\nfunc g() { help.Outside() }\n",
		"testing/help/help.go":        "package help\n\nfunc Inside() {}\n\nfunc Outside() {}\n\nfunc ByItself() {}\n",
		"testing/help/help_test.go":   "package help_test\n\nimport \"example.test/m/testing/help\"\n\nfunc g() { help.ByItself() }\n",
		"testing/help/inside_test.go": "package help\n\nfunc g() { ByItself() }\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := load(folder, false)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := load(folder, true)
	if err != nil {
		t.Fatal(err)
	}
	exported, unused := countExports(all, tests)
	want := map[string]int{"example.test/m/a": 2, "example.test/m/testing/help": 1}
	if exported != 6 || !maps.Equal(unused, want) {
		t.Errorf("%d exported, unused %v, want 6 and %v", exported, unused, want)
	}
}
