package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWords checks that the packages, types and fields in the last column of the words in
// docs/architecture.md exist.
func TestWords(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, words, ok := strings.Cut(string(page), "\n## Words\n")
	if !ok {
		t.Fatal("docs/architecture.md has no words")
	}
	rows := regexp.MustCompile(`(?m)^\| ([a-z ]+) \| .* \| (.*) \|$`).FindAllStringSubmatch(words, -1)
	if len(rows) < 20 {
		t.Fatalf("%d words: the page is not read as it is meant", len(rows))
	}
	folders := packageFolders(t)
	for _, row := range rows {
		for _, m := range regexp.MustCompile("`([a-z]+)\\.([A-Za-z]+)(?:\\.([A-Za-z]+))?`").FindAllStringSubmatch(row[2], -1) {
			if !slices.ContainsFunc(folders[m[1]], func(folder string) bool { return declares(t, folder, m[2], m[3]) }) {
				t.Errorf("%s: there is no %s", row[1], m[0])
			}
		}
	}
}

// packageFolders lists the folders with product code, by their last part.
func packageFolders(t *testing.T) map[string][]string {
	t.Helper()
	folders := map[string][]string{}
	for _, top := range []string{"capture", "parse", "classify", "cmd"} {
		err := filepath.WalkDir(filepath.Join(repository, top), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				folders[d.Name()] = append(folders[d.Name()], path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

// declares reports whether a package has a type or constant, with the field unless that is
// empty.
func declares(t *testing.T, folder, name, field string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && slices.ContainsFunc(g.Specs, func(s ast.Spec) bool { return specifies(s, name, field) }) {
				return true
			}
		}
	}
	return false
}

func specifies(s ast.Spec, name, field string) bool {
	switch s := s.(type) {
	case *ast.ValueSpec:
		return field == "" && named(s.Names, name)
	case *ast.TypeSpec:
		if s.Name.Name != name || field == "" {
			return s.Name.Name == name
		}
		of, ok := s.Type.(*ast.StructType)
		return ok && slices.ContainsFunc(of.Fields.List, func(f *ast.Field) bool { return named(f.Names, field) })
	}
	return false
}

func named(names []*ast.Ident, name string) bool {
	return slices.ContainsFunc(names, func(id *ast.Ident) bool { return id.Name == name })
}
