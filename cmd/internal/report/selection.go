package report

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"time"

	"tlsfloor/classify"
)

// Selection selects events. The zero Selection selects all.
type Selection struct {
	client string // as it was given
	prefix netip.Prefix
	from   int64 // in nanoseconds since the Unix epoch; 0: any time
	since  string
}

// NewSelection makes a Selection of the events of a client, which is an address, a prefix
// or the name of a program, and since a time, which may be a duration before now. Empty:
// all clients, any time.
func NewSelection(client, since string, now time.Time) (s Selection, err error) {
	s = Selection{client: client, since: since}
	if p, err := netip.ParsePrefix(client); err == nil {
		s.prefix = p.Masked()
	} else if a, err := netip.ParseAddr(client); err == nil {
		a = a.Unmap().WithZone("")
		s.prefix = netip.PrefixFrom(a, a.BitLen())
	} else if looksLikePrefix(client) {
		return s, fmt.Errorf("--client %s: not an address or a prefix", client)
	}
	if since == "" {
		return s, nil
	}
	from, err := parseSince(since, now)
	if err != nil {
		return s, fmt.Errorf("--since %s: %w", since, err)
	}
	s.from = from.UnixNano()
	return s, nil
}

// looksLikePrefix reports whether a text consists of digits, dots, colons and a slash:
// an address with a mistake in it would otherwise be taken for a program that nobody runs.
func looksLikePrefix(text string) bool {
	return text != "" && strings.Trim(text, "0123456789.:/") == "" && strings.ContainsAny(text, ".:/")
}

// layouts are the ways to write a time for --since. Without a zone it is in UTC, as in
// events and in what is written.
var layouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

var errSince = errors.New("must be a time like 2026-03-01 or 2026-03-01T12:00:00Z, or how long ago, like 90m, 12h or 7d")

func parseSince(text string, now time.Time) (time.Time, error) {
	for _, l := range layouts {
		if t, err := time.Parse(l, text); err == nil {
			if t.Year() < 1678 || t.Year() > 2261 {
				return t, errSince
			}
			return t, nil
		}
	}
	ago, err := parseAgo(text)
	if err != nil || ago <= 0 {
		return now, errSince
	}
	return now.Add(-ago), nil
}

// parseAgo parses a duration, which may be in days.
func parseAgo(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	hours, err := time.ParseDuration(days + "h")
	if err != nil || hours > 100*365*time.Hour {
		return 0, errSince
	}
	return 24 * hours, nil
}

// all reports whether everything is selected.
func (s *Selection) all() bool { return s.client == "" && s.since == "" }

// text says what is selected: "10.0.0.5 since 2026-03-01 12:00:00 UTC".
func (s *Selection) text() string {
	switch client, since := printable(s.client), time.Unix(0, s.from).UTC().Format(time.DateTime)+" UTC"; {
	case s.since == "":
		return client
	case s.client == "":
		return "Since " + since
	default:
		return client + " since " + since
	}
}

// reaches reports whether a time is selected. An unknown one is.
func (s *Selection) reaches(at int64) bool { return s.from == 0 || at == 0 || at >= s.from }

// wants reports whether a finding is selected.
func (s *Selection) wants(f *classify.Finding) bool {
	switch {
	case !s.reaches(f.Time):
		return false
	case s.client == "":
		return true
	case s.prefix.IsValid():
		return s.prefix.Contains(f.Client.Addr())
	}
	return s.named(f)
}

// named reports whether the client's program, script, unit, container or software has the
// name that is selected.
func (s *Selection) named(f *classify.Finding) bool {
	var names []string
	if f.Process != nil {
		p := newProgram(f.Process)
		names = append(names, p.file, path.Base(p.file), p.name, firstWord(f.Process.CommandLine), p.script, path.Base(p.script),
			f.Process.Script, path.Base(f.Process.Script), p.unit, strings.TrimSuffix(p.unit, ".service"), p.container, shortContainer(p.container))
	}
	if f.Software != nil {
		names = append(names, f.Software.ID, f.Software.Name)
	}
	for _, n := range names {
		if n != "" && n != "." && strings.EqualFold(n, s.client) {
			return true
		}
	}
	return false
}
