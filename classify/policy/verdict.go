package policy

import (
	"slices"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Verdict judges by the versions alone, as Judge does first. A HelloRetryRequest
// with nothing after it counts as an answer: the version it selects is binding
// (RFC 8446, 4.1.4).
func (p *Policy) Verdict(o *classify.Observation) classify.Verdict {
	switch {
	case o.Answer != nil && p.below(o.Answer.Version):
		return classify.Violation
	case o.Answer != nil && o.Hello != nil && slices.ContainsFunc(o.Hello.Versions, p.below):
		return classify.Exposed
	case o.Answer != nil:
		return classify.OK
	case o.Hello != nil && o.Hello.ShowsVersions() && p.below(o.Hello.MaxVersion()):
		return classify.Attempt
	}
	return classify.Undetermined
}

func (p *Policy) below(v parse.Version) bool { return v.Rank() < p.floor }

// fix says who has to change.
func (p *Policy) fix(o *classify.Observation, v classify.Verdict) classify.Fix {
	switch v {
	case classify.Attempt:
		return classify.FixClient
	case classify.Violation:
		return p.violator(o)
	}
	return classify.FixNone
}

// violator reads a sentinel without a ClientHello as the server's word that it
// could do better and was not asked. With a ClientHello that did ask, the same
// sentinel means that the server got another hello than the one seen here.
func (p *Policy) violator(o *classify.Observation) classify.Fix {
	switch {
	case o.Hello == nil && o.Answer.Sentinel != 0:
		return classify.FixClient
	case o.Hello == nil:
		return classify.FixUnknown
	case p.below(o.Hello.MaxVersion()) && !o.Hello.ShowsVersions():
		return classify.FixUnknown
	case p.below(o.Hello.MaxVersion()):
		return classify.FixClient
	case downgraded(o):
		return classify.FixUnknown
	}
	return classify.FixServer
}

// downgraded is the check that RFC 8446, 4.1.3 asks of clients. A client that
// offers drafts of TLS 1.3 only is rightly given TLS 1.2 and the sentinel.
func downgraded(o *classify.Observation) bool {
	if o.Hello == nil || o.Answer == nil || o.Answer.Sentinel == 0 {
		return false
	}
	selected := o.Answer.Version.Rank()
	if slices.Contains(o.Hello.Versions, parse.TLSv13) {
		return selected < parse.TLSv13
	}
	return o.Hello.MaxVersion() >= parse.TLSv12 && selected < parse.TLSv12
}

// unoffered reports whether the server selected what the client did not offer:
// a server older than supported_versions does so in good faith.
func unoffered(o *classify.Observation) bool {
	if o.Hello == nil || o.Answer == nil || !o.Hello.ShowsVersions() {
		return false
	}
	if len(o.Hello.Versions) > 0 {
		return !slices.Contains(o.Hello.Versions, o.Answer.Version)
	}
	return o.Answer.Version.Rank() > o.Hello.LegacyVersion.Rank()
}
