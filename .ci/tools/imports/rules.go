package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// within reports whether p is root or lies below it.
func within(p, root string) bool {
	return p == root || strings.HasPrefix(p, root+"/")
}

// forbidden lists, for each top-level folder, those that it must not import.
var forbidden = map[string][]string{
	"capture":  {"parse", "classify", "cmd"},
	"parse":    {"capture", "classify", "cmd"},
	"classify": {"capture", "cmd"},
}

// onlyIn lists imports that are allowed in some folders only, separated by commas. The
// first row that matches counts. gopacket/pcap, gopacket/afpacket and libcap's psx are
// cgo.
var onlyIn = []struct{ imported, folders string }{
	{"C", "capture/live,cmd/internal/inherited"},
	{"github.com/google/gopacket/pcap", "capture/live"},
	{"github.com/google/gopacket/afpacket", "capture/live"},
	{"github.com/google/gopacket", "capture"},
	{"github.com/dreadl0ck", "parse/fingerprint"},
	{"github.com/landlock-lsm", "cmd/internal/confine"},
	{"kernel.org/pub/linux/libs/security", "cmd/internal/confine"},
}

// pure lists the folders whose packages do no I/O, read no clock and log nothing, and
// impure what these must not import.
var (
	pure   = []string{"parse", "classify"}
	impure = []string{
		"context", "database", "io/fs", "io/ioutil", "log", "math/rand",
		"net", "os", "os/exec", "path/filepath", "plugin", "runtime/debug", "syscall",
		"golang.org/x/sys", "golang.org/x/term",
	}
	// netip does no I/O, although it is below net.
	allowed = []string{"net/netip"}
)

// calls lists functions that pure packages must not use, of packages that they may
// import.
var calls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// support is the name of the folders below which packages are for tests. No product
// package may import these.
const support = "testing"

// isSupport reports whether a package of this repository is for tests.
func isSupport(folder string) bool { return slices.Contains(strings.Split(folder, "/"), support) }

// isForTests reports whether a file is a test, or in a package for tests.
func (s source) isForTests() bool { return s.isTest() || isSupport(s.folder()) }

// check returns a line for each broken rule, in the order of the files.
func check(files []source) []string {
	var problems []string
	globals := packageVariables(files)
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			if c := checkImport(f, spec); c != "" {
				problems = append(problems, fmt.Sprintf("%s: %s", f.at(spec), c))
			}
		}
		if isPure(f) {
			problems = append(problems, checkCalls(f)...)
			problems = append(problems, checkGlobals(f, globals[f.folder()])...)
		}
	}
	return problems
}

func isPure(f source) bool {
	if f.isForTests() {
		return false
	}
	for _, folder := range pure {
		if within(f.folder(), folder) {
			return true
		}
	}
	return false
}

// checkImport returns what is wrong with an import, or "".
func checkImport(f source, spec *ast.ImportSpec) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return err.Error()
	}
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		return checkOwn(f, own)
	}
	for _, h := range onlyIn {
		if within(imported, h.imported) {
			for folder := range strings.SplitSeq(h.folders, ",") {
				if within(f.folder(), folder) {
					return ""
				}
			}
			return fmt.Sprintf("%s is imported in %s only", imported, strings.ReplaceAll(h.folders, ",", " and "))
		}
	}
	if within(imported, "testing") && !f.isForTests() {
		return fmt.Sprintf("%s is for tests: not in %s, but in a package below a folder called %s", imported, f.folder(), support)
	}
	if isPure(f) && isImpure(imported) {
		return fmt.Sprintf("%s does no I/O, reads no clock and logs nothing: not %s", f.folder(), imported)
	}
	return ""
}

// checkOwn returns what is wrong with importing a package of this repository, or "".
func checkOwn(f source, imported string) string {
	// An external test is in the parent's folder, but is another package.
	if imported != f.folder() && within(imported, f.folder()) && !strings.HasSuffix(f.syntax.Name.Name, "_test") {
		return fmt.Sprintf("%s must not import its child %s", f.folder(), imported)
	}
	if isSupport(imported) && !f.isForTests() {
		return fmt.Sprintf("%s is for tests: not in %s", imported, f.folder())
	}
	for folder, others := range forbidden {
		for _, u := range others {
			if within(f.folder(), folder) && within(imported, u) {
				return fmt.Sprintf("%s must not import %s: not %s", folder, u, imported)
			}
		}
	}
	return ""
}

func isImpure(imported string) bool {
	for _, h := range allowed {
		if within(imported, h) {
			return false
		}
	}
	for _, o := range impure {
		if within(imported, o) {
			return true
		}
	}
	return false
}

// checkCalls finds uses of clocks, sleeping and printing.
func checkCalls(f source) []string {
	var problems []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from, ok := selector.X.(*ast.Ident)
		if !ok || from.Obj != nil { // a variable, not a package
			return true
		}
		for _, name := range calls[from.Name] {
			if selector.Sel.Name == name {
				problems = append(problems, fmt.Sprintf("%s: %s does no I/O and reads no clock: not %s.%s",
					f.at(n), f.folder(), from.Name, name))
			}
		}
		return true
	})
	return problems
}
