package lines

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
	"tlsfloor/classify/plaintext"
	"tlsfloor/parse"
)

// Style says how lines of the format "text" look.
type Style struct {
	Color bool // verdicts have colours, for a terminal
	Place bool // the interface or capture, VLANs and tunnels are shown
	Time  TimeStyle
}

// TimeStyle is how the time of a line is written.
type TimeStyle uint8

// The styles of times.
const (
	TimeUTC     TimeStyle = iota // date and time (RFC 3339), in UTC
	TimeNone                     // none
	TimeSeconds                  // seconds since the Unix epoch
)

// text is a line for people: when, who, where, what and why. Members of an event that it
// lacks are in the other formats. Nothing in it allocates, except for unknown version
// numbers.
type text struct{ style Style }

// The escape sequences for a colour (ECMA-48, SGR), and back.
const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// AppendFinding appends "TIME CLIENT (WHO) > HOST:PORT VERSION VERDICT: WHY".
func (t *text) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = t.appendTime(dst, f.Time)
	if t.style.Place {
		dst = appendTextPlace(dst, &f.Observation)
	}
	dst = appendTextEnd(dst, f.Client)
	dst = appendTextWho(dst, f)
	dst = appendTextServer(append(dst, " > "...), f)
	if v := textVersion(&f.Observation); v != 0 {
		dst = append(append(dst, ' '), v.String()...)
	}
	dst = t.appendColored(append(dst, ' '), colorOf(f), f.Verdict.String())
	dst = plaintext.AppendSentence(append(dst, ": "...), f.Reason)
	for i, anomaly := range f.Anomalies {
		dst = plaintext.AppendWord(append(dst, separator(i, "; unusual: ", ", ")...), anomaly)
	}
	return appendTextException(t.appendSeries(dst, f.Series), f.Exception)
}

// appendSeries appends how many findings the line stands for, and since when.
func (t *text) appendSeries(dst []byte, s *classify.Series) []byte {
	if s == nil {
		return dst
	}
	dst = append(strconv.AppendUint(append(dst, "; "...), s.Count, 10), " times"...)
	if t.style.Time == TimeNone {
		return dst
	}
	dst = t.appendTime(append(dst, ", since "...), s.First)
	return dst[:len(dst)-1] // without the space behind the time
}

func appendTextException(dst []byte, e *classify.Exception) []byte {
	if e == nil {
		return dst
	}
	dst = plaintext.AppendWord(append(dst, "; excepted until "...), e.Until)
	dst = plaintext.AppendPhrase(append(dst, " by "...), e.Owner)
	return plaintext.AppendSentence(append(dst, ": "...), e.Reason)
}

// AppendStats appends the counts, and what was not seen.
func (t *text) AppendStats(dst []byte, s *event.Stats) []byte {
	dst = append(t.appendTime(dst, s.Time), event.KindStats+": "...)
	return t.appendCounts(dst, s)
}

func (t *text) appendCounts(dst []byte, s *event.Stats) []byte {
	for i, c := range [...]struct {
		n  uint64
		of string
	}{
		{s.Packets, " packet*"}, {s.Flows, " flow*"}, {s.Handshakes, " handshake*"}, {s.InScope, " in scope"}, {s.Flagged, " flagged"}, {s.Excepted, " excepted"},
	} {
		if c.of == " excepted" && c.n == 0 {
			continue
		}
		noun, countable := strings.CutSuffix(c.of, "*")
		dst = append(strconv.AppendUint(append(dst, separator(i, "", ", ")...), c.n, 10), noun...)
		if countable && c.n != 1 {
			dst = append(dst, 's')
		}
	}
	if len(s.Blind) == 0 {
		return append(dst, "; everything was seen"...)
	}
	dst = t.appendColored(append(dst, "; "...), yellow, "not seen")
	for i := range s.Blind {
		dst = append(dst, separator(i, ": ", "; ")...)
		dst = strconv.AppendUint(dst, s.Blind[i].Count, 10)
		dst = plaintext.AppendSentence(append(dst, ' '), s.Blind[i].Words())
	}
	return dst
}

func separator(i int, first, next string) string {
	if i == 0 {
		return first
	}
	return next
}

func (t *text) appendTime(dst []byte, ns int64) []byte {
	switch t.style.Time {
	case TimeNone:
		return dst
	case TimeSeconds:
		return append(jsontext.AppendUnix(dst, ns), ' ')
	}
	return append(jsontext.AppendTimestamp(dst, ns), "Z "...)
}

func (t *text) appendColored(dst []byte, color, word string) []byte {
	if !t.style.Color || color == "" {
		return append(dst, word...)
	}
	return append(append(append(dst, color...), word...), plain...)
}

