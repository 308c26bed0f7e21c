package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// finder finds the messages of one package.
type finder struct {
	found collection
	pkg   string
	lines *token.FileSet
	info  *types.Info // empty for files that are not compiled here
	above []ast.Node  // of the node that is visited
}

// declaration finds the messages in the parts of a declaration that the program comes to.
func (f *finder) declaration(d ast.Decl, reached map[string]bool) {
	for key, node := range declared(f.info, d) {
		if reached[key] {
			f.node(node)
		}
	}
}

func (f *finder) node(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			f.above = f.above[:len(f.above)-1]
			return true
		}
		if e, ok := n.(ast.Expr); ok && f.isText(e) && !f.partOfText() {
			f.text(e)
		}
		f.above = append(f.above, n)
		return true
	})
}

// isText reports whether an expression is a literal, or a sum with one in it.
func (f *finder) isText(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return e.Op == token.ADD && (f.isText(e.X) || f.isText(e.Y))
	case *ast.ParenExpr:
		return f.isText(e.X)
	}
	return false
}

// partOfText reports whether the expression is a part of one that was taken as a whole.
func (f *finder) partOfText() bool {
	if len(f.above) == 0 {
		return false
	}
	above, ok := f.above[len(f.above)-1].(ast.Expr)
	return ok && f.isText(above)
}

// text adds an expression that is a text, unless it is not for people.
func (f *finder) text(e ast.Expr) {
	k, call := f.use(e)
	if k == "" {
		return
	}
	text, flaws := f.sum(e), []string(nil)
	if call != nil {
		text, flaws = f.format(text, call)
	}
	if k == otherText && !severalWords.MatchString(text) || !letters.MatchString(text) {
		return
	}
	flaws = append(flaws, wordFlaws(k, text)...)
	at := f.lines.Position(e.Pos())
	f.found.add(f.pkg, k, text, fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line), flaws)
}

var (
	severalWords = regexp.MustCompile(`[A-Za-z>)]{2,}[,;:.]? +(.* )?[<(A-Za-z]{2,}`)
	letters      = regexp.MustCompile(`[A-Za-z]{2,}`)
)

// sum returns the text of an expression, with <text> for what is not constant.
func (f *finder) sum(e ast.Expr) string {
	if v := f.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	switch e := e.(type) {
	case *ast.BasicLit: // of a file that is not compiled here
		if v := constant.MakeFromLiteral(e.Value, e.Kind, 0); v.Kind() == constant.String {
			return constant.StringVal(v)
		}
	case *ast.BinaryExpr:
		return f.sum(e.X) + f.sum(e.Y)
	case *ast.ParenExpr:
		return f.sum(e.X)
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Error" && len(e.Args) == 0 {
			return "<cause>"
		}
	}
	return "<text>"
}

// use returns what a text is by what is done with it: "" if it is not for people. If it is
// the format of a call, it returns the call.
func (f *finder) use(e ast.Expr) (kind, *ast.CallExpr) {
	switch above := f.above[len(f.above)-1].(type) {
	case *ast.CallExpr:
		if at := slices.Index(above.Args, e); at >= 0 {
			return f.argument(above, at)
		}
	case *ast.BinaryExpr, *ast.CaseClause, *ast.IndexExpr, *ast.ImportSpec, *ast.Field:
		return "", nil // compared, a key or a tag
	case *ast.KeyValueExpr:
		if above.Key == e {
			return "", nil
		}
	}
	return otherText, nil
}

// argument returns what a text is as an argument of a call.
func (f *finder) argument(call *ast.CallExpr, at int) (kind, *ast.CallExpr) {
	pkg, name, sig := f.callee(call)
	switch {
	case name == "panic":
		return aFault, nil
	case pkg == "errors" && name == "New":
		return anError, nil
	case strings.HasSuffix(pkg, "/pflag") && sig != nil && sig.Recv() != nil:
		if at == len(call.Args)-1 && at > 1 {
			return help, nil
		}
		return "", nil
	case slices.Contains(notForPeople, pkg) && (sig == nil || sig.Recv() == nil):
		return "", nil
	}
	k := otherText
	switch {
	case pkg == "fmt" && name == "Errorf":
		k = anError
	case pkg == "fmt" && strings.HasPrefix(name, "Fp"), pkg == "io" && name == "WriteString", name == "note":
		k = aMessage
	}
	if at == formatOf(name, sig) {
		if k == otherText && pkg != "fmt" {
			k = aMessage
		}
		return k, call
	}
	return k, nil
}

// notForPeople are packages whose functions take no texts for people.
var notForPeople = []string{"strings", "bytes", "regexp", "path", "path/filepath", "os", "os/exec", "os/user", "strconv", "net", "net/url", "golang.org/x/sys/unix", "syscall", "time"}

// callee returns the package and the name of what a call calls, and its signature if it is
// known.
func (f *finder) callee(call *ast.CallExpr) (pkg, name string, sig *types.Signature) {
	id, _ := call.Fun.(*ast.Ident)
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		id = s.Sel
		if x, ok := s.X.(*ast.Ident); ok {
			pkg = x.Name
		}
	}
	if id == nil {
		return "", "", nil
	}
	if o := f.info.Uses[id]; o != nil {
		pkg = ""
		if o.Pkg() != nil {
			pkg = o.Pkg().Path()
		}
		sig, _ = o.Type().Underlying().(*types.Signature)
	}
	return pkg, id.Name, sig
}

// formatOf returns which argument of a function is a format: the string before "...any" of
// a function that is named like Printf. It is -1 if there is none.
func formatOf(name string, sig *types.Signature) int {
	if sig == nil {
		if at, known := unseenFormats[name]; known {
			return at
		}
		return -1
	}
	n := sig.Params().Len()
	if !sig.Variadic() || n < 2 || sig.Params().At(n-1).Type().String() != "[]any" && sig.Params().At(n-1).Type().String() != "[]interface{}" {
		return -1
	}
	if b, ok := sig.Params().At(n - 2).Type().(*types.Basic); !ok || b.Kind() != types.String {
		return -1
	}
	return n - 2
}

// unseenFormats are the functions with a format in files that are not compiled here.
var unseenFormats = map[string]int{"Errorf": 0, "Sprintf": 0, "Printf": 0, "Fprintf": 1}
