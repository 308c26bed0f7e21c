package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cacheOf makes a cache of one target's inputs, each with what it reaches as its
// content, a word a block; "panic" fails.
func cacheOf(t *testing.T, inputs map[string]string) *keeper {
	t.Helper()
	k := &keeper{cache: t.TempDir(), root: t.TempDir(), folder: "parse", name: "FuzzX"}
	if err := os.MkdirAll(k.cached(""), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range inputs {
		if err := os.WriteFile(k.cached(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k.runs = func(_ context.Context, names []string) (coverage, error) {
		reached := coverage{}
		for _, name := range names {
			text, err := os.ReadFile(k.seed(name)) // where the test binary looks
			if err != nil {
				return nil, err
			}
			for _, block := range strings.Fields(string(text)) {
				if block == "panic" {
					return nil, errFails
				}
				reached[block] = true
			}
		}
		return reached, nil
	}
	return k
}

// kept are the inputs that are kept of those in the cache.
func (k *keeper) keptOf(t *testing.T) (names []string) {
	t.Helper()
	list, err := k.candidates()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.choose(t.Context(), list, coverage{"seed": true}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(k.seed("*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

func TestWhatReachesMoreIsKept(t *testing.T) {
	k := cacheOf(t, map[string]string{
		"known": "seed", "part": "seed a", "again": "seed seed a", "most": "seed a bb ccc", "rest": "seed d", "fails": "seed panic eeee", "long": "f " + strings.Repeat("x", maxInput),
	})
	if got, want := k.keptOf(t), []string{"most", "rest"}; !slices.Equal(got, want) || k.failed != 1 || k.kept != 2 || k.bytes != 19 {
		t.Errorf("kept %q of %d bytes, %d failed; want %q", got, k.bytes, k.failed, want)
	}
}

func TestBoundsOfWhatIsKept(t *testing.T) {
	many := map[string]string{}
	for i := range 300 {
		many[string(rune('A'+i))] = strings.Repeat("x", i) + " seed"
	}
	k := cacheOf(t, many)
	if got := k.keptOf(t); len(got) != maxInputs {
		t.Errorf("%d inputs of one target kept", len(got))
	}
	if got := k.keptOf(t); len(got) != maxInputs {
		t.Errorf("%d inputs of one target kept by two runs", len(got))
	}
	k = cacheOf(t, many)
	k.bytes = maxTotal - 10
	if got := k.keptOf(t); len(got) > 2 || k.bytes > maxTotal {
		t.Errorf("%d inputs kept, %d bytes in all", len(got), k.bytes)
	}
}

func TestParseProfile(t *testing.T) {
	c, err := parseProfile([]byte("mode: set\na.go:1.2,3.4 5 1\na.go:5.2,6.4 1 0\n"))
	if err != nil || len(c) != 1 || c.beyond(coverage{}) != 1 || c.beyond(c) != 0 {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := parseProfile([]byte("mode: count\na.go:1.2,3.4 5 17\n")); err == nil {
		t.Error("a profile of counts is taken")
	}
}

func TestFindTargets(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"a/x_test.go": "package a\n\nfunc FuzzTwo(f *testing.F) {\n}\n\nfunc FuzzOne(f *testing.F) { fuzz(f) }\n\nfunc Fuzzy() {}\n",
		"b/x.go":      "package b\n\nfunc FuzzNone(f *testing.F) {}\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findTargets(root)
	if err != nil || len(got) != 1 || got[0].folder != "a" || !slices.Equal(got[0].targets, []string{"FuzzOne", "FuzzTwo"}) {
		t.Errorf("%v, %v", got, err)
	}
}
