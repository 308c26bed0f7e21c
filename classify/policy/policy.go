package policy

import (
	"fmt"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/parse"
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
	reasons       map[reasonKey]string
	endpoints     map[string]*classify.AWS // what AWS's names say
}

// maxEndpoints bounds the names that are remembered with what they say.
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
	return &Policy{o.Floor, o.Scope, o.FlagAddresses, make(map[reasonKey]string), make(map[string]*classify.AWS)}, nil
}

// Floor is the lowest version that is good enough.
func (p *Policy) Floor() parse.Version { return p.floor }

// InScope reports whether a destination of this name is in scope.
func (p *Policy) InScope(host string) bool { return p.scope.Match(host) }

// Reach is what host, in any letter case, with or without the trailing dot,
// says alone: of a connection whose most trusted name is Outside, nothing will
// be flagged.
func (p *Policy) Reach(host string) Reach { return p.scope.reach(host) }

// Judge fills the judged half of f from its Observation, and appends what it
// found odd to f.Anomalies. What only a reader of the event needs is left to
// Explain. It allocates for anomalies and hosts in upper case only.
func (p *Policy) Judge(f *classify.Finding) {
	f.Verdict = p.Verdict(&f.Observation)
	f.Fix = p.fix(&f.Observation, f.Verdict)
	f.Host, f.HostSource = destination(f.Names)
	f.InScope = p.reaches(f.Host, f.HostSource)
	f.Flagged = p.flags(f)
	addAnomalies(&f.Observation)
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

func (p *Policy) reaches(host string, source classify.NameSource) bool {
	if source == classify.NameAddress {
		return p.scope.suspects(host)
	}
	return p.scope.match(host)
}

func (p *Policy) flags(f *classify.Finding) bool {
	if f.HostSource == classify.NameAddress && !p.flagAddresses {
		return false
	}
	return f.InScope && (f.Verdict == classify.Violation || f.Verdict == classify.Attempt)
}

// endpoint is what the name says about an AWS endpoint; nil: it is not AWS's.
// The result is shared by the findings of one name.
func (p *Policy) endpoint(host string) *classify.AWS {
	if !aws.InScopeAll(host) {
		return nil // most names of most networks, more than can be remembered
	}
	if known, ok := p.endpoints[host]; ok {
		return known
	}
	var said *classify.AWS
	if known, ok := aws.Parse(host); ok {
		said = &known
	}
	if len(p.endpoints) >= maxEndpoints {
		clear(p.endpoints)
	}
	if len(host) <= maxHostname {
		p.endpoints[host] = said
	}
	return said
}
