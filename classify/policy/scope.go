package policy

import (
	"fmt"
	"strings"

	"tlsfloor/classify/aws"
)

// Scope is a set of destinations, by name. It is immutable.
type Scope struct {
	preset preset
	exact  map[string]struct{}
	below  map[string]struct{} // the names under these, at any depth
}

type preset uint8

const (
	presetNone   preset = iota
	presetAWS           // "aws"
	presetAWSAll        // "aws-all"
	presetNamed         // "*"
)

// NewScope makes a Scope of the patterns of --scope. Each is one of
//
//	aws             every name under amazonaws.com and amazonaws.com.cn
//	aws-all         every AWS name, of all partitions
//	*               every destination that has a name
//	*.example.com   names under example.com, at any depth
//	.example.com    the same, and example.com
//	example.com     that name
//
// Letter case and a trailing dot do not matter. Without patterns, the scope is aws.
func NewScope(patterns []string) (*Scope, error) {
	s := &Scope{exact: map[string]struct{}{}, below: map[string]struct{}{}}
	for _, p := range patterns {
		if err := s.add(normal(p)); err != nil {
			return nil, fmt.Errorf("scope %q: %w", p, err)
		}
	}
	if len(patterns) == 0 {
		s.preset = presetAWS
	}
	return s, nil
}

var presets = map[string]preset{"aws": presetAWS, "aws-all": presetAWSAll, "*": presetNamed}

func (s *Scope) add(pattern string) error {
	if p, ok := presets[pattern]; ok {
		s.preset = max(s.preset, p)
		return nil
	}
	name := strings.TrimPrefix(strings.TrimPrefix(pattern, "*"), ".")
	if err := checkPattern(pattern, name); err != nil {
		return err
	}
	if name != pattern {
		s.below[name] = struct{}{}
	}
	if pattern[0] != '*' {
		s.exact[name] = struct{}{}
	}
	return nil
}

// checkPattern returns an error for a pattern that would match nothing, such as a
// misspelt preset.
func checkPattern(pattern, name string) error {
	switch {
	case pattern == "":
		return fmt.Errorf("it is empty")
	case pattern[0] == '*' && !strings.HasPrefix(pattern, "*."), strings.Contains(name, "*"):
		return fmt.Errorf("a * stands alone or in front, as in *.example.com")
	case !IsHostname(name) || len(name) > maxHostname:
		return fmt.Errorf("not a host name (an international one is written with xn--)")
	case name == pattern && strings.HasPrefix(name, "aws") && !strings.Contains(name, "."):
		return fmt.Errorf("no such preset: there are aws and aws-all")
	}
	return nil
}

// Match reports whether a destination of this name is in scope. host may be any bytes;
// those that are not a host name match "*" only.
func (s *Scope) Match(host string) bool { return s.match(normal(host)) }

func (s *Scope) match(host string) bool {
	switch {
	case s.preset == presetNamed:
		return host != ""
	case !IsHostname(host):
		return false
	}
	return s.holds(host)
}

// Reach tells whether a name is in scope.
type Reach uint8

// The reaches.
const (
	Unnamed Reach = iota // not the name of a host: other candidates decide
	Outside              // out of scope
	Inside               // in scope
)

func (s *Scope) reach(host string) Reach {
	switch host, _ = s.named(host); {
	case host == "":
		return Unnamed
	case s.preset == presetNamed || s.holds(host):
		return Inside
	}
	return Outside
}

// holds is match for a host name, in any letter case, without the preset "*".
func (s *Scope) holds(host string) bool {
	switch {
	case s.preset == presetAWS && aws.InScope(host), s.preset == presetAWSAll && aws.InScopeAll(host):
		return true
	}
	return s.lists(host)
}

// lists reports whether host, in any letter case, matches one of the patterns.
func (s *Scope) lists(host string) bool {
	return len(s.exact)+len(s.below) > 0 && s.listed(normal(host))
}

func (s *Scope) listed(host string) bool {
	if _, ok := s.exact[host]; ok {
		return true
	}
	for len(s.below) > 0 {
		_, parent, dotted := strings.Cut(host, ".")
		if !dotted {
			break
		}
		if _, ok := s.below[parent]; ok {
			return true
		}
		host = parent
	}
	return false
}

// suspects reports whether a destination is in scope that is known by one of AWS's
// published address ranges. host may be empty.
func (s *Scope) suspects(host string) bool {
	return s.preset == presetAWS || s.preset == presetAWSAll || s.match(host)
}
