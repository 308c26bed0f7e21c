package main

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// program is the main package, and module the path of what is listed.
const (
	module  = "tlsfloor"
	program = module + "/cmd/tlsfloor"
)

// list finds the messages of the module in folder, sorted by package, kind and text.
func list(folder string) ([]*message, error) {
	const need = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports
	all, err := packages.Load(&packages.Config{Mode: need, Dir: folder}, "./...")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
	}
	found := newCollection()
	reached := reach(all)
	for _, p := range all {
		finder := &finder{found: found, pkg: strings.TrimPrefix(p.PkgPath, module+"/"), lines: p.Fset, info: p.TypesInfo}
		for _, file := range p.Syntax {
			for _, d := range file.Decls {
				finder.declaration(d, reached)
			}
		}
		if used(p, reached) {
			if err := otherSystems(p, finder); err != nil {
				return nil, err
			}
		}
	}
	return found.sorted(), nil
}

// used reports whether the program comes to anything of the package.
func used(p *packages.Package, reached map[string]bool) bool {
	return slices.ContainsFunc(p.Types.Scope().Names(), func(name string) bool { return reached[keyOf(p.Types.Scope().Lookup(name))] })
}

// otherSystems finds the messages in files that are for macOS only. What they call is not
// known, because they are not compiled here.
func otherSystems(p *packages.Package, of *finder) error {
	mac := build.Default
	mac.GOOS, mac.CgoEnabled = "darwin", true
	for _, path := range p.IgnoredFiles {
		match, err := mac.MatchFile(filepath.Dir(path), filepath.Base(path))
		if err != nil || !match || strings.HasSuffix(path, "_test.go") {
			continue
		}
		lines := token.NewFileSet()
		file, err := parser.ParseFile(lines, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		elsewhere := &finder{found: of.found, pkg: of.pkg, lines: lines, info: new(types.Info)}
		for _, d := range file.Decls {
			elsewhere.node(d)
		}
	}
	return nil
}

// reach returns the keys of all declarations that the program can come to: what main, the
// init functions, and in turn their declarations name. Of a type that is named, all methods
// count, because an interface may call them.
func reach(all []*packages.Package) map[string]bool {
	names := map[string][]string{} // what a declaration names
	todo := []string{program + ".main"}
	for _, p := range all {
		for _, file := range p.Syntax {
			for _, d := range file.Decls {
				for key, node := range declared(p.TypesInfo, d) {
					if strings.HasSuffix(key, ".init") || strings.HasSuffix(key, "._") {
						todo = append(todo, key)
					}
					names[key] = append(names[key], named(p.TypesInfo, node)...)
					if owner, method := ownerOf(p.TypesInfo, d); method {
						names[owner] = append(names[owner], key)
					}
				}
			}
		}
	}
	reached := map[string]bool{}
	for len(todo) > 0 {
		key := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !reached[key] {
			reached[key] = true
			todo = append(todo, names[key]...)
		}
	}
	return reached
}

// declared returns the keys that a declaration declares, with what belongs to each.
func declared(info *types.Info, d ast.Decl) map[string]ast.Node {
	keys := map[string]ast.Node{}
	switch d := d.(type) {
	case *ast.FuncDecl:
		keys[keyOf(info.Defs[d.Name])] = d
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				keys[keyOf(info.Defs[s.Name])] = s
			case *ast.ValueSpec:
				for _, name := range s.Names {
					keys[keyOf(info.Defs[name])] = s
				}
			}
		}
	}
	return keys
}

// ownerOf returns the key of a method's type.
func ownerOf(info *types.Info, d ast.Decl) (owner string, method bool) {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Recv == nil {
		return "", false
	}
	return ownerKey(info.Defs[f.Name].(*types.Func)), true
}

// named returns the keys of the names in a node.
func named(info *types.Info, n ast.Node) (keys []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if o := info.Uses[id]; o != nil && o.Pkg() != nil {
				keys = append(keys, keyOf(o))
			}
		}
		return true
	})
	return keys
}

// keyOf identifies an object, also where another package has read it from export data.
func keyOf(o types.Object) string {
	if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
		return ownerKey(f) + "." + f.Name()
	}
	return o.Pkg().Path() + "." + o.Name()
}

func ownerKey(f *types.Func) string {
	of := f.Signature().Recv().Type()
	if p, ok := of.(*types.Pointer); ok {
		of = p.Elem()
	}
	if n, ok := of.(*types.Named); ok {
		return f.Pkg().Path() + "." + n.Obj().Name()
	}
	return f.Pkg().Path() // a method of an interface without a name
}
