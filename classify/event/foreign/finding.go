package foreign

import (
	"net/netip"

	"tlsfloor/classify"
)

// Parts of a finding that several schemas have.

// established reports whether a handshake was completed, for schemas that only have
// yes and no. known is false when the end of the handshake was not captured.
func established(o classify.Outcome) (yes, known bool) {
	switch o {
	case classify.OutcomeUnknown, classify.Truncated:
		return false, false
	}
	return o == classify.Established, true
}

// rule is the reason that a flow is flagged, for schemas in which a rule has found a
// finding.
type rule struct{ id, name string }

var (
	violationRule = rule{"tlsfloor.violation", "A TLS version below the floor was selected"}
	attemptRule   = rule{"tlsfloor.attempt", "Only TLS versions below the floor were offered"}
)

// ruleOf returns the rule of a flagged finding.
func ruleOf(v classify.Verdict) rule {
	if v == classify.Attempt {
		return attemptRule
	}
	return violationRule
}

// remedy returns a sentence on what to change, or else on which side has to change.
func remedy(f *classify.Finding) string {
	if f.Advice != nil && f.Advice.Summary != "" {
		return f.Advice.Summary
	}
	switch f.Fix {
	case classify.FixClient:
		return "Update or reconfigure the client: it does not offer the lowest version that is accepted."
	case classify.FixServer:
		return "Reconfigure the server: the client offered a better version, and the server chose a lower one."
	}
	return "Find out which side held the version down: look at the anomalies, and at what lies between the two."
}

// curveOf returns the group that the server selected; empty: none.
func curveOf(o *classify.Observation) string {
	if o.Group == 0 {
		return ""
	}
	return o.Group.String()
}

// ipVersionOf returns 4 or 6; 0 when there is no address.
func ipVersionOf(a netip.AddrPort) int {
	switch {
	case !a.IsValid():
		return 0
	case a.Addr().Is4():
		return 4
	}
	return 6
}

// addrText returns an address without its zone, which has a meaning on one host only;
// empty when there is no address.
func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().WithZone("").String()
}

// portOf returns the port, or nil when there is no address; 0 is a port.
func portOf(a netip.AddrPort) *uint16 {
	if !a.IsValid() {
		return nil
	}
	port := a.Port()
	return &port
}
