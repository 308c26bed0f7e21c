// Shape prints how the code of a module is cut: how long its functions, files
// and packages are, how much of what packages export is used by others, and how
// many references between the files of a package run back up. It reports, and
// judges nothing.
//
//	go run ./shape FOLDER [PACKAGE...]
//
// FOLDER holds the module. The arrows between files are printed for the packages
// named, by import path below the module, or for all without a name. Tests are
// left out, and so is what the build on this system leaves out.
package main

import (
	"fmt"
	"go/ast"
	"log"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: shape FOLDER [PACKAGE...]")
	}
	all, err := load(os.Args[1])
	if err != nil {
		log.Fatalf("shape: %v", err)
	}
	printFunctions(all)
	printFiles(all)
	printExports(all)
	printArrows(all, os.Args[2:])
}

func load(folder string) ([]*packages.Package, error) {
	const need = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
		packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps | packages.NeedModule
	all, err := packages.Load(&packages.Config{Mode: need, Dir: folder}, "./...")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		p.Syntax = slices.DeleteFunc(p.Syntax, func(f *ast.File) bool { return generated(fileOf(p, f.Pos())) })
	}
	slices.SortFunc(all, func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	return all, nil
}

// generated reports whether a file is what cgo makes of another.
func generated(file string) bool {
	return !strings.HasSuffix(file, ".go") || strings.HasPrefix(file, "_cgo")
}

// below is a package's import path without the module's.
func below(p *packages.Package) string {
	return strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, p.Module.Path), "/")
}

// quantile is the number that a share of sorted numbers does not exceed.
func quantile(sorted []int, share float64) int {
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// spread describes numbers, which it sorts.
func spread(n []int) string {
	slices.Sort(n)
	if len(n) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d; median %d, nine in ten up to %d, longest %d",
		len(n), quantile(n, 0.5), quantile(n, 0.9), n[len(n)-1])
}
