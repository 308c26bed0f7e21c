package event

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
)

// lines are the formats that are not JSON, with their golden files.
var lines = map[string]string{"text": "text.txt", "csv": "table.csv"}

// unseen are the counts of a run that did not see everything.
var unseen = &Stats{
	Time: violation().Time, Packets: 48, Bytes: 6333, Flows: 2, Handshakes: 2, InScope: 2, Flagged: 1, Final: true,
	Blind: []Spot{{Cause: "kernel_dropped", Count: 5, Text: "packets dropped by the kernel"}, {Cause: "faults", Count: 1}},
}

func TestLinesGolden(t *testing.T) {
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range lines {
		format := parseFormat(t, name, Sensor{Host: "bastion-1", Version: "1.0.0", Live: true})
		got := bytes.Clone(Header(name))
		for _, f := range named() {
			got = append(format.AppendFinding(got, f), '\n')
		}
		for _, name := range golden {
			for _, f := range findingsOf(t, all[name]) {
				flow := *f
				flow.Software, flow.Advice = nil, nil
				got = append(format.AppendFinding(got, &flow), '\n')
			}
		}
		got = append(format.AppendStats(got, unseen), '\n')
		got = append(format.AppendStats(got, &Stats{Time: unseen.Time, Packets: 3, Final: true}), '\n')
		compareGolden(t, filepath.Join("testdata", file), got)
	}
}

func TestTextStyles(t *testing.T) {
	f := violation()
	f.Process, f.Software, f.Anomalies, f.VLANs, f.Tunnels = nil, nil, nil, []uint16{12}, []string{"vxlan:77"}
	const rest = "10.0.0.5:40312 > dynamodb.us-west-2.amazonaws.com:443 TLSv1 violation: selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1"
	for want, style := range map[string]Style{
		"2026-03-01T12:00:00.123456Z " + rest: {},
		rest:                                  {Time: TimeNone},
		"1772366400.123456 " + rest:           {Time: TimeSeconds},
		"[eth0 vlan 12 vxlan:77] " + rest:     {Time: TimeNone, Place: true},
		strings.Replace(rest, "violation", red+"violation"+plain, 1): {Time: TimeNone, Color: true},
	} {
		format, err := ParseFormat("text", sensor, style)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(format.AppendFinding(nil, f)); got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", style, got, want)
		}
	}
}

// Only a flagged flow is red.
func TestTextColors(t *testing.T) {
	format, err := ParseFormat("text", sensor, Style{Color: true})
	if err != nil {
		t.Fatal(err)
	}
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

// A peer or a local user cannot write the parts of a line.
func TestTextCannotBeForged(t *testing.T) {
	const forged = "a) > ok.amazonaws.com:443 TLSv1.3 ok: (b"
	f := violation()
	f.Host = forged
	f.Process = &classify.Process{PID: 7, Executable: "/tmp/" + forged, User: forged, Unit: forged, Container: forged}
	f.Software.Version, f.Anomalies = forged, nil
	line := string(parseFormat(t, "text", sensor).AppendFinding(nil, f))
	var outside strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			outside.WriteString(part + "_")
		}
	}
	const want = "2026-03-01T12:00:00.123456Z 10.0.0.5:40312 (_, pid 7, user _, unit _, container _, Node.js _) > _:443 TLSv1 violation: " +
		"selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1_"
	if outside.String() != want {
		t.Errorf("got  %s\nwant %s", outside.String(), want)
	}
}

// Each row has the cells of the header, and the values of the finding.
func TestRowsOfCaptures(t *testing.T) {
	columns := strings.Split(csvColumns, ",")
	format := parseFormat(t, "csv", sensor)
	eachRecorded(t, func(t *testing.T, f *classify.Finding) {
		cells := readRow(t, format.AppendFinding(nil, f))
		got := map[string]string{}
		for i, cell := range cells {
			got[columns[i]] = cell
		}
		want := map[string]string{
			"kind": "handshake", "verdict": f.Verdict.String(), "flagged": fmt.Sprint(f.Flagged), "reason": f.Reason,
			"src_ip": f.Client.Addr().String(), "dst_port": fmt.Sprint(f.Server.Port()), "host": f.Host, "anomalies": strings.Join(f.Anomalies, " "),
			"tunnels": strings.Join(f.Tunnels, " "), "vlan": strings.Trim(fmt.Sprint(f.VLANs), "[]"), "source": f.Source, "sensor": sensor.Host,
			"starttls": f.StartTLS, "community_id": endpoint.CommunityID(f.Client, f.Server),
		}
		if f.Answer != nil {
			want["version"] = f.Answer.Version.String()
		}
		if f.Software != nil {
			want["software"], want["confidence"] = f.Software.Name, f.Software.Confidence.String()
		}
		for column, value := range want {
			if got[column] != value {
				t.Errorf("%s: %q, want %q", column, got[column], value)
			}
		}
	})
}

