package main

import (
	"fmt"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
)

// arrows[from][to] is true where file from refers to file to, in one package.
type arrows map[string]map[string]bool

func arrowsOf(p *packages.Package) arrows {
	a := arrows{}
	for id, o := range p.TypesInfo.Uses {
		if o.Pkg() != p.Types || !declaredOutside(o) {
			continue
		}
		from, to := fileOf(p, id.Pos()), fileOf(p, o.Pos())
		if from == to || generated(from) || generated(to) {
			continue
		}
		if a[from] == nil {
			a[from] = map[string]bool{}
		}
		a[from][to] = true
	}
	return a
}

// declaredOutside reports whether o is declared outside of functions: a field, a
// method, or a name of the package.
func declaredOutside(o types.Object) bool {
	if v, ok := o.(*types.Var); ok && v.IsField() {
		return true
	}
	_, method := o.(*types.Func)
	return method || o.Parent() == o.Pkg().Scope()
}

func printArrows(all []*packages.Package, named []string) {
	for _, p := range all {
		if len(named) > 0 && !slices.Contains(named, below(p)) {
			continue
		}
		a := arrowsOf(p)
		if order, up, n := a.order(); n > 0 {
			fmt.Printf("arrows between the files of %s: %d, of which %d run back up in the order %v\n", below(p), n, up, order)
		}
	}
}
