package policy

import (
	"fmt"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
)

// Options are the user's choices. The zero value is the default policy.
type Options struct {
	// Floor is the lowest version that is good enough: parse.TLSv12 (also
	// when zero) or parse.TLSv13.
	Floor parse.Version
	// Scope has the destinations that matter; nil: the preset "aws".
	Scope *Scope
	// FlagAddresses also flags flows whose destination is known only by an address
	// range.
	FlagAddresses bool
}

// Policy has the floor and the scope, and caches reasons and AWS endpoints. It is for
// one goroutine at a time, so each sensor has its own.
type Policy struct {
	floor         parse.Version
	scope         *Scope
	flagAddresses bool
	reasons       cache.Cache[reasonKey, string]
	endpoints     cache.Cache[string, *classify.AWS] // by name; nil: not an AWS name
}

// maxEndpoints bounds the endpoints that are cached. Parsing a name takes 170 ns.
const maxEndpoints = 2048

// New returns a Policy, or an error about a floor that is not possible.
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

// Floor returns the lowest version that is good enough.
func (p *Policy) Floor() parse.Version { return p.floor }

// InScope reports whether a destination of this name is in scope.
func (p *Policy) InScope(host string) bool { return p.scope.Match(host) }

// Reach reports whether the destination that a text names is in scope. The name is the
// one that Named finds in the text. A connection whose most trusted name is Outside
// will not be flagged.
func (p *Policy) Reach(text string) Reach { return p.scope.reach(text) }

// Named finds the name of a host in a text that was sent as one. host is a part of the
// text, in the same letter case and without a trailing dot, or empty. exact tells that
// nothing else is in the text: no port, scheme, path, NUL or blank. An address is not
// a name; nor are "localhost" and names of one label, unless the scope lists them.
func (p *Policy) Named(text string) (host string, exact bool) { return p.scope.named(text) }

// OnlyAWS reports whether only AWS's own names are in scope.
func (p *Policy) OnlyAWS() bool {
	s := p.scope
	return (s.preset == presetAWS || s.preset == presetAWSAll) && len(s.exact)+len(s.below) == 0
}

// Judge sets the verdict of f and the fields that depend on it from f.Observation, and
// appends to f.Anomalies. The fields that only readers of an event need are left to
// Explain. It allocates only for anomalies and for hosts in upper case.
func (p *Policy) Judge(f *classify.Finding) {
	f.Verdict = p.Verdict(&f.Observation)
	f.Fix = p.fix(&f.Observation, f.Verdict)
	d := p.scope.destination(f.Names)
	f.Host, f.HostSource = d.host, d.source
	f.InScope = p.inScope(&d)
	f.Flagged = p.flagged(f)
	p.addAnomalies(&f.Observation, d.sniNotName)
}

// Explain sets f.Reason and f.AWS, after Judge, in a finding that is delivered. Most
// findings are not, and these two fields take longer than Judge. It needs the whole
// hellos, while Judge needs the versions only. It does not change the f.AWS of a
// destination known by an address range.
func (p *Policy) Explain(f *classify.Finding) {
	f.Reason = p.reason(&f.Observation, f.Verdict)
	if f.HostSource != classify.NameAddress {
		f.AWS = p.endpoint(f.Host)
	}
}

// inScope reports whether a destination is in scope. Unlike Reach it also judges names
// that are known by their address only.
func (p *Policy) inScope(d *destination) bool {
	switch {
	case d.source == classify.NameAddress:
		return p.scope.suspects(d.host)
	case d.named:
		return p.scope.preset == presetNamed || p.scope.holds(d.host)
	}
	return p.scope.match(d.host)
}

// flagged reports whether a finding asks for action.
func (p *Policy) flagged(f *classify.Finding) bool {
	if f.HostSource == classify.NameAddress && !p.flagAddresses {
		return false
	}
	return f.InScope && Flaggable(f.Verdict)
}

// Flaggable reports whether a handshake with this verdict is flagged when its
// destination is in scope.
func Flaggable(v classify.Verdict) bool {
	return v == classify.Violation || v == classify.Attempt
}

// endpoint returns what the name tells about an AWS endpoint; nil when it is not an
// AWS name. Findings with the same name share the result.
func (p *Policy) endpoint(host string) *classify.AWS {
	if !aws.InScopeAll(host) {
		return nil // most names in most networks are others, and too many to be cached
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