func readRow(t testing.TB, line []byte) []string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(append(line, '\n'))).ReadAll()
	if err != nil || len(rows) != 1 || len(rows[0]) != csvCount || line[len(line)-1] != '\r' {
		t.Fatalf("%q: %v", line, err)
	}
	return rows[0]
}

// Combinations that are in no capture.
func TestLinesOfVariants(t *testing.T) {
	for name := range lines {
		format := parseFormat(t, name, Sensor{})
		for _, f := range variants() {
			checkLine(t, name, format.AppendFinding(nil, f))
		}
		checkLine(t, name, format.AppendStats(nil, &Stats{Time: 1}))
	}
}

// checkLine fails unless a line is printable ASCII, and one of its format.
func checkLine(t *testing.T, format string, line []byte) {
	t.Helper()
	checkPrintable(t, bytes.TrimSuffix(line, []byte{'\r'}))
	if !IsLine(format, line) {
		t.Errorf("%s does not know %q", format, line)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("dynamodb.us-west-2.amazonaws.com"), "eth0", uint16(0x0301))
	f.Add([]byte("\x00\x1b[2J\x1b]0;pwned\x07\n\r\"\\\x7f"), "\u202egpj.pcap", uint16(0x0a0a))
	f.Add([]byte("=cmd|' /C calc'!A0"), "@SUM(1);=2,\"", uint16(0x7f17))
	f.Add([]byte("a) > b:443 TLSv1.3 ok: c"), "-1+2", uint16(2))
	f.Fuzz(func(t *testing.T, wire []byte, text string, number uint16) {
		finding := hostile(string(wire), text, number)
		for name := range lines {
			format, err := ParseFormat(name, Sensor{Host: text, Version: text}, Style{Place: true})
			if err != nil {
				t.Fatal(err)
			}
			checkLine(t, name, format.AppendFinding(nil, finding))
			checkLine(t, name, format.AppendStats(nil, &Stats{Source: text, Blind: []Spot{{Cause: text, Text: text}}}))
		}
		for _, cell := range readRow(t, parseFormat(t, "csv", Sensor{Host: text}).AppendFinding(nil, finding)) {
			if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
				t.Errorf("a formula: %q", cell)
			}
		}
	})
}

// What a file of a format may end in.
func TestIsLine(t *testing.T) {
	text := string(parseFormat(t, "text", sensor).AppendFinding(nil, violation()))
	row := string(parseFormat(t, "csv", sensor).AppendFinding(nil, violation()))
	for _, tt := range []struct {
		format, line string
		is, begins   bool
	}{
		{"native", `{"a":1}`, true, true},
		{"native", `{"a":`, false, true},
		{"native", text, false, false},
		{"zeek", row, false, false},
		{"text", text, true, true},
		{"text", text[:20], false, true},
		{"text", "root:x:0:0:root:/root:/bin/bash", false, false},
		{"text", row, false, true},
		{"csv", row, true, false},
		{"csv", strings.TrimSuffix(row, "\r"), true, false},
		{"csv", csvColumns, true, true},
		{"csv", csvColumns[:10], false, true},
		{"csv", "a,b,c", false, false},
		{"csv", text, false, false},
	} {
		if is, begins := IsLine(tt.format, []byte(tt.line)), Begins(tt.format, []byte(tt.line)); is != tt.is || begins != tt.begins {
			t.Errorf("%s, %.40q: a line: %v, the beginning of one: %v", tt.format, tt.line, is, begins)
		}
	}
	if got := slices.Compact([]bool{IsJSON("native"), IsJSON("ecs"), !IsJSON("text"), !IsJSON("csv")}); !got[0] || len(got) != 1 {
		t.Error("text and csv are the formats that are not JSON")
	}
}
