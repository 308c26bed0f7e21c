package proc

import (
	"io"
	"slices"
	"strings"
)

// tlsVariables are the variables of the environment that can change the TLS versions of
// a program. Of a process it is told which of them it started with, and no value: values
// may be secrets.
var tlsVariables = []string{
	"GNUTLS_SYSTEM_PRIORITY_FILE", "GODEBUG", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "MONO_TLS_PROVIDER",
	"NODE_OPTIONS", "OPENSSL_CONF", "_JAVA_OPTIONS",
}

// maxEnvironment bounds the environment that is read, in bytes. Those of services have
// some thousand.
const maxEnvironment = 128 << 10

// variablesIn returns which of tlsVariables an environment has (proc_pid_environ(5)),
// with spaces between them.
func variablesIn(environment io.Reader) (names string, err error) {
	s := variableScanner{set: make([]bool, len(tlsVariables))}
	b := make([]byte, 4<<10)
	defer clear(b)
	environment = io.LimitReader(environment, maxEnvironment)
	for {
		n, err := environment.Read(b)
		for _, c := range b[:n] {
			s.add(c)
		}
		if err == io.EOF {
			return s.names(), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// variableScanner finds the variables without keeping what is not one of their names.
type variableScanner struct {
	set  []bool // by tlsVariables
	name []byte // of the current entry, as long as it may be one
	over bool   // the rest of the entry does not count
}

func (s *variableScanner) add(c byte) {
	switch {
	case c == 0:
		s.name, s.over = s.name[:0], false
	case s.over:
	case c == '=':
		if i := slices.Index(tlsVariables, string(s.name)); i >= 0 {
			s.set[i] = true
		}
		s.over = true
	case len(s.name) == maxVariable:
		s.over = true
	default:
		s.name = append(s.name, c)
	}
}

// maxVariable is at least the length of the longest of tlsVariables.
const maxVariable = 32

func (s *variableScanner) names() string {
	var names []string
	for i, set := range s.set {
		if set {
			names = append(names, tlsVariables[i])
		}
	}
	return strings.Join(names, " ")
}

// readVariables reads an answer to opVariables.
func readVariables(text string) (names []string) {
	for _, name := range strings.Fields(text) {
		if slices.Contains(tlsVariables, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
