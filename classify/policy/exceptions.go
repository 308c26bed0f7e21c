package policy

import (
	"net/netip"
	"slices"
	"strings"

	"tlsfloor/classify"
)

// Exceptions say which flagged flows somebody accepts, until when, and why. They are
// immutable.
type Exceptions struct {
	rules []rule // in the order of the file
	late  bool   // some need more than the packets tell
}

// rule is one exception. What it names has to be so, of each key at least one; a key
// without values is not asked for.
type rule struct {
	*classify.Exception
	line     int // in the file
	ends     int64
	clients  []netip.Prefix
	hosts    []pattern
	snis     []pattern
	services []string
	regions  []string
	programs []string // paths
	software []string // ids
}

// Except takes the flag of a finding that a rule excepts, and says so in f.Exception. The
// time of the hello decides whether the rule still holds, so that a capture gives the same
// whenever it is read. early: the process is not known yet, so that rules which need it are
// left to a second call.
//
// A flow whose names contradict each other, or whose hello somebody has changed, is not
// excepted: no owner of an exception can have meant it. Else a client could hide any
// connection behind a name that is excepted.
func (x *Exceptions) Except(f *classify.Finding, early bool) {
	if !f.Flagged || slices.Contains(f.Anomalies, NameMismatch) || slices.Contains(f.Anomalies, Downgrade) {
		return
	}
	for i := range x.rules {
		if r := &x.rules[i]; f.Time < r.ends && !(early && r.late()) && r.matches(f) {
			f.Flagged, f.Exception = false, r.Exception
			return
		}
	}
}

// Late reports whether rules need the process.
func (x *Exceptions) Late() bool { return x.late }

// late reports whether the rule asks for what the process may change.
func (r *rule) late() bool { return len(r.programs)+len(r.software) > 0 }

func (r *rule) matches(f *classify.Finding) bool {
	return r.ofClient(f.Client.Addr()) && r.ofHost(f) && r.ofAWS(f.AWS) && r.ofProgram(f.Process) && r.ofSoftware(f.Software)
}

func (r *rule) ofClient(a netip.Addr) bool {
	return len(r.clients) == 0 || slices.ContainsFunc(r.clients, func(p netip.Prefix) bool { return p.Contains(a.WithZone("")) })
}

func (r *rule) ofHost(f *classify.Finding) bool {
	return named(r.hosts, f.Host) && named(r.snis, f.SNI)
}

// pattern is a name, in lower case, or those below it, or both. A file has few of them for
// each exception, and many exceptions: a comparison takes less time than a map.
type pattern struct {
	name         string
	exact, below bool
}

// named reports whether a text is a name that one of the patterns stands for, or the list
// asks for nothing.
func named(list []pattern, text string) bool {
	if len(list) == 0 {
		return true
	}
	host := withoutRoot(text)
	return slices.ContainsFunc(list, func(p pattern) bool { return p.matches(host) }) && IsHostname(host)
}

func (p *pattern) matches(host string) bool {
	cut := len(host) - len(p.name)
	switch {
	case cut < 0 || !strings.EqualFold(host[cut:], p.name):
		return false
	case cut == 0:
		return p.exact
	}
	return p.below && host[cut-1] == '.'
}

func (r *rule) ofAWS(a *classify.AWS) bool {
	if a == nil {
		return len(r.services)+len(r.regions) == 0
	}
	return has(r.services, a.Service) && has(r.regions, a.Region)
}

// has reports whether a text is in a list, or the list asks for nothing.
func has(list []string, text string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, text) })
}

// ofProgram compares with the file of the process, as the kernel has it, and with the
// script that it runs.
func (r *rule) ofProgram(p *classify.Process) bool {
	if len(r.programs) == 0 {
		return true
	}
	return p != nil && (slices.Contains(r.programs, p.Executable) || slices.Contains(r.programs, p.Script))
}

func (r *rule) ofSoftware(s *classify.Software) bool {
	return len(r.software) == 0 || s != nil && slices.Contains(r.software, s.ID)
}

// Dated is an exception with its place in the file.
type Dated struct {
	*classify.Exception
	Line int
}

// Ended returns the exceptions that have ended at a time, in nanoseconds since the Unix
// epoch, in the order of the file.
func (x *Exceptions) Ended(at int64) []Dated {
	return x.dated(func(r *rule) bool { return r.ends <= at })
}

// Beyond returns those that hold at a time.
func (x *Exceptions) Beyond(at int64) []Dated {
	return x.dated(func(r *rule) bool { return r.ends > at })
}

func (x *Exceptions) dated(wanted func(*rule) bool) (list []Dated) {
	for i := range x.rules {
		if wanted(&x.rules[i]) {
			list = append(list, Dated{x.rules[i].Exception, x.rules[i].line})
		}
	}
	return list
}
