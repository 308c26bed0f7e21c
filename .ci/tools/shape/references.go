package main

import (
	"fmt"
	"go/types"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// printExports prints how many of the names that packages export other packages
// of the module use. Methods and fields are left out: they may be there for an
// interface, or for an encoder.
func printExports(all []*packages.Package) {
	exported, used := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		if p.Name == "main" {
			continue
		}
		scope := p.Types.Scope()
		for _, name := range scope.Names() {
			if scope.Lookup(name).Exported() {
				exported[p.PkgPath+"."+name] = true
			}
		}
	}
	for _, p := range all {
		for _, o := range p.TypesInfo.Uses {
			if o.Pkg() != nil && o.Pkg() != p.Types && o.Parent() == o.Pkg().Scope() {
				used[o.Pkg().Path()+"."+o.Name()] = true
			}
		}
	}
	n, unused := 0, map[string]int{}
	for name := range exported {
		if used[name] {
			n++
		} else {
			unused[packageOf(name)]++
		}
	}
	fmt.Printf("exported names: %d, used by another package: %d (%d %%)\n", len(exported), n, 100*n/max(1, len(exported)))
	for _, p := range all {
		if u := unused[p.PkgPath]; u > 0 {
			fmt.Printf("    %s: %d that no other package uses\n", below(p), u)
		}
	}
}

func packageOf(name string) string { return name[:len(name)-len(filepath.Ext(name))] }

// arrows are which file of a package refers to which.
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

// declaredOutside reports whether o is no variable of a function.
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
