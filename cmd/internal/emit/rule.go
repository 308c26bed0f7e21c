package emit

import "tlsfloor/classify"

// rule is why a flow is flagged, for schemas that name what found a finding.
type rule struct{ id, name string }

var (
	violationRule = rule{"tlsfloor.violation", "A TLS version below the floor was selected"}
	attemptRule   = rule{"tlsfloor.attempt", "Only TLS versions below the floor were offered"}
)

// ruleOf is the rule of a flagged finding.
func ruleOf(v classify.Verdict) rule {
	if v == classify.Attempt {
		return attemptRule
	}
	return violationRule
}

// remedy says in a sentence what to change, else who has to.
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
