package report

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"tlsfloor/classify/event"
)

const (
	// maxGroups bounds the groups. Further findings are only counted.
	maxGroups = 10000
	// maxHosts bounds the destinations that are listed for a group.
	maxHosts = 8
)

// Findings are the flagged events that were read, in groups.
type Findings struct {
	groups    map[key]*group
	events    uint64 // of tlsfloor, flagged or not
	flagged   uint64
	foreign   uint64 // lines that are not events of tlsfloor
	ungrouped uint64 // flagged events without a group
	unseen    unseen
}

// NewFindings returns empty Findings.
func NewFindings() *Findings { return &Findings{groups: make(map[key]*group)} }

// Lines returns the number of lines that are events of tlsfloor, and of those that are
// not.
func (r *Findings) Lines() (events, foreign uint64) { return r.events, r.foreign }

// key is equal for the events of one group.
type key struct{ guide, summary, source, program, software string }

// group is the flagged flows of one client with the same advice.
type group struct {
	key
	times       uint64
	first, last string // as RFC 3339 writes them in UTC: they sort as text
	reason      string // of the last
	process     string
	versions    []string
	hosts       []string
	moreHosts   bool
}

func (r *Findings) add(e *event.Event) {
	r.flagged++
	k := key{source: e.SourceIP, program: programOf(e.Process), software: softwareOf(e.Software)}
	k.guide, k.summary = adviceFor(e)
	g := r.groups[k]
	if g == nil {
		if len(r.groups) >= maxGroups {
			r.ungrouped++
			return
		}
		g = &group{key: k, first: e.Time, last: e.Time}
		r.groups[k] = g
	}
	g.add(e)
}

func (g *group) add(e *event.Event) {
	g.times++
	g.first, g.last = min(g.first, e.Time), max(g.last, e.Time)
	g.reason, g.process = e.Reason, describe(e.Process)
	version := "none (refused or unanswered)"
	if e.Server != nil && e.Server.Version != "" {
		version = e.Server.Version
	}
	g.versions, _ = list(g.versions, version)
	full := false
	g.hosts, full = list(g.hosts, destinationOf(e))
	g.moreHosts = g.moreHosts || full
}

// list adds a new text to a list, unless the list is full.
func list(of []string, text string) (_ []string, full bool) {
	switch {
	case slices.Contains(of, text):
		return of, false
	case len(of) >= maxHosts:
		return of, true
	}
	return append(of, text), false
}

// programOf is equal for processes of the same program that are started again and again.
func programOf(p *event.Process) string {
	if p == nil {
		return ""
	}
	if p.Executable == "" && len(p.CommandLine) > 0 {
		return p.CommandLine[0]
	}
	return p.Executable + " " + p.User + " " + p.Unit
}

// describe describes a process in one line.
func describe(p *event.Process) string {
	if p == nil {
		return ""
	}
	text := strings.Join(p.CommandLine, " ")
	if p.Executable != "" && !strings.HasPrefix(text, p.Executable) {
		text = p.Executable + ": " + text
	}
	for _, part := range [][2]string{{" as user ", p.User}, {", unit ", p.Unit}, {", container ", p.Container}} {
		if part[1] != "" {
			text += part[0] + part[1]
		}
	}
	return text
}

func softwareOf(s *event.Software) string {
	if s == nil {
		return ""
	}
	text := strings.TrimSpace(s.Name + " " + s.Version)
	if s.Library != "" && s.Library != text {
		text += " with " + s.Library
	}
	if text != "" && s.Confidence != "" {
		text += " (confidence: " + s.Confidence + ")"
	}
	return text
}

func destinationOf(e *event.Event) string {
	text := e.Host
	if text == "" {
		text = e.TargetIP
	}
	if e.AWS == nil {
		return text
	}
	if what := strings.TrimSpace(e.AWS.Service + " " + e.AWS.Region); what != "" {
		text += " (" + what + ")"
	}
	return text
}

// sorted returns the groups by guide, with the most flows first.
func (r *Findings) sorted() (guides []string, of map[string][]*group) {
	of = make(map[string][]*group)
	total := make(map[string]uint64)
	for _, g := range r.groups {
		of[g.guide] = append(of[g.guide], g)
		total[g.guide] += g.times
	}
	for id, groups := range of {
		guides = append(guides, id)
		slices.SortFunc(groups, func(a, b *group) int {
			if a.times != b.times {
				return int(b.times) - int(a.times)
			}
			return cmp.Or(compareAddresses(a.source, b.source), cmp.Compare(a.program, b.program), cmp.Compare(a.software, b.software), cmp.Compare(a.summary, b.summary))
		})
	}
	slices.SortFunc(guides, func(a, b string) int {
		if total[a] != total[b] {
			return int(total[b]) - int(total[a])
		}
		return strings.Compare(a, b)
	})
	return guides, of
}

// compareAddresses compares two addresses by their numbers: 10.0.0.2 comes before
// 10.0.0.10. Texts that are no addresses come last.
func compareAddresses(a, b string) int {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	switch {
	case errX == nil && errY == nil:
		return cmp.Or(x.Compare(y), cmp.Compare(a, b))
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}
