// Shape prints measures of a module's code: the lengths of its functions, files
// and packages, the share of exported names that other packages use, and the
// references between the files of a package, with how many of them run back up. It
// reports, and fails for no figure.
//
//	go run ./shape FOLDER [PACKAGE...]
//
// FOLDER holds the module. The references between files are printed for the
// packages named, by import path below the module, or for all. Tests are left out,
// except where they use a package that is there for tests; so are files that the
// build on this system leaves out.
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
	all, err := load(os.Args[1], false)
	if err != nil {
		log.Fatalf("shape: %v", err)
	}
	tests, err := load(os.Args[1], true)
	if err != nil {
		log.Fatalf("shape: %v", err)
	}
	printFunctions(all)
	printFiles(all)
	printExports(all, tests)
	printArrows(all, os.Args[2:])
}

// load loads the packages of the module in folder, with their tests if asked.
func load(folder string, tests bool) ([]*packages.Package, error) {
	const need = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
		packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps | packages.NeedModule
	all, err := packages.Load(&packages.Config{Mode: need, Dir: folder, Tests: tests}, "./...")
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

// generated reports whether cgo wrote the file.
func generated(file string) bool {
	return !strings.HasSuffix(file, ".go") || strings.HasPrefix(file, "_cgo")
}

// below is a package's import path, relative to the module.
func below(p *packages.Package) string {
	return strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, p.Module.Path), "/")
}

// quantile is the number that the given share of the sorted numbers does not exceed.
func quantile(sorted []int, share float64) int {
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// spread sorts the numbers and describes them in a line.
func spread(n []int) string {
	slices.Sort(n)
	if len(n) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d; median %d, nine in ten up to %d, longest %d",
		len(n), quantile(n, 0.5), quantile(n, 0.9), n[len(n)-1])
}
