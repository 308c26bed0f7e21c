package main

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"
)

var verb = regexp.MustCompile(`%([-+# 0]*)(\*|\d*)(?:\.(?:\*|\d+))?([a-zA-Z%])`)

// format replaces the verbs of a format by what they print, and returns the flaws of the
// way in which they print it.
func (f *finder) format(text string, call *ast.CallExpr) (out string, flaws []string) {
	_, name, sig := f.callee(call)
	args := call.Args[min(len(call.Args), max(0, formatOf(name, sig))+1):]
	out = verb.ReplaceAllStringFunc(text, func(v string) string {
		m := verb.FindStringSubmatch(v)
		if m[3] == "%" {
			return "%"
		}
		if m[2] == "*" && len(args) > 0 {
			args = args[1:]
		}
		var of types.Type
		if len(args) > 0 {
			of = f.info.TypeOf(args[0])
			args = args[1:]
		}
		// A fault has any value, and nothing but Go's text of it.
		if flaw := printed(m[1], m[3], of); flaw != "" && f.pkg != "cmd/internal/fault" {
			flaws = append(flaws, flaw)
		}
		return filledIn(m[3], of)
	})
	return out, flaws
}

// filledIn says what a verb prints of a value. The type may be unknown.
func filledIn(verb string, of types.Type) string {
	switch {
	case verb == "w" || of != nil && has(of, "Error"):
		return "<cause>"
	case verb == "q":
		return `"<text>"`
	case of != nil && of.String() == "time.Duration":
		return "<time>"
	case strings.Contains("dxXfgeEGbocU", verb) && (of == nil || !isString(of)):
		return "<number>"
	case verb == "v" && of != nil && isNumber(of) && !has(of, "String"):
		return "<number>"
	}
	return "<text>"
}

// printed returns the flaw of printing a value with a verb, or "".
func printed(flags, verb string, of types.Type) string {
	if verb == "T" || verb == "p" || verb == "v" && strings.ContainsAny(flags, "#+") {
		return "prints what only Go's programmers read: %" + flags + verb
	}
	if of == nil || verb != "v" && verb != "s" || has(of, "Error") || has(of, "String") {
		return ""
	}
	switch of.Underlying().(type) {
	case *types.Basic:
		return ""
	case *types.Slice:
		if verb == "s" && of.Underlying().String() == "[]byte" {
			return ""
		}
	}
	return "prints a " + of.String() + " as Go prints it"
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func isNumber(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsNumeric != 0
}

// has reports whether a type has a method that returns a string.
func has(t types.Type, method string) bool {
	o, _, _ := types.LookupFieldOrMethod(t, true, nil, method)
	f, ok := o.(*types.Func)
	return ok && f.Signature().Results().Len() == 1 && f.Signature().Results().At(0).Type().String() == "string"
}

// goWords are words that only Go's programmers know.
var goWords = regexp.MustCompile(`\b(goroutines?|nil|structs?|strconv|errno|u?int(8|16|32|64)?|float64|pflag|interface\{\}|unmarshal|marshal|mutex|io\.EOF)\b`)

// wordFlaws returns the flaws of the words of a text.
func wordFlaws(k kind, text string) (flaws []string) {
	if k == aFault {
		return nil // for programmers
	}
	for _, word := range goWords.FindAllString(text, -1) {
		flaws = append(flaws, "has the word "+word)
	}
	return flaws
}
