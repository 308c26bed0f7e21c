package advice

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"tlsfloor/classify"
)

// The guides that are used when no other fits.
const (
	anyClient = "client"
	anyServer = "server"
	anyAPI    = "server-api"
	between   = "middlebox"
)

// entry is a guide, and the advice in events that refers to it.
type entry struct {
	guide     *Guide
	advice    classify.Advice
	sinces    []classify.Advice // of guide.sinces
	arguments []classify.Advice // of guide.arguments
	variables []classify.Advice // of guide.variables
	protocols []classify.Advice // of guide.protocols
	noHello   classify.Advice
}

func newEntry(g *Guide) *entry {
	e := &entry{guide: g, advice: classify.Advice{ID: g.ID, Summary: g.Summary}, noHello: classify.Advice{ID: g.ID, Summary: g.noHello}}
	for _, s := range g.sinces {
		e.sinces = append(e.sinces, classify.Advice{ID: g.ID, Summary: s.summary})
	}
	for _, a := range g.arguments {
		e.arguments = append(e.arguments, classify.Advice{ID: g.ID, Summary: a.summary})
	}
	for _, v := range g.variables {
		e.variables = append(e.variables, classify.Advice{ID: g.ID, Summary: v.summary})
	}
	for _, p := range g.protocols {
		e.protocols = append(e.protocols, classify.Advice{ID: g.ID, Summary: p.summary})
	}
	return e
}

