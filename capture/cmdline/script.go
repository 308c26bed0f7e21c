package cmdline

import (
	"slices"
	"strings"
)

// Script returns the script in the command line of an interpreter, as it is written
// there: the path may be relative. program is the name of the interpreter's file.
// Script returns "" for a program that is no known interpreter, if the program's text is
// in the command line, on standard input or in a module, and if Read may have cut the
// path.
//
// For a script that names its interpreter in its first line (#!), the kernel makes such a
// command line: the interpreter, at most one argument, the script.
func Script(program string, arguments []string) string {
	by := interpreterOf(program, arguments)
	if by == nil || len(arguments) == 0 {
		return ""
	}
	script := by.script(arguments[1:])
	isOpen := func(folder string) bool { return strings.HasPrefix(script, folder) }
	if len(script) >= maxArgument || slices.ContainsFunc(openFolders, isOpen) {
		return ""
	}
	return script
}

// openFolders have names for what a process has open, such as a pipe: bash <(program).
var openFolders = []string{"/dev/fd/", "/dev/stdin", "/proc/self/fd/"}

// IsShell reports whether a program is a shell, by the name of its file.
func IsShell(program string, arguments []string) bool {
	return interpreterOf(program, arguments) == shell
}

// interpreter says which of its options have values, and which have it read its program
// elsewhere. An option is a letter in a word like -sku, or a word like --posix.
type interpreter struct {
	values    string // letters with a value: the rest of the word, else the next word
	attached  string // letters whose value is the rest of the word
	next      string // letters whose value is the next word
	elsewhere string // letters that have it read its program elsewhere
	file      string // letters whose value is the script

	valueWords     []string // words whose value is the next word
	elsewhereWords []string
	lastOption     string // ends the options, as "--" does
}

// interpreters are those that jobs, services and tools of administrators are usually
// written for. Their options are from their manuals; TestScriptsThatRun compares those of
// the installed ones with what they do.
var interpreters = map[string]*interpreter{
	"sh": shell, "ash": shell, "bash": shell, "dash": shell, "ksh": shell, "mksh": shell, "rbash": shell, "zsh": shell,
	"python": {values: "WX", elsewhere: "cm", valueWords: []string{"--check-hash-based-pycs"}},
	"pypy":   {values: "WX", elsewhere: "cm"},
	"perl":   {values: "I", attached: "mMFDxiVCd", elsewhere: "eE"},
	"ruby": {
		values: "ICXEr", attached: "FiKWTx", elsewhere: "e",
		valueWords: []string{"--encoding", "--external-encoding", "--internal-encoding", "--enable", "--disable"},
	},
	"node": {
		values: "rC", elsewhere: "ep", elsewhereWords: []string{"--eval", "--print", "--run"},
		valueWords: []string{
			"--require", "--import", "--loader", "--experimental-loader", "--conditions", "--env-file", "--title", "--icu-data-dir",
			"--openssl-config", "--tls-cipher-list", "--dns-result-order", "--max-http-header-size", "--unhandled-rejections",
		},
	},
	"php": {
		values: "cdztS", elsewhere: "rRBEF", file: "f",
		valueWords:     []string{"--php-ini", "--define", "--zend-extension", "--server", "--docroot"},
		elsewhereWords: []string{"--run", "--process-begin", "--process-code", "--process-end", "--process-file"},
	},
}

// shell has the options of POSIX and those of bash. "#! /bin/sh -" is an old way to end
// the options.
var shell = &interpreter{next: "oO", elsewhere: "cs", valueWords: []string{"--rcfile", "--init-file"}, lastOption: "-"}

// interpreterOf finds an interpreter by the name of its file, which may end with a
// version, such as python3.11; nil: none. Of a file with several programs, the first
// argument says which.
func interpreterOf(program string, arguments []string) *interpreter {
	if program == "busybox" && len(arguments) > 0 {
		program = arguments[0][strings.LastIndexByte(arguments[0], '/')+1:]
	}
	name := strings.TrimRight(strings.TrimPrefix(program, "-"), "0123456789.") // a login shell is called -bash
	if name == "nodejs" {
		name = "node"
	}
	return interpreters[name]
}

// script returns the first word that is neither an option nor the value of one.
func (by *interpreter) script(words []string) string {
	for len(words) > 0 {
		word, rest := words[0], words[1:]
		switch {
		case word == "--" || word == by.lastOption:
			return first(rest)
		case word == "-":
			return ""
		case strings.HasPrefix(word, "--"):
			name, _, attached := strings.Cut(word, "=")
			if slices.Contains(by.elsewhereWords, name) {
				return ""
			}
			if !attached && slices.Contains(by.valueWords, name) {
				rest = rest[min(1, len(rest)):]
			}
		case strings.HasPrefix(word, "-") || by == shell && strings.HasPrefix(word, "+"):
			script, skip, found := by.letters(word[1:], rest)
			if found {
				return script
			}
			rest = rest[min(skip, len(rest)):]
		default:
			return word
		}
		words = rest
	}
	return ""
}

// letters reads a word of options. It returns the script, if these say where the program
// is, or else how many of the next words are values.
func (by *interpreter) letters(letters string, next []string) (script string, skip int, found bool) {
	has := func(set string, i int) bool { return strings.IndexByte(set, letters[i]) >= 0 }
	for i := range len(letters) {
		value := letters[i+1:]
		switch {
		case has(by.elsewhere, i):
			return "", 0, true
		case has(by.file, i) && value != "":
			return value, 0, true
		case has(by.file, i):
			return first(next), 0, true
		case has(by.attached, i), has(by.values, i) && value != "":
			return "", skip, false
		case has(by.values, i), has(by.next, i):
			skip++
		}
	}
	return "", skip, false
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
