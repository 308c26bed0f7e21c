package policy

import (
	"fmt"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
)

// Options are what a user can choose. The zero value is the default policy.
type Options struct {
	// Floor is the lowest version that is good enough: parse.TLSv12 (also
	// when zero) or parse.TLSv13.
	Floor parse.Version
	// Scope says which destinations matter; nil: the preset "aws".
	Scope *Scope
	// FlagAddresses also flags flows whose destination is known by its
	// address range only.
	FlagAddresses bool
}

// Policy holds the floor and the scope, and remembers the reasons it gave.
// It serves one goroutine at a time: give each sensor its own.
type Policy struct {
	floor         parse.Version
	scope         *Scope
	flagAddresses bool
	reasons       cache.Cache[reasonKey, string]
	endpoints     cache.Cache[string, *classify.AWS] // what AWS's names say; nil: nothing
}

// maxEndpoints bounds the names that are remembered with what they say: reading one
// anew takes 170 ns.
const maxEndpoints = 2048

// New returns a Policy, or an error that names the floor it cannot hold to.
func New(o Options) (*Policy, error) {
	if o.Floor == 0 {
		o.Floor = parse.TLSv12
	}
	if o.Floor != parse.TLSv12 && o.Floor != parse.TLSv13 {
		return nil, fmt.Errorf("the floor can be TLSv1.2 or TLSv1.3, not %s", o.Floor)
	}
	if o.Scope == nil {
		o.Scope = &Scope{preset: presetAWS}
	}
	return &Policy{
		floor: o.Floor, scope: o.Scope, flagAddresses: o.FlagAddresses,
		reasons: cache.New[reasonKey, string](maxReasons), endpoints: cache.New[string, *classify.AWS](maxEndpoints),
	}, nil
}

// Floor is the lowest version that is good enough.
func (p *Policy) Floor() parse.Version { return p.floor }

// InScope reports whether a destination of this name is in scope.
func (p *Policy) InScope(host string) bool { return p.scope.Match(host) }

// Reach is what a text that was sent as a name says alone: of a connection whose
// most trusted name is Outside, nothing will be flagged. The name is the one that
// Named finds in it.
func (p *Policy) Reach(text string) Reach { return p.scope.reach(text) }

// Named finds the name of a host in a text that was sent as one: host is a part
// of it, in the same letter case and without a trailing dot, or empty. exact says
// that nothing else is in the text: no port, scheme, path, NUL or blank. An
// address is no name, and neither are "localhost" and names of one label, unless
// the scope lists them.
func (p *Policy) Named(text string) (host string, exact bool) { return p.scope.named(text) }

// OnlyAWS reports whether nothing but AWS's own names is in scope.
func (p *Policy) OnlyAWS() bool {
	s := p.scope
	return (s.preset == presetAWS || s.preset == presetAWSAll) && len(s.exact)+len(s.below) == 0
}

// Judge fills the judged half of f from its Observation, and appends what it
// found odd to f.Anomalies. What only a reader of the event needs is left to
// Explain. It allocates for anomalies and hosts in upper case only.
func (p *Policy) Judge(f *classify.Finding) {
	f.Verdict = p.Verdict(&f.Observation)
	f.Fix = p.fix(&f.Observation, f.Verdict)
	d := p.scope.destination(f.Names)
	f.Host, f.HostSource = d.host, d.source
	f.InScope = p.reaches(&d)
	f.Flagged = p.flags(f)
	p.addAnomalies(&f.Observation, d.sniNotName)
}

// Explain fills f.Reason and f.AWS of a finding that Judge has seen and that
// somebody will read: for most nobody does, and these two cost more than the
// judgement. It needs all facts of the hellos, where Judge does with versions.
// f.AWS is kept when it came with the address range that named the destination.
func (p *Policy) Explain(f *classify.Finding) {
	f.Reason = p.reason(&f.Observation, f.Verdict)
	if f.HostSource != classify.NameAddress {
		f.AWS = p.endpoint(f.Host)
	}
}

func (p *Policy) reaches(d *destination) bool {
	switch {
	case d.source == classify.NameAddress:
		return p.scope.suspects(d.host)
	case d.named:
		return p.scope.preset == presetNamed || p.scope.holds(d.host)
	}
	return p.scope.match(d.host)
}

func (p *Policy) flags(f *classify.Finding) bool {
	if f.HostSource == classify.NameAddress && !p.flagAddresses {
		return false
	}
	return f.InScope && Flaggable(f.Verdict)
}

// Flaggable reports whether a handshake of this verdict is flagged where its
// destination is in scope.
func Flaggable(v classify.Verdict) bool {
	return v == classify.Violation || v == classify.Attempt
}

// endpoint is what the name says about an AWS endpoint; nil: it is not AWS's.
// The result is shared by the findings of one name.
func (p *Policy) endpoint(host string) *classify.AWS {
	if !aws.InScopeAll(host) {
		return nil // most names of most networks, more than can be remembered
	}
	endpoint, ok := p.endpoints.Get(host)
	if ok {
		return endpoint
	}
	if parsed, ok := aws.Parse(host); ok {
		endpoint = &parsed
	}
	if len(host) <= maxHostname {
		p.endpoints.Put(host, endpoint)
	}
	return endpoint
}
