package event

import (
	"path"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
	"tlsfloor/parse/cipher"
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

// ianaCipher returns IANA's name of the selected cipher suite. It is empty where the
// registry has no name, and for SSLv2, in which the server offers ciphers and the
// client selects one.
func ianaCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, _ := cipher.Name(a.Cipher)
	return iana
}

// cipherID returns the number of the selected cipher suite; nil for SSLv2.
func cipherID(a *classify.ServerHello) *uint16 {
	if a.Version == parse.SSLv2 {
		return nil
	}
	return &a.Cipher
}

// programOf returns the name of a process's program: that of its file, else that in
// its command line.
func programOf(p *classify.Process) string {
	switch {
	case p.Executable != "":
		return path.Base(p.Executable)
	case len(p.CommandLine) > 0 && p.CommandLine[0] != "":
		return path.Base(p.CommandLine[0])
	}
	return ""
}

// The bounds of a process's lists in an event, in bytes of JSON. The longest lists
// of ASCII from capture/proc fit. Without the bounds, a local user could keep events
// from a syslog server: an event over 64 KiB does not fit into a datagram, a control
// character takes six bytes, and ECS has the command line twice.
const (
	maxCommandLine = 12 << 10
	maxLibraries   = 6 << 10
	maxModules     = 3 << 10
)

// fitting returns the first texts, as many as fit into a JSON list of limit bytes.
func fitting(texts []string, limit int) []string {
	size := -len(",")
	for i, text := range texts {
		if size += len(`,""`) + jsontext.EscapedLen(text); size > limit {
			return texts[:i]
		}
	}
	return texts
}

// commandText returns the command line as one text: the first arguments, as many as
// fit, with spaces between them.
func commandText(p *classify.Process) string {
	size := -len(" ")
	for i, argument := range p.CommandLine {
		if size += len(" ") + jsontext.EscapedLen(argument); size > maxCommandLine {
			return jsontext.LocalText(strings.Join(p.CommandLine[:i], " "))
		}
	}
	return jsontext.LocalText(strings.Join(p.CommandLine, " "))
}
