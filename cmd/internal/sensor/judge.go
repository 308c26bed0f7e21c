package sensor

import (
	"net/netip"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
)

// judge has a finding judged, counted, and delivered where it is wanted.
func (s *Sensor) judge(c *session.Session, f *classify.Finding) {
	s.lookup(f, c.OpenTime(), c.Route())
	s.options.Policy.Judge(f)
	s.noteUnnamed(f)
	wanted := s.options.Emit(f) && s.tunnels.bound.allows(&s.options, f, s.table.Now())
	if wanted || f.Flagged {
		c.Complete(f)
		s.options.Policy.Explain(f)
	}
	s.count(f)
	if wanted {
		s.sessions.Draft = s.options.blank()
		s.options.Deliver(f)
	}
}

// lookup appends what the destination was called elsewhere when the connection
// opened: in DNS, else by the range that its address is in. networks are those of
// the packets to the client, and from it.
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

// count counts a finding that was judged.
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

// noteUnnamed counts a handshake below the floor that may have been to a
// destination in scope: nothing tells its name.
func (s *Sensor) noteUnnamed(f *classify.Finding) {
	if f.Verdict >= classify.Attempt && !f.Flagged && s.nameless(f) {
		s.unnamed.Count(f.Server.Addr())
	}
}

func (s *Sensor) nameless(f *classify.Finding) bool {
	if f.HostSource == classify.NameNone {
		return !s.notAWS(f.Server.Addr())
	}
	return f.HostSource == classify.NameAddress || !policy.IsHostname(strings.TrimSuffix(f.Host, "."))
}

// sharedSpace is where carriers, and some cloud networks, have private addresses
// (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// notAWS reports whether an address that is in none of AWS's published ranges
// is none of AWS's: a private one may be an endpoint in the user's own network.
func (s *Sensor) notAWS(addr netip.Addr) bool {
	if s.options.Ranges == nil || s.options.Ranges() == nil || !s.options.Policy.OnlyAWS() {
		return false
	}
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !sharedSpace.Contains(addr)
}

// blank returns memory for a finding. One that is delivered leaves with it; the
// next is made where it was otherwise, as most are on a healthy network.
func (o *Options) blank() *classify.Finding {
	if o.Blank != nil {
		if f := o.Blank(); f != nil {
			return f
		}
	}
	f := new(struct {
		classify.Finding
		names [2]classify.Name // what nearly all have
	})
	f.Names = f.names[:0]
	return &f.Finding
}
