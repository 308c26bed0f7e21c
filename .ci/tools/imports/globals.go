package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// packageVariables collects the names of each package's variables.
func packageVariables(files []source) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		if all[f.folder()] == nil {
			all[f.folder()] = map[string]bool{}
		}
		for _, name := range variables(f.syntax) {
			all[f.folder()][name.Name] = true
		}
	}
	return all
}

// variables lists the names of the file's package-level variables.
func variables(f *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, d := range f.Decls {
		declaration, ok := d.(*ast.GenDecl)
		if !ok || declaration.Tok != token.VAR {
			continue
		}
		for _, spec := range declaration.Specs {
			names = append(names, spec.(*ast.ValueSpec).Names...)
		}
	}
	return names
}

// checkGlobals finds functions that assign to a package's variable or to a part of it,
// and variables of types that are made to be changed. Changes through a pointer are not
// found.
func checkGlobals(f source, globals map[string]bool) []string {
	own := map[any]bool{}
	for _, name := range variables(f.syntax) {
		own[name.Obj] = true
	}
	var problems []string
	report := func(n ast.Node, e ast.Expr) {
		name := root(e)
		if name == nil || !globals[name.Name] || name.Obj != nil && !own[name.Obj] {
			return
		}
		problems = append(problems, fmt.Sprintf("%s: %s keeps no mutable globals: %s is changed here", f.at(n), f.folder(), name.Name))
	}
	for _, name := range variables(f.syntax) {
		if spec := name.Obj.Decl.(*ast.ValueSpec); isSynchronised(spec.Type) {
			problems = append(problems, fmt.Sprintf("%s: %s keeps no mutable globals: %s is made to be changed", f.at(name), f.folder(), name.Name))
		}
	}
	for _, d := range f.syntax.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		ast.Inspect(function.Body, func(n ast.Node) bool {
			for _, e := range changed(n) {
				report(n, e)
			}
			return true
		})
	}
	return problems
}

// isSynchronised reports whether a type is of package sync or sync/atomic.
func isSynchronised(e ast.Expr) bool {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := selector.X.(*ast.Ident)
	return ok && (from.Name == "sync" || from.Name == "atomic")
}

// changed lists the expressions that a node changes.
func changed(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"delete", "clear", "copy"}, name.Name) {
			return n.Args[:1]
		}
	}
	return nil
}

// root is the variable that an expression is a part of, or nil.
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SliceExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return nil
}
