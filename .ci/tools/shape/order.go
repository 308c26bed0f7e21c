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

// order sorts the files so that few arrows run up, from a later file to an earlier
// one. It returns the files, the number of arrows that run up, and the number of
// all arrows. The heuristic is that of Eades, Lin and Smyth (1993); neighbours are
// swapped afterwards as long as that helps.
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

// next returns the file to take out next, and the arrows to and from it: a file with
// no arrows to it or none from it, else the one with most arrows from it net of
// those to it.
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

// up counts the arrows that run up.
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
