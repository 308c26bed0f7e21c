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

// strangers lists, for each room, the rooms it may not know.
var strangers = map[string][]string{
	"capture":  {"parse", "classify", "cmd"},
	"parse":    {"capture", "classify", "cmd"},
	"classify": {"capture", "cmd"},
}

// homes lists imports that belong to one place, or a few with commas. The first
// that matches decides. gopacket/pcap, gopacket/afpacket and libcap's psx are
// cgo.
var homes = []struct{ imported, home string }{
	{"C", "capture/live,cmd/internal/inherited"},
	{"github.com/google/gopacket/pcap", "capture/live"},
	{"github.com/google/gopacket/afpacket", "capture/live"},
	{"github.com/google/gopacket", "capture"},
	{"github.com/dreadl0ck", "parse/fingerprint"},
	{"github.com/landlock-lsm", "cmd/internal/confine"},
	{"kernel.org/pub/linux/libs/security", "cmd/internal/confine"},
}

// pure lists the rooms that turn bytes and facts into facts and do nothing
// else, and outside what they may not import.
var (
	pure    = []string{"parse", "classify"}
	outside = []string{
		"context", "database", "io/fs", "io/ioutil", "log", "math/rand",
		"net", "os", "os/exec", "path/filepath", "plugin", "runtime/debug", "syscall",
		"golang.org/x/sys", "golang.org/x/term",
	}
	// netip is values without I/O; it only lives below net.
	harmless = []string{"net/netip"}
)

// calls lists functions that a pure room may not use although their package
// has other uses.
var calls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// support names the folders below which packages are for tests: no product
// package imports them, and so they are not in the program.
const support = "testing"

// isSupport reports whether a package of this repository is for tests.
func isSupport(room string) bool { return slices.Contains(strings.Split(room, "/"), support) }

// isForTests reports whether a file is a test, or helps tests.
func (s source) isForTests() bool { return s.isTest() || isSupport(s.room()) }

// check returns a line for each broken rule, in the order of the files.
func check(files []source) []string {
	var complaints []string
	globals := packageVariables(files)
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			if c := checkImport(f, spec); c != "" {
				complaints = append(complaints, fmt.Sprintf("%s: %s", f.at(spec), c))
			}
		}
		if isPure(f) {
			complaints = append(complaints, checkCalls(f)...)
			complaints = append(complaints, checkGlobals(f, globals[f.room()])...)
		}
	}
	return complaints
}

func isPure(f source) bool {
	if f.isForTests() {
		return false
	}
	for _, room := range pure {
		if within(f.room(), room) {
			return true
		}
	}
	return false
}

// checkImport says what is wrong with an import, or "".
func checkImport(f source, spec *ast.ImportSpec) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return err.Error()
	}
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		return checkRoom(f, own)
	}
	for _, h := range homes {
		if within(imported, h.imported) {
			for home := range strings.SplitSeq(h.home, ",") {
				if within(f.room(), home) {
					return ""
				}
			}
			return fmt.Sprintf("%s is imported in %s only", imported, strings.ReplaceAll(h.home, ",", " and "))
		}
	}
	if within(imported, "testing") && !f.isForTests() {
		return fmt.Sprintf("%s is for tests: not in %s, but in a package below a folder called %s", imported, f.room(), support)
	}
	if isPure(f) && isOutside(imported) {
		return fmt.Sprintf("%s does no I/O, reads no clock and logs nothing: not %s", f.room(), imported)
	}
	return ""
}

// checkRoom says what is wrong with importing a room of this repository, or "".
func checkRoom(f source, imported string) string {
	// An external test lies in the parent's folder but stands outside it.
	if imported != f.room() && within(imported, f.room()) && !strings.HasSuffix(f.syntax.Name.Name, "_test") {
		return fmt.Sprintf("%s may not import its child %s", f.room(), imported)
	}
	if isSupport(imported) && !f.isForTests() {
		return fmt.Sprintf("%s is for tests: not in %s", imported, f.room())
	}
	for room, unknown := range strangers {
		for _, u := range unknown {
			if within(f.room(), room) && within(imported, u) {
				return fmt.Sprintf("%s may not know %s: not %s", room, u, imported)
			}
		}
	}
	return ""
}

func isOutside(imported string) bool {
	for _, h := range harmless {
		if within(imported, h) {
			return false
		}
	}
	for _, o := range outside {
		if within(imported, o) {
			return true
		}
	}
	return false
}

// checkCalls complains about clocks, sleeping and printing.
func checkCalls(f source) []string {
	var complaints []string
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
				complaints = append(complaints, fmt.Sprintf("%s: %s does no I/O and reads no clock: not %s.%s",
					f.at(n), f.room(), from.Name, name))
			}
		}
		return true
	})
	return complaints
}
