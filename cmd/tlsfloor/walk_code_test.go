package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// function is a function in the source.
type function struct {
	file  string // from the top of the repository
	from  token.Position
	to    token.Position
	calls map[string][]int // offsets in the file, by the name that is called or passed on
	spawn map[string]bool  // names that go statements call
}

// sources are the packages that were read, with their functions by name.
type sources map[string]map[string][]*function

// find returns the functions of a name: several if each system has its own.
func (s sources) find(t *testing.T, folder, name string) []*function {
	t.Helper()
	if s[folder] == nil {
		s[folder] = map[string][]*function{}
		files, err := filepath.Glob(filepath.Join(repository, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if text, err := os.ReadFile(path); err != nil {
				t.Fatal(err)
			} else if !strings.HasSuffix(path, "_test.go") {
				s.add(t, folder, filepath.Base(path), string(text))
			}
		}
	}
	return s[folder][name]
}

// add adds the functions of one file.
func (s sources) add(t *testing.T, folder, name, text string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			declared := functionName(f)
			s[folder][declared] = append(s[folder][declared], newFunction(set, folder+"/"+name, f))
		}
	}
}

// functionName is "Type.method", or the name of a function.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	if g, ok := of.(*ast.IndexExpr); ok {
		of = g.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// newFunction returns a function with its position and calls. The position of a call is its
// end, because its arguments are called before.
func newFunction(set *token.FileSet, file string, d *ast.FuncDecl) *function {
	f := &function{
		file: file, from: set.Position(d.Body.Pos()), to: set.Position(d.Body.End()),
		calls: map[string][]int{}, spawn: map[string]bool{},
	}
	note := func(e ast.Expr, at token.Pos) {
		if name := called(e); name != "" {
			f.calls[name] = append(f.calls[name], set.Position(at).Offset)
		}
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.spawn[called(n.Call.Fun)] = true
		case *ast.CallExpr:
			note(n.Fun, n.End())
			for _, arg := range n.Args { // a function that is passed on is called later
				note(arg, n.End())
			}
		}
		return true
	})
	for _, at := range f.calls {
		slices.Sort(at)
	}
	return f
}

// called returns the last part of the called name.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr: // of a generic function
		return called(e.X)
	}
	return ""
}

// last returns the part of a name that a call shows.
func last(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// spawns reports whether a go statement of a package calls a function.
func (s sources) spawns(folder, name string) bool {
	for _, declared := range s[folder] {
		for _, f := range declared {
			if f.spawn[name] {
				return true
			}
		}
	}
	return false
}
