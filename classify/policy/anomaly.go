package policy

import (
	"slices"

	"tlsfloor/classify"
)

// The anomalies that Judge adds, in this order.
const (
	// Downgrade: the client offered more than was selected, and the server's
	// sentinel says that it was asked for less. Somebody changed the hello on
	// its way, or a middlebox copied the server's random.
	Downgrade = "downgrade"
	// SelectedNotOffered: the server selected a version that the client does
	// not offer.
	SelectedNotOffered = "selected_not_offered"
	// NameMismatch: the names that the client asked for and the server showed
	// are not names of one destination. The client hides where it goes, or somebody
	// answers in the destination's place.
	NameMismatch = "name_mismatch"
	// SNINotName: server_name is not, as it stands, the fully qualified name of
	// a host (RFC 6066, 3): an address, "localhost", a name with a port.
	SNINotName = "sni_not_a_dns_name"
)

// addAnomalies adds them; sniNotName is what destination says.
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
