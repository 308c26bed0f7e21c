package foreign

import (
	"fmt"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
)

// What several findings have in one event is where each schema has it.
func TestSeries(t *testing.T) {
	const first, last = "2026-03-01T11:00:00.123456", "2026-03-01T12:00:00.123456"
	f := findings.Violation()
	f.Series = findings.Series
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
		if got := jsonline.At(jsonline.Decode(t, parseFormat(t, format, sensor).AppendFinding(nil, f)), "count"); got != nil {
			t.Errorf("%s: a finding alone has the count %v", format, got)
		}
	}
}

// An exception is in each schema.
func TestException(t *testing.T) {
	f := findings.Violation()
	f.Flagged, f.Exception = false, findings.Excepted
	for format, before := range map[string]string{"native": "exception ", "ecs": "tlsfloor exception ", "ocsf": "unmapped exception ", "zeek": "tlsfloor.exception_"} {
		checkPaths(t, format, f, map[string]string{before + "owner": findings.Excepted.Owner, before + "reason": findings.Excepted.Reason, before + "until": findings.Excepted.Until})
	}
	for key, want := range map[string]string{"owner": findings.Excepted.Owner, "reason": findings.Excepted.Reason, "until": findings.Excepted.Until} {
		if got := flowVar(t, f, "tlsfloor.exception_"+key); got != want {
			t.Errorf("eve: %s is %q, want %q", key, got, want)
		}
	}
}

// checkPaths compares members of an event, by their paths with spaces.
func checkPaths(t *testing.T, format string, f *classify.Finding, want map[string]string) {
	t.Helper()
	e := jsonline.Decode(t, parseFormat(t, format, sensor).AppendFinding(nil, f))
	for path, text := range want {
		if got := fmt.Sprint(jsonline.At(e, strings.Fields(path)...)); got != text {
			t.Errorf("%s: %s is %s, want %s", format, path, got, text)
		}
	}
}

// flowVar is a variable of the flow in EVE.
func flowVar(t *testing.T, f *classify.Finding, key string) string {
	t.Helper()
	vars, _ := jsonline.At(jsonline.Decode(t, parseFormat(t, "eve", sensor).AppendFinding(nil, f)), "metadata", "flowvars").([]any)
	for _, v := range vars {
		if jsonline.At(v, "key") == key {
			return fmt.Sprint(jsonline.At(v, "value"))
		}
	}
	return ""
}
