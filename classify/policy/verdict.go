package policy

import (
	"slices"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Verdict compares the versions with the floor. A HelloRetryRequest with nothing
// after it counts as an answer: the version that it selects is binding (RFC 8446,
// 4.1.4).
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

// fix returns the side that has to change.
func (p *Policy) fix(o *classify.Observation, v classify.Verdict) classify.Fix {
	switch v {
	case classify.Attempt:
		return classify.FixClient
	case classify.Violation:
		return p.violator(o)
	}
	return classify.FixNone
}

// violator returns the side that is the cause of a violation. Where no ClientHello was
// captured, a downgrade sentinel tells that the client did not offer more. Where a
// ClientHello offers more, the same sentinel tells that the server received another
// hello than the captured one.
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

// downgraded does the check that RFC 8446, 4.1.3 requires of clients. For a client
// that offers drafts of TLS 1.3 only, TLS 1.2 with the sentinel is correct.
func downgraded(o *classify.Observation) bool {
	if o.Hello == nil || o.Answer == nil || o.Answer.Sentinel == 0 {
		return false
	}
	selected := o.Answer.Version.Rank()
	if slices.Contains(o.Hello.Versions, parse.TLSv13) || slices.Contains(o.Hello.Versions, parse.DTLSv13) {
		return selected < parse.TLSv13
	}
	return o.Hello.MaxVersion().Rank() >= parse.TLSv12 && selected < parse.TLSv12
}

// unoffered reports whether the server selected a version that the client did not
// offer. Servers older than supported_versions may do so.
func unoffered(o *classify.Observation) bool {
	if o.Hello == nil || o.Answer == nil || !o.Hello.ShowsVersions() {
		return false
	}
	if len(o.Hello.Versions) > 0 {
		return !slices.Contains(o.Hello.Versions, o.Answer.Version)
	}
	return o.Answer.Version.Rank() > o.Hello.LegacyVersion.Rank()
}

// The anomalies that Judge adds, in this order.
const (
	// Downgrade: the client offered more than was selected, and the server's
	// sentinel tells that the hello it received offered less. The hello was changed
	// on its way, or a middlebox copied the server's random.
	Downgrade = "downgrade"
	// SelectedNotOffered: the server selected a version that the client does
	// not offer.
	SelectedNotOffered = "selected_not_offered"
	// NameMismatch: the name that the client asked for and those in the server's
	// certificate are not names of one destination. The client hides its
	// destination, or another host answers in its place.
	NameMismatch = "name_mismatch"
	// SNINotName: server_name is not the fully qualified name of a host (RFC
	// 6066, 3), but an address, "localhost", or a name with a port.
	SNINotName = "sni_not_a_dns_name"
)

// addAnomalies adds these anomalies; sniNotName is from destination.
func (p *Policy) addAnomalies(o *classify.Observation, sniNotName bool) {
	addAnomaly(o, Downgrade, downgraded(o))
	addAnomaly(o, SelectedNotOffered, unoffered(o))
	addAnomaly(o, SNINotName, sniNotName)
	addAnomaly(o, NameMismatch, o.Misnamed || p.scope.mismatched(o.Names))
}

func addAnomaly(o *classify.Observation, name string, found bool) {
	if found && !slices.Contains(o.Anomalies, name) {
		o.Anomalies = append(o.Anomalies, name)
	}
}
