package event

import (
	"fmt"
	"strings"
	"testing"

	"tlsfloor/classify"
)

var (
	series   = &classify.Series{Count: 57, First: violation().Time - 3600e9, Last: violation().Time}
	excepted = &classify.Exception{Owner: "alice@example.com", Reason: "printers \"4\", caf\u00e9", Until: "2026-06-30"}
)

// What several findings have in one event is where each schema has it.
func TestSeries(t *testing.T) {
	const first, last = "2026-03-01T11:00:00.123456", "2026-03-01T12:00:00.123456"
	f := violation()
	f.Series = series
	for format, want := range map[string]map[string]string{
		"native": {"count": "57", "first_seen": first + "Z", "last_seen": last + "Z"},
		"ecs":    {"event start": first + "Z", "event end": last + "Z", "tlsfloor count": "57"},
		"ocsf":   {"count": "57", "start_time": "1772362800123", "end_time": "1772366400123"},
		"zeek":   {"tlsfloor.count": "57", "tlsfloor.first_seen": "1772362800.123456", "tlsfloor.last_seen": "1772366400.123456"},
	} {
		checkPaths(t, format, f, want)
	}
	for key, want := range map[string]string{"count": "57", "first_seen": first + "+0000", "last_seen": last + "+0000"} {
		if got := flowVar(t, f, "tlsfloor."+key); got != want {
			t.Errorf("eve: %s is %q, want %q", key, got, want)
		}
	}
	f.Series, f.Flagged = nil, false
	for _, format := range []string{"native", "ecs", "ocsf", "zeek"} {
		if got := at(decodeEvent(t, parseFormat(t, format, sensor).AppendFinding(nil, f)), "count"); got != nil {
			t.Errorf("%s: a finding alone has the count %v", format, got)
		}
	}
}

// An exception is in each schema.
func TestException(t *testing.T) {
	f := violation()
	f.Flagged, f.Exception = false, excepted
	for format, before := range map[string]string{"native": "exception ", "ecs": "tlsfloor exception ", "ocsf": "unmapped exception ", "zeek": "tlsfloor.exception_"} {
		checkPaths(t, format, f, map[string]string{before + "owner": excepted.Owner, before + "reason": excepted.Reason, before + "until": excepted.Until})
	}
	for key, want := range map[string]string{"owner": excepted.Owner, "reason": excepted.Reason, "until": excepted.Until} {
		if got := flowVar(t, f, "tlsfloor.exception_"+key); got != want {
			t.Errorf("eve: %s is %q, want %q", key, got, want)
		}
	}
}

// checkPaths compares members of an event, by their paths with spaces.
func checkPaths(t *testing.T, format string, f *classify.Finding, want map[string]string) {
	t.Helper()
	e := decodeEvent(t, parseFormat(t, format, sensor).AppendFinding(nil, f))
	for path, text := range want {
		if got := fmt.Sprint(at(e, strings.Fields(path)...)); got != text {
			t.Errorf("%s: %s is %s, want %s", format, path, got, text)
		}
	}
}

// flowVar is a variable of the flow in EVE.
func flowVar(t *testing.T, f *classify.Finding, key string) string {
	t.Helper()
	vars, _ := at(decodeEvent(t, parseFormat(t, "eve", sensor).AppendFinding(nil, f)), "metadata", "flowvars").([]any)
	for _, v := range vars {
		if at(v, "key") == key {
			return fmt.Sprint(at(v, "value"))
		}
	}
	return ""
}
