package lines

import (
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
)

func TestStyles(t *testing.T) {
	f := violation()
	f.Process, f.Software, f.Anomalies, f.VLANs, f.Tunnels = nil, nil, nil, []uint16{12}, []string{"vxlan:77"}
	const rest = "10.0.0.5:40312 > dynamodb.us-west-2.amazonaws.com:443 TLSv1 violation: selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1.1"
	for want, style := range map[string]Style{
		"2026-03-01T12:00:00.123456Z " + rest: {},
		rest:                                  {Time: TimeNone},
		"1772366400.123456 " + rest:           {Time: TimeSeconds},
		"[eth0 vlan 12 vxlan:77] " + rest:     {Time: TimeNone, Place: true},
		strings.Replace(rest, "violation", red+"violation"+plain, 1): {Time: TimeNone, Color: true},
	} {
		if got := string(parseFormat(t, "text", style).AppendFinding(nil, f)); got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", style, got, want)
		}
	}
}

// Only a flagged flow is red.
func TestColors(t *testing.T) {
	format := parseFormat(t, "text", Style{Color: true})
	for _, f := range variants() {
		line := string(format.AppendFinding(nil, f))
		if got := strings.Contains(line, red); got != f.Flagged {
			t.Errorf("red: %v, flagged: %v: %q", got, f.Flagged, line)
		}
	}
	if line := string(format.AppendStats(nil, unseen)); !strings.Contains(line, yellow+"not seen"+plain+": 5 packets") {
		t.Errorf("%q", line)
	}
}

// A program is not named twice.
func TestTextProgramIsSoftware(t *testing.T) {
	f := violation()
	f.Process = &classify.Process{PID: 7, Executable: "/usr/bin/curl"}
	for version, want := range map[string]string{"": " (curl, pid 7) > ", "8.14.1": " (curl, pid 7, curl 8.14.1) > "} {
		f.Software = &classify.Software{Name: "curl", Version: version, Confidence: classify.High}
		if line := string(parseFormat(t, "text", Style{}).AppendFinding(nil, f)); !strings.Contains(line, want) {
			t.Errorf("%q, want %q", line, want)
		}
	}
}

// One of a kind is in the singular.
func TestTextCounts(t *testing.T) {
	one := &event.Stats{Packets: 1, Flows: 1, Handshakes: 1, InScope: 1}
	const want = "stats: 1 packet, 1 flow, 1 handshake, 1 in scope, 0 flagged; everything was seen"
	if line := string(parseFormat(t, "text", Style{}).AppendStats(nil, one)); !strings.HasSuffix(line, want) {
		t.Errorf("%q, want %q at the end", line, want)
	}
}

// A peer or a local user cannot write the parts of a line.
func TestTextCannotBeForged(t *testing.T) {
	const forged = "a) > ok.amazonaws.com:443 TLSv1.3 ok: (b"
	f := violation()
	f.Host = forged
	f.Process = &classify.Process{PID: 7, Executable: "/tmp/" + forged, Script: forged, User: forged, Unit: forged, Container: forged}
	f.Software.Version, f.Anomalies = forged, nil
	line := string(parseFormat(t, "text", Style{}).AppendFinding(nil, f))
	var outside strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			outside.WriteString(part + "_")
		}
	}
	const want = "2026-03-01T12:00:00.123456Z 10.0.0.5:40312 (_, pid 7, script _, user _, unit _, container _, Node.js _) > _:443 TLSv1 violation: " +
		"selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1.1_"
	if outside.String() != want {
		t.Errorf("got  %s\nwant %s", outside.String(), want)
	}
}
