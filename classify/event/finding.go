package event

import (
	"path"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/cipher"
)

// What several schemas have of a finding.

// established reports whether a handshake was completed, for schemas that have
// only yes and no. Neither is known of one whose end was not seen.
func established(o classify.Outcome) (yes, known bool) {
	switch o {
	case classify.OutcomeUnknown, classify.Truncated:
		return false, false
	}
	return o == classify.Established, true
}

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

// remedy is a sentence on what to change, or else on which side has to change.
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

// ianaCipher names the cipher suite that was selected. It is empty where the
// registry has no name for it, and for SSLv2, whose server offers ciphers and
// selects none.
func ianaCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, _ := cipher.Name(a.Cipher)
	return iana
}

// cipherID is the number of the cipher suite that was selected; nil: SSLv2.
func cipherID(a *classify.ServerHello) *uint16 {
	if a.Version == parse.SSLv2 {
		return nil
	}
	return &a.Cipher
}

// programOf is the name of a process's program: that of its file, else the name by
// which it was called.
func programOf(p *classify.Process) string {
	switch {
	case p.Executable != "":
		return path.Base(p.Executable)
	case len(p.CommandLine) > 0 && p.CommandLine[0] != "":
		return path.Base(p.CommandLine[0])
	}
	return ""
}

// Lists of a process are bounded by their length in an event, in bytes. Lists of
// ASCII as long as capture/proc makes them fit. A control character takes six times
// its size, and would let a local user keep events from a syslog server: an event
// over 64 KiB fits into no datagram. ECS has the command line twice.
const (
	maxCommandLine = 12 << 10
	maxLibraries   = 6 << 10
	maxModules     = 3 << 10
)

// fitting returns the first of the texts, as many as a list of strings in JSON holds
// in limit bytes.
func fitting(texts []string, limit int) []string {
	size := -len(",")
	for i, text := range texts {
		if size += len(`,""`) + escapedLen(text); size > limit {
			return texts[:i]
		}
	}
	return texts
}

// commandText is the command line as one text: the first arguments, as many as fit,
// with spaces between them.
func commandText(p *classify.Process) string {
	size := -len(" ")
	for i, argument := range p.CommandLine {
		if size += len(" ") + escapedLen(argument); size > maxCommandLine {
			return localText(strings.Join(p.CommandLine[:i], " "))
		}
	}
	return localText(strings.Join(p.CommandLine, " "))
}
