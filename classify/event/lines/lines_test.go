package lines

import (
	"bytes"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/golden"
	"tlsfloor/classify/testing/jsonline"
)

func TestGolden(t *testing.T) {
	for name, file := range formats {
		format := parseFormat(t, name, Style{Place: true})
		got := bytes.Clone(Header(name))
		for _, f := range variants() {
			got = append(format.AppendFinding(got, f), '\n')
		}
		got = append(format.AppendStats(got, unseen), '\n')
		got = append(format.AppendStats(got, &event.Stats{Time: unseen.Time, Packets: 3, Final: true}), '\n')
		for line := range bytes.Lines(got) {
			checkLine(t, name, bytes.TrimSuffix(line, []byte{'\n'}))
		}
		golden.Compare(t, filepath.Join("testdata", file), got, *update)
	}
}

func TestParseFormat(t *testing.T) {
	for name, begins := range map[string]string{"native": `{"schema":`, "ecs": `{"@timestamp":`, "text": "2026-03-01T12:00:00.123456Z 10.0.0.5:40312 (", "csv": "2026-03-01T12:00:00.123456Z,handshake,"} {
		if got := string(parseFormat(t, name, Style{}).AppendFinding([]byte("before "), violation())); !strings.HasPrefix(got, "before "+begins) {
			t.Errorf("%s: %.60s", name, got)
		}
		if IsJSON(name) != (begins[0] == '{') {
			t.Errorf("%s is JSON: %v", name, IsJSON(name))
		}
	}
	_, err := ParseFormat("cef", sensor, Style{})
	if want := `no such format "cef": there are native, ecs, ocsf, eve, zeek, text, csv`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// What a file of a format may end in.
func TestIsLine(t *testing.T) {
	text := string(parseFormat(t, "text", Style{}).AppendFinding(nil, violation()))
	row := string(parseFormat(t, "csv", Style{}).AppendFinding(nil, violation()))
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
}

// Whatever a peer or a local user sends, a line is one of its format.
func FuzzLines(f *testing.F) {
	f.Add([]byte("dynamodb.us-west-2.amazonaws.com"), "eth0", uint16(0x0301))
	f.Add([]byte("\x00\x1b[2J\x1b]0;pwned\x07\n\r\"\\\x7f"), "\u202egpj.pcap", uint16(0x0a0a))
	f.Add([]byte("=cmd|' /C calc'!A0"), "@SUM(1);=2,\"", uint16(0x7f17))
	f.Add([]byte("a) > b:443 TLSv1.3 ok: c"), "-1+2", uint16(2))
	f.Fuzz(func(t *testing.T, wire []byte, text string, number uint16) {
		finding := hostile(string(wire), text, number)
		for name := range formats {
			format, err := ParseFormat(name, event.Sensor{Host: text}, Style{Place: true})
			if err != nil {
				t.Fatal(err)
			}
			line := format.AppendFinding(nil, finding)
			checkLine(t, name, line)
			checkLine(t, name, format.AppendStats(nil, &event.Stats{Source: text, Blind: []event.Spot{{Cause: text, Text: text}}}))
			if name == formatCSV {
				checkCells(t, readRow(t, line))
			}
		}
	})
}

// In every format, a native event that was read back is written as what it was made of.
func TestEventsReadBack(t *testing.T) {
	all := append(findings.Variants(), findings.Hostile("\x00\xff\"\\", "caf\u00e9\n\U0001f600", 0x0a0a))
	for seed := range int64(150) {
		all = append(all, findings.Some(rand.New(rand.NewSource(seed))))
	}
	for name := range strings.SplitSeq(Names, ", ") {
		for _, style := range []Style{{Place: true, Color: true}, {Time: TimeSeconds}} {
			by := event.Sensor{Host: "bastion-\xff", Version: "1.0.0", Live: style.Place}
			for i, f := range all {
				if f.Hello == nil {
					f.SNI = "" // without a hello there is none
				}
				if got, want := readBack(t, name, by, style, f, nil); !bytes.Equal(got, want) {
					t.Fatalf("%s, %d: %s", name, i, jsonline.Difference(got, want))
				}
			}
			for seed := range int64(50) {
				if got, want := readBack(t, name, by, style, nil, someCounts(seed)); !bytes.Equal(got, want) {
					t.Fatalf("%s, seed %d: %s", name, seed, jsonline.Difference(got, want))
				}
			}
		}
	}
}

func someCounts(seed int64) *event.Stats {
	s := new(event.Stats)
	findings.Fill(rand.New(rand.NewSource(seed)), s)
	s.Sensor = nil
	for i := range s.Blind {
		s.Blind[i].Cause = "cut_hellos"
	}
	return s
}

// readBack writes a finding or counts (want), and what is read of its native event (got).
func readBack(t *testing.T, name string, by event.Sensor, style Style, f *classify.Finding, s *event.Stats) (got, want []byte) {
	t.Helper()
	of, read, native := parseBy(t, name, by, style), parseBy(t, name, event.Sensor{Host: "shipper"}, style), event.NewNative(by)
	if f != nil {
		back, _, err := event.Read(native.AppendFinding(nil, f))
		if err != nil {
			t.Fatal(err)
		}
		return read.AppendFinding(nil, back), of.AppendFinding(nil, f)
	}
	_, back, err := event.Read(native.AppendStats(nil, s))
	if err != nil {
		t.Fatal(err)
	}
	return read.AppendStats(nil, back), of.AppendStats(nil, s)
}

// Whatever a line says that is read as a native event, it is one line of each format.
func FuzzReadInEveryFormat(f *testing.F) {
	native := event.NewNative(sensor)
	f.Add(native.AppendFinding(nil, findings.Violation()))
	f.Add(native.AppendStats(nil, unseen))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"handshake","client":{"ja3":"a,b","ja3_full":"1,\",\"2"},"software":{"id":"\"}","name":"\u001b["},"advice":{"id":"=1"},"history":"\n"}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"stats","blind":[{"cause":"\"}","text":"\u0000"}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		found, counts, err := event.Read(line)
		if err != nil || found == nil && counts == nil {
			return
		}
		for name := range strings.SplitSeq(Names, ", ") {
			var out []byte
			format := parseFormat(t, name, Style{Place: true})
			if found != nil {
				out = format.AppendFinding(nil, found)
			} else if out = format.AppendStats(nil, counts); out == nil {
				continue // a schema without counts
			}
			checkLine(t, name, out)
		}
	})
}

// Lines are made without garbage. Lists in a cell and unknown version numbers are the
// exception.
func TestNothingIsAllocated(t *testing.T) {
	f, dst := violation(), make([]byte, 0, 8192)
	f.Process.CommandLine, f.Process.Parents, f.Tunnels, f.Anomalies = nil, nil, nil, nil
	for name := range formats {
		format := parseFormat(t, name, Style{Place: true, Color: true})
		if n := testing.AllocsPerRun(100, func() { dst = format.AppendFinding(dst[:0], f) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkLines(b *testing.B) {
	for name := range formats {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			format, f := parseFormat(b, name, Style{}), violation()
			dst := format.AppendFinding(nil, f)
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				dst = format.AppendFinding(dst[:0], f)
			}
		})
	}
}

// A line of counts is known for one whatever the counts are: a file that ends in one is gone
// on with.
func TestCountsAreALine(t *testing.T) {
	format := parseFormat(t, "text", Style{})
	for n := range uint64(3) {
		checkLine(t, "text", format.AppendStats(nil, &event.Stats{Time: unseen.Time, Packets: n, Flows: n, Handshakes: n, InScope: n, Flagged: n}))
	}
}
