package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// Functions and packages with more lines than this are listed.
const (
	longFunction = 60
	largePackage = 2000
)

type function struct {
	name, where string
	lines       int
}

func functionsOf(p *packages.Package) (all []function) {
	for _, f := range p.Syntax {
		for _, d := range f.Decls {
			declaration, ok := d.(*ast.FuncDecl)
			if !ok || declaration.Body == nil {
				continue
			}
			at := p.Fset.Position(declaration.Pos())
			all = append(all, function{
				name: declaration.Name.Name, where: fmt.Sprintf("%s/%s:%d", below(p), filepath.Base(at.Filename), at.Line),
				lines: lines(p.Fset, declaration),
			})
		}
	}
	return all
}

func lines(fset *token.FileSet, n ast.Node) int {
	return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1
}

func printFunctions(all []*packages.Package) {
	var sizes []int
	var long []function
	for _, p := range all {
		for _, f := range functionsOf(p) {
			sizes = append(sizes, f.lines)
			if f.lines > longFunction {
				long = append(long, f)
			}
		}
	}
	fmt.Printf("functions: %s lines\n", spread(sizes))
	slices.SortFunc(long, func(a, b function) int { return cmp.Compare(b.lines, a.lines) })
	for _, f := range long {
		fmt.Printf("    %4d lines  %s  %s\n", f.lines, f.name, f.where)
	}
}

func printFiles(all []*packages.Package) {
	var files []int
	type size struct{ name, text string }
	var large []size
	short, total, packages := 0, 0, []int{}
	for _, p := range all {
		sum := 0
		for _, f := range p.Syntax {
			n := p.Fset.File(f.Pos()).LineCount()
			files, sum = append(files, n), sum+n
			if n < 60 && filepath.Base(p.Fset.Position(f.Pos()).Filename) != "doc.go" {
				short++
			}
		}
		packages, total = append(packages, sum), total+sum
		if sum > largePackage {
			large = append(large, size{below(p), fmt.Sprintf("%d lines in %d files", sum, len(p.Syntax))})
		}
	}
	fmt.Printf("files: %s lines; %d under 60 lines that are no doc.go\n", spread(files), short)
	fmt.Printf("packages: %s lines; %d lines in all\n", spread(packages), total)
	for _, l := range large {
		fmt.Printf("    %s: %s\n", l.name, l.text)
	}
}
