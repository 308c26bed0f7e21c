package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPages checks that the targets of links in the pages exist, files and headings, and
// all paths in CONTRIBUTING.
func TestPages(t *testing.T) {
	pages := readPages(t)
	for path, text := range pages {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if problem := follow(pages, path, m[1]); problem != "" {
				t.Errorf("%s: %s: %s", path, m[1], problem)
			}
		}
	}
	contributing := filepath.Join(repository, ".github", "CONTRIBUTING.md")
	paths := regexp.MustCompile("`([a-z.][a-zA-Z0-9_.-]*(?:/[a-zA-Z0-9_.-]+)+)`").FindAllStringSubmatch(pages[contributing], -1)
	if len(paths) < 40 {
		t.Fatalf("%d paths in CONTRIBUTING: the page is not read as it is meant", len(paths))
	}
	for _, m := range paths {
		if placeholder(m[1]) {
			continue
		}
		if _, err := os.Stat(filepath.Join(repository, m[1])); err != nil {
			t.Errorf("CONTRIBUTING names %s, which is not there", m[1])
		}
	}
}

// TestCoverageNamesTests checks that the tests that docs/coverage.md names exist.
func TestCoverageNamesTests(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir(repository, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(repository, "docs", "coverage.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(page), -1)
	if len(named) < 40 {
		t.Fatalf("%d tests are named: the page is not read as it is meant", len(named))
	}
	for _, name := range named {
		if !there[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// placeholder reports whether a path has a part that the reader fills in: NAME, ID.
func placeholder(path string) bool {
	base, _, _ := strings.Cut(filepath.Base(path), ".")
	return base == strings.ToUpper(base)
}

// readPages reads every page of the repository, by its path from here.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules"}, d.Name()):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		pages[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 10 {
		t.Fatalf("%d pages", len(pages))
	}
	return pages
}

// follow returns what is wrong with a link of a page, or "". It does not check links out of
// the repository.
func follow(pages map[string]string, from, link string) string {
	if strings.Contains(link, "://") {
		return ""
	}
	path, anchor, _ := strings.Cut(link, "#")
	to := from
	if path != "" {
		to = filepath.Join(filepath.Dir(from), path)
	}
	if _, err := os.Stat(to); err != nil {
		return "it is not there"
	}
	if anchor != "" && !slices.Contains(anchors(pages[to]), anchor) {
		return "there is no such heading"
	}
	return ""
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(text string) (names []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		names = append(names, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return names
}
