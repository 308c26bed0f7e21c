package sensor

import (
	"net/netip"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
)

// judge judges and counts a finding, and delivers it if it is wanted.
func (s *Sensor) judge(c *session.Session, f *classify.Finding) {
	s.lookup(f, c.OpenTime(), c.Route())
	s.options.Policy.Judge(f)
	s.countUnnamed(f)
	described := f.Flagged
	if described {
		c.Complete(f)
		s.options.Policy.Explain(f)
		s.options.except(f)
	}
	wanted, kept := s.options.wants(f, &s.tunnels.allowances, s.table.Now())
	if wanted && !described {
		c.Complete(f)
		s.options.Policy.Explain(f)
	}
	s.count(f)
	if kept {
		s.options.Keep.Flag(f)
	}
	if wanted {
		s.sessions.Draft = s.options.newFinding()
		s.options.Deliver(f)
	} else {
		s.options.withhold(f)
	}
}

// except takes the flag of a finding that the user has excepted.
func (o *Options) except(f *classify.Finding) {
	if o.Except != nil {
		o.Except(f)
	}
}

// withhold passes on a finding that is not delivered, if it is flagged or excepted.
func (o *Options) withhold(f *classify.Finding) {
	if (f.Flagged || f.Exception != nil) && o.Withheld != nil {
		o.Withheld(f)
	}
}

// wants reports whether a judged finding is delivered, and whether the packets of its flow
// are kept. now is in nanoseconds.
func (o *Options) wants(f *classify.Finding, a *allowances, now int64) (deliver, keep bool) {
	deliver, keep = o.Emit(f), f.Flagged && o.Keep != nil
	if (deliver || keep) && !a.allows(o, f, now) {
		return false, false
	}
	return deliver, keep
}

// lookup appends to f the name that Options.Names has for the destination at the time
// when the connection was opened. If f then has no name at all, it looks up the range
// of AWS that the address is in. networks are those of the packets to the client, and
// of those from it.
func (s *Sensor) lookup(f *classify.Finding, opened int64, networks [2]names.Network) {
	if s.options.Names != nil {
		if host, ok := s.options.Names.Lookup(opened, networks, f.Client.Addr(), f.Server.Addr()); ok {
			f.Names = append(f.Names, classify.Name{Host: host, Source: classify.NameDNS})
		}
	}
	if len(f.Names) == 0 && s.options.Ranges != nil {
		if r, ok := s.options.Ranges().Lookup(f.Server.Addr()); ok {
			f.Names = append(f.Names, classify.Name{Source: classify.NameAddress})
			f.AWS = awsOf(r)
		}
	}
}

func awsOf(r names.Range) *classify.AWS {
	return &classify.AWS{Region: r.Region, Service: r.Service}
}

// count counts a judged finding.
func (s *Sensor) count(f *classify.Finding) {
	s.stats.Handshakes++
	s.stats.Verdicts[f.Verdict]++
	if f.Flagged {
		s.stats.Flagged++
	}
	if f.InScope {
		s.stats.InScope++
	}
	if s.options.Tally != nil {
		s.options.Tally(f)
	}
}

// countUnnamed counts a handshake below the floor whose destination may be in scope,
// because its name is not known.
func (s *Sensor) countUnnamed(f *classify.Finding) {
	if f.Verdict >= classify.Attempt && !f.Flagged && s.nameUnknown(f) {
		s.unnamed.Count(f.Server.Addr())
	}
}

// nameUnknown reports whether the destination's name is not known, and may be in scope.
func (s *Sensor) nameUnknown(f *classify.Finding) bool {
	if f.HostSource == classify.NameNone {
		return !s.notAWS(f.Server.Addr())
	}
	return f.HostSource == classify.NameAddress || !policy.IsHostname(strings.TrimSuffix(f.Host, "."))
}

// sharedSpace is the address space that carriers, and some cloud networks, use for
// private addresses (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// notAWS reports whether an address outside of AWS's published ranges is certainly not
// AWS's. A private address is not certain: it may be an endpoint in the user's network.
func (s *Sensor) notAWS(addr netip.Addr) bool {
	if s.options.Ranges == nil || s.options.Ranges() == nil || !s.options.Policy.OnlyAWS() {
		return false
	}
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !sharedSpace.Contains(addr)
}

// newFinding returns memory for a finding, after one was delivered with its memory. A
// finding that was not delivered, as most are on a healthy network, leaves its memory
// to the next one.
func (o *Options) newFinding() *classify.Finding {
	if o.ReuseFinding != nil {
		if f := o.ReuseFinding(); f != nil {
			return f
		}
	}
	f := new(struct {
		classify.Finding
		names [2]classify.Name // enough for nearly all
	})
	f.Names = f.names[:0]
	return &f.Finding
}
