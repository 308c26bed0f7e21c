package emit

import "tlsfloor/classify"

// established reports whether a handshake was completed, for schemas that know
// only yes and no. Neither is known of one whose end was not seen.
func established(o classify.Outcome) (yes, known bool) {
	switch o {
	case classify.OutcomeUnknown, classify.Truncated:
		return false, false
	}
	return o == classify.Established, true
}
