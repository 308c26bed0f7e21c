package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// printExports prints how many exported names other packages of the module use.
// Methods and fields are left out: an interface or an encoder may need them.
func printExports(all, tests []*packages.Package) {
	exported, unused := countExports(all, tests)
	n := 0
	for _, u := range unused {
		n += u
	}
	used := exported - n
	fmt.Printf("exported names: %d, used by another package: %d (%d %%)\n", exported, used, 100*used/max(1, exported))
	for _, p := range all {
		if u := unused[p.PkgPath]; u > 0 {
			fmt.Printf("    %s: %d that no other package uses\n", below(p), u)
		}
	}
}

// countExports counts the exported names, and by import path those that no other
// package uses. A use in a test counts only for packages that are there for tests.
func countExports(all, tests []*packages.Package) (exported int, unused map[string]int) {
	used := make(map[string]bool)
	for _, p := range all {
		markUses(used, p, func(string) bool { return true })
	}
	for _, p := range tests {
		markUses(used, p, supportsTests)
	}
	unused = make(map[string]int)
	for _, p := range all {
		if p.Name == "main" {
			continue
		}
		scope := p.Types.Scope()
		for _, name := range scope.Names() {
			if !scope.Lookup(name).Exported() {
				continue
			}
			exported++
			if !used[p.PkgPath+"."+name] {
				unused[p.PkgPath]++
			}
		}
	}
	return exported, unused
}

// markUses marks the names that p uses of other packages, if their import paths
// count. A package's own external tests are part of it.
func markUses(used map[string]bool, p *packages.Package, counts func(path string) bool) {
	own := strings.TrimSuffix(p.PkgPath, "_test")
	for _, o := range p.TypesInfo.Uses {
		if o.Pkg() == nil || o.Pkg().Path() == own || o.Parent() != o.Pkg().Scope() {
			continue
		}
		if counts(o.Pkg().Path()) {
			used[o.Pkg().Path()+"."+o.Name()] = true
		}
	}
}

// supportsTests reports whether only tests import the package of this path.
func supportsTests(path string) bool {
	return strings.Contains(filepath.ToSlash(path), "/testing/")
}
