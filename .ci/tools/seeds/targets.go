package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// fuzzed is a package with fuzz targets.
type fuzzed struct {
	folder  string // relative to the repository
	targets []string
}

var declaration = regexp.MustCompile(`(?m)^func (Fuzz[A-Z]\w*)\(`)

// findTargets finds the fuzz targets of the repository, by folder.
func findTargets(root string) (list []fuzzed, err error) {
	targets := map[string][]string{}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && e.Name() == ".ci" {
			return fs.SkipDir
		}
		if matched, _ := filepath.Match("*_test.go", e.Name()); !matched {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range declaration.FindAllSubmatch(text, -1) {
			targets[folder] = append(targets[folder], string(m[1]))
		}
		return nil
	})
	for folder, names := range targets {
		slices.Sort(names)
		list = append(list, fuzzed{folder, names})
	}
	slices.SortFunc(list, func(a, b fuzzed) int {
		if a.folder < b.folder {
			return -1
		}
		return 1
	})
	return list, err
}
