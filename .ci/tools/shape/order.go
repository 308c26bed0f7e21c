package main

import (
	"go/token"
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

func fileOf(p *packages.Package, at token.Pos) string {
	return filepath.Base(p.Fset.Position(at).Filename)
}

// order puts the files so that few arrows run from a later one to an earlier one,
// and returns the order, how many do, and how many arrows there are. It is the
// order of Eades, Lin and Smyth (1993), which is good and not always the best,
// with neighbours swapped as long as that helps.
func (a arrows) order() (files []string, up, all int) {
	left := map[string]bool{}
	for from, tos := range a {
		left[from] = true
		for to := range tos {
			left[to] = true
			all++
		}
	}
	var first, last []string
	for len(left) > 0 {
		file, in, out := a.next(left)
		if out == 0 && in > 0 {
			last = append(last, file)
		} else {
			first = append(first, file)
		}
		delete(left, file)
	}
	slices.Reverse(last)
	files = append(first, last...)
	a.improve(files)
	return files, a.up(files), all
}

// next is the file to take out of those that are left: one that nobody refers to,
// one that refers to nobody, or the one with the most arrows away from it.
func (a arrows) next(left map[string]bool) (file string, in, out int) {
	found := false
	for _, f := range slices.Sorted(maps.Keys(left)) {
		i, o := 0, 0
		for other := range left {
			if a[other][f] {
				i++
			}
			if a[f][other] {
				o++
			}
		}
		switch {
		case i == 0, o == 0:
			return f, i, o
		case !found || o-i > out-in:
			file, in, out, found = f, i, o, true
		}
	}
	return file, in, out
}

// up counts the arrows from a later file to an earlier one.
func (a arrows) up(files []string) (n int) {
	for i, from := range files {
		for _, to := range files[:i] {
			if a[from][to] {
				n++
			}
		}
	}
	return n
}

func (a arrows) improve(files []string) {
	for better := true; better; {
		better = false
		for i := range len(files) - 1 {
			if a[files[i+1]][files[i]] && !a[files[i]][files[i+1]] {
				files[i], files[i+1] = files[i+1], files[i]
				better = true
			}
		}
	}
}