func newLibrary(guides []*Guide) (*library, error) {
	l := &library{
		guides: guides, byID: map[string]*Guide{}, bySoft: map[string]*entry{},
		byService: map[string]*entry{}, byAPI: map[string]*entry{}, byTarget: map[string]*entry{},
		byStartTLS: map[string]*entry{}, byProgram: map[string]*entry{},
	}
	for _, g := range guides {
		l.byID[g.ID] = g
		e := newEntry(g)
		for _, keys := range []struct {
			in  map[string]*entry
			ids []string
		}{
			{l.bySoft, g.Software}, {l.byService, g.Services}, {l.byAPI, g.APIs}, {l.byTarget, g.Targets},
			{l.byStartTLS, g.StartTLS}, {l.byProgram, g.Programs},
		} {
			if err := enter(keys.in, keys.ids, e); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range []string{anyClient, anyServer, anyAPI, between} {
		g, ok := l.byID[id]
		if !ok {
			return nil, fmt.Errorf("there is no guide %q", id)
		}
		l.bySoft["/"+id] = newEntry(g) // no software has such an id
	}
	return l, nil
}

func enter(in map[string]*entry, keys []string, e *entry) error {
	for _, key := range keys {
		if other, taken := in[key]; taken {
			return fmt.Errorf("%s is in the guides %s and %s", key, other.guide.ID, e.guide.ID)
		}
		in[key] = e
	}
	return nil
}

// For returns the advice for a finding; nil: nothing to change. It depends on the side
// that has to change: no setting of a client helps against a server that selects TLS
// 1.0. The result is shared and read-only.
func For(f *classify.Finding) *classify.Advice {
	switch f.Fix {
	case classify.FixServer:
		return forService(f.AWS)
	case classify.FixClient:
		return forSoftware(f)
	case classify.FixUnknown:
		if f.Hello == nil {
			return &guides().bySoft["/"+anyClient].noHello
		}
		return &guides().bySoft["/"+between].advice
	}
	if f.Verdict == classify.Exposed {
		return forSoftware(f)
	}
	return nil
}

// forService distinguishes a customer's resource, whose versions can be set, from an API
// endpoint, which is AWS's own. In the name of a VPC endpoint of an API, the resource is
// the endpoint. The service "vpce" is a customer's own, behind a VPC endpoint.
func forService(a *classify.AWS) *classify.Advice {
	l := guides()
	of, other := l.byService, anyServer
	if a != nil && a.Service != "" && a.Service != "vpce" && (a.Resource == "" || a.VPCEndpoint) {
		of, other = l.byAPI, anyAPI
	}
	if a != nil {
		if e, ok := of[a.Service]; ok {
			return &e.advice
		}
	}
	return &l.bySoft["/"+other].advice
}

// forSoftware returns the advice for a client. The program counts before the library
// that its hello shows, and what the program speaks, and with whom, after both.
func forSoftware(f *classify.Finding) *classify.Advice {
	l := guides()
	if e, ok := l.byProgram[programOf(f)]; ok {
		return e.fit(f)
	}
	if f.Software != nil {
		if e, ok := l.bySoft[f.Software.ID]; ok {
			return e.fit(f)
		}
	}
	if f.AWS != nil {
		if e, ok := l.byTarget[f.AWS.Service]; ok {
			return &e.advice
		}
	}
	if e, ok := l.byStartTLS[f.StartTLS]; ok {
		return &e.advice
	}
	return &l.bySoft["/"+anyClient].advice
}

// programOf returns the name of the file that the client runs; empty: not known. A Go
// program is known by what it was built from, whatever its file is called.
func programOf(f *classify.Finding) string {
	if f.Process == nil || f.Process.Executable == "" || f.Software != nil && f.Software.ID == "go" {
		return ""
	}
	// The kernel adds this to a file that was replaced while it ran.
	return path.Base(strings.TrimSuffix(f.Process.Executable, " (deleted)"))
}

// fit returns the advice that fits best what is known about the client: an option on its
// command line, a variable of its environment, the protocol before TLS, its version unless
// that is a guess. No variable helps a version that is too old for all summaries.
func (e *entry) fit(f *classify.Finding) *classify.Advice {
	byVersion, tooOld := e.byVersion(f.Software)
	if f.Process != nil {
		for i := range e.arguments {
			if has(f.Process.CommandLine, e.guide.arguments[i].words) {
				return &e.arguments[i]
			}
		}
		for i := range e.variables {
			if !tooOld && slices.Contains(f.Process.Variables, e.guide.variables[i].name) {
				return &e.variables[i]
			}
		}
	}
	for i := range e.protocols {
		if e.guide.protocols[i].name == f.StartTLS {
			return &e.protocols[i]
		}
	}
	return byVersion
}

// byVersion returns the advice for the version of a client, or what is for all versions.
// tooOld: the version is known, and below all that have advice of their own.
func (e *entry) byVersion(s *classify.Software) (a *classify.Advice, tooOld bool) {
	if s == nil || s.Confidence < classify.Medium || len(e.sinces) == 0 {
		return &e.advice, false
	}
	version := versionOf(s)
	if version == "" {
		return &e.advice, false
	}
	for i := range e.sinces {
		if atLeast(version, e.guide.sinces[i].version) {
			return &e.sinces[i], false
		}
	}
	return &e.advice, true
}

// versionOf returns the version that decides what a client offers: of a Go program that
// of its Go, since Version may be that of its SDK.
func versionOf(s *classify.Software) string {
	if toolchain, ok := strings.CutPrefix(s.Library, "crypto/tls of Go "); ok {
		return toolchain
	}
	return s.Version
}

// has reports whether the words follow each other on a command line, behind the
// program's name.
func has(line, words []string) bool {
	for from := 1; from+len(words) <= len(line); from++ {
		if slices.EqualFunc(line[from:from+len(words)], words, matches) {
			return true
		}
	}
	return false
}

func matches(argument, word string) bool {
	if start, open := strings.CutSuffix(word, "*"); open {
		return strings.HasPrefix(argument, start)
	}
	return argument == word
}

// atLeast compares versions by their numbers: "3.11.4" is at least "3.10". A range such
// as "8u262 or later" or "11 to 16" begins with its lowest version. A version that is
// not known is below all others.
func atLeast(version, floor string) bool {
	for floor != "" {
		var have, want int
		var ok bool
		if have, version, ok = leadingNumber(version); !ok {
			return false
		}
		if want, floor, _ = leadingNumber(floor); have != want {
			return have > want
		}
	}
	return true
}

// leadingNumber splits a version at its first dot. A number that is too large to be one
// of a version is not ok.
func leadingNumber(version string) (n int, rest string, ok bool) {
	end := 0
	for end < len(version) && end < 5 && '0' <= version[end] && version[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(version[:end])
	rest, dotted := strings.CutPrefix(version[end:], ".")
	if !dotted {
		rest = ""
	}
	return n, rest, err == nil
}
