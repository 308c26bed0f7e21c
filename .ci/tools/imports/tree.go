package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// module is the path of the module whose files are read.
const module = "tlsfloor"

// source is one Go file of the repository.
type source struct {
	name   string // slash-separated, from the repository's root
	syntax *ast.File
	lines  *token.FileSet
}

// folder is the folder of the file: its import path, relative to the module.
func (s source) folder() string { return path.Dir(s.name) }

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// at returns the position of a node, as compilers print it.
func (s source) at(n ast.Node) string { return s.lines.Position(n.Pos()).String() }

// readTree parses the Go files below root, in the folders with code.
func readTree(root string) ([]source, error) {
	var files []source
	for _, folder := range []string{"cmd", "capture", "parse", "classify"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "testdata" {
				return fs.SkipDir
			}
			if entry.IsDir() || filepath.Ext(name) != ".go" {
				return nil
			}
			file, err := readFile(root, name)
			files = append(files, file)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func readFile(root, name string) (source, error) {
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return source{}, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return source{}, err
	}
	return parseFile(filepath.ToSlash(relative), text)
}

func parseFile(name string, text []byte) (source, error) {
	lines := token.NewFileSet()
	syntax, err := parser.ParseFile(lines, name, text, 0)
	return source{name: name, syntax: syntax, lines: lines}, err
}