// colorOf returns the colour of a verdict: red asks for action.
func colorOf(f *classify.Finding) string {
	switch {
	case f.Flagged:
		return red
	case f.Verdict == classify.Exposed:
		return yellow
	}
	return ""
}

// appendTextPlace appends where the packets were captured: "[eth0 vlan 12 vxlan:77] ".
func appendTextPlace(dst []byte, o *classify.Observation) []byte {
	dst = plaintext.AppendWord(append(dst, '['), o.Source)
	for _, id := range o.VLANs {
		dst = strconv.AppendUint(append(dst, " vlan "...), uint64(id), 10)
	}
	for _, tunnel := range o.Tunnels {
		dst = plaintext.AppendSentence(append(dst, ' '), tunnel)
	}
	return append(dst, "] "...)
}

// appendTextEnd appends one end of the connection, or "?" where it is not known.
func appendTextEnd(dst []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return append(dst, '?')
	}
	return netip.AddrPortFrom(a.Addr().WithZone(""), a.Port()).AppendTo(dst)
}

// appendTextWho appends the process or the software, or both, in brackets.
func appendTextWho(dst []byte, f *classify.Finding) []byte {
	start := len(dst)
	if p := f.Process; p != nil {
		dst = appendTextProcess(dst, p)
	}
	if s := f.Software; s != nil && !isProgram(s, f.Process) {
		dst = append(dst, separator(len(dst)-start, " (", ", ")...)
		switch s.Confidence {
		case classify.Low:
			dst = append(dst, "perhaps "...)
		case classify.Medium:
			dst = append(dst, "likely "...)
		}
		dst = plaintext.AppendPhrase(dst, s.Name)
		if s.Version != "" {
			dst = plaintext.AppendPhrase(append(dst, ' '), s.Version)
		}
	}
	if len(dst) == start {
		return dst
	}
	return append(dst, ')')
}

// isProgram reports whether the software is no more than the name of the program, which is
// written already: "curl".
func isProgram(s *classify.Software, p *classify.Process) bool {
	return p != nil && s.Version == "" && s.Name == event.Program(p.Executable, p.CommandLine)
}

// shownContainer is how much of a container's id is shown, in characters: as much as docker ps shows.
const shownContainer = 12

func appendTextProcess(dst []byte, p *classify.Process) []byte {
	dst = append(dst, " ("...)
	if program := event.Program(p.Executable, p.CommandLine); program != "" {
		dst = append(plaintext.AppendWord(dst, program), ", "...)
	}
	dst = strconv.AppendInt(append(dst, "pid "...), int64(p.PID), 10)
	for _, c := range [...]struct{ name, value string }{
		{", script ", p.Script}, {", user ", p.User}, {", unit ", p.Unit}, {", container ", jsontext.Beginning(p.Container, shownContainer)},
	} {
		if c.value != "" {
			dst = plaintext.AppendWord(append(dst, c.name...), c.value)
		}
	}
	return dst
}

// appendTextServer appends the destination by its name, else by its address, with what
// that says about AWS.
func appendTextServer(dst []byte, f *classify.Finding) []byte {
	if f.Host == "" {
		dst = appendTextEnd(dst, f.Server)
		if a := f.AWS; a != nil && a.Region != "" {
			dst = append(plaintext.AppendWord(append(dst, " (AWS "...), a.Region), ')')
		}
		return dst
	}
	dst = plaintext.AppendWireWord(dst, f.Host)
	if f.Server.IsValid() {
		dst = strconv.AppendUint(append(dst, ':'), uint64(f.Server.Port()), 10)
	}
	return dst
}

// textVersion returns the version that was selected, else the highest that was offered; 0
// if neither is known.
func textVersion(o *classify.Observation) parse.Version {
	switch {
	case o.Answer != nil:
		return o.Answer.Version
	case o.Hello != nil && o.Hello.ShowsVersions():
		return o.Hello.MaxVersion()
	}
	return 0
}

// beginsText reports whether a line begins with a year, as lines of this format do
// unless their style is another.
func beginsText(torn []byte) bool {
	for i, c := range torn[:min(len(torn), len("2006"))] {
		if c < '0' || c > '9' || i == 0 && c > '2' {
			return false
		}
	}
	return true
}

// isTextLine reports whether a line is one of this format without colours.
func isTextLine(line []byte) bool {
	for v := classify.Undetermined; v <= classify.Violation; v++ {
		if bytes.Contains(line, []byte(" "+v.String()+": ")) && bytes.Contains(line, []byte(" > ")) {
			return true
		}
	}
	return bytes.Contains(line, []byte(event.KindStats+": ")) && bytes.Contains(line, []byte(" in scope, "))
}
