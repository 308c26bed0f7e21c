package lines

import (
	"bytes"
	"flag"
	"net/netip"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/parse"
)

var update = flag.Bool("update", false, "write the golden files anew")

var sensor = event.Sensor{Host: "bastion-1", Version: "1.0.0", Live: true}

// formats are those that are not JSON, with their golden files.
var formats = map[string]string{formatText: "text.txt", formatCSV: "table.csv"}

// violation has a value for every part of a line.
func violation() *classify.Finding {
	return &classify.Finding{
		Observation: classify.Observation{
			Time:   time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC).UnixNano(),
			Client: netip.MustParseAddrPort("10.0.0.5:40312"), Server: netip.MustParseAddrPort("52.94.1.2:443"),
			VLANs: []uint16{12, 4095}, Tunnels: []string{"gre", "vxlan:77"}, Source: "eth0",
			Outcome: classify.Refused, StartTLS: "proxy-protocol", SNI: "DynamoDB.us-west-2.amazonaws.com",
			Hello: &classify.ClientHello{
				LegacyVersion: parse.TLSv11, JA3: "0123456789abcdef0123456789abcdef", JA4: "t11d010000_a_b",
			},
			Answer:    &classify.ServerHello{Version: parse.TLSv1, Cipher: 0xc013},
			Anomalies: []string{"hello_split_records", "downgrade"},
		},
		Verdict: classify.Violation, Fix: classify.FixClient, Flagged: true, InScope: true,
		Reason: "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1.1",
		Host:   "dynamodb.us-west-2.amazonaws.com", HostSource: classify.NameSNI,
		AWS: &classify.AWS{Partition: "aws", Region: "us-west-2", Service: "dynamodb"},
		Process: &classify.Process{
			PID: 1234, Executable: "/usr/bin/node", CommandLine: []string{"node", "app.js", "--region", "us-west-2"}, Script: "/srv/app.js",
			User: "svc", LoginUser: "ann", Unit: "app.service", Container: "4b0e1a9c2f55d3e8a1b2",
			Parents: []classify.Parent{{PID: 7, Executable: "/usr/bin/bash"}, {PID: 1, Executable: "/usr/lib/systemd/systemd"}},
		},
		Software: &classify.Software{ID: "nodejs", Name: "Node.js", Version: "10.24.1", Confidence: classify.High},
		Advice:   &classify.Advice{ID: "nodejs", Summary: "Update Node.js."},
	}
}

// variants are findings that differ in one thing each.
func variants() (all []*classify.Finding) {
	for _, change := range []func(*classify.Finding){
		func(*classify.Finding) {},
		func(f *classify.Finding) { f.Process = nil },
		func(f *classify.Finding) { f.Process, f.Software.Confidence = nil, classify.Medium },
		func(f *classify.Finding) {
			f.Process, f.Software.Confidence, f.Software.Version = nil, classify.Low, "17 or later"
		},
		func(f *classify.Finding) { f.Process, f.Software, f.Advice = nil, nil, nil },
		func(f *classify.Finding) { f.Software, f.Process = nil, &classify.Process{PID: 7} },
		func(f *classify.Finding) {
			f.Process = &classify.Process{PID: 7, CommandLine: []string{"my prog", "x;y"}}
		},
		func(f *classify.Finding) { f.Answer, f.Verdict = nil, classify.Attempt },
		func(f *classify.Finding) { f.Answer, f.Hello.Cut, f.Hello.LegacyVersion = nil, true, parse.TLSv12 },
		func(f *classify.Finding) { f.Hello, f.SNI = nil, "" },
		func(f *classify.Finding) { f.Hello, f.Answer = nil, nil },
		func(f *classify.Finding) { f.Answer.Version = parse.SSLv2 },
		func(f *classify.Finding) { f.Answer.Version, f.Answer.Cipher = 0x0a0a, 0xfafa },
		func(f *classify.Finding) { f.Host = "" },
		func(f *classify.Finding) { f.Host, f.AWS = "", nil },
		func(f *classify.Finding) { f.Client, f.Server = netip.AddrPort{}, netip.AddrPort{} },
		func(f *classify.Finding) {
			f.Client, f.Server = netip.MustParseAddrPort("[fe80::1%eth0]:1"), netip.MustParseAddrPort("[2001:db8::2]:443")
		},
		func(f *classify.Finding) { f.VLANs, f.Tunnels, f.Anomalies = nil, nil, nil },
		func(f *classify.Finding) { f.Flagged, f.Verdict = false, classify.Exposed },
		func(f *classify.Finding) {
			f.Flagged, f.Verdict, f.Fix = false, classify.OK, classify.FixNone
			f.Reason = "selected TLSv1.2; the client offers up to TLSv1.2 and does not say its lowest version"
		},
		func(f *classify.Finding) { f.Flagged, f.Verdict = false, classify.Undetermined },
		func(f *classify.Finding) { f.Flagged, f.InScope = false, false },
		func(f *classify.Finding) {
			f.Series = &classify.Series{Count: 57, First: f.Time - 3600e9, Last: f.Time}
		},
		func(f *classify.Finding) {
			f.Flagged, f.Exception = false, &classify.Exception{Owner: "alice@example.com", Reason: "printers, replaced in June", Until: "2026-06-30"}
		},
		func(f *classify.Finding) { *f = classify.Finding{} },
	} {
		f := violation()
		change(f)
		all = append(all, f)
	}
	return all
}

// hostile has texts of a peer and of a local user.
func hostile(wire, text string, number uint16) *classify.Finding {
	f := violation()
	f.Reason, f.Source, f.StartTLS, f.Host, f.SNI = text, text, text, wire, wire
	f.Tunnels, f.Anomalies = []string{text, text}, []string{text}
	f.AWS = &classify.AWS{Region: wire, Service: wire}
	f.Hello.JA4, f.Hello.LegacyVersion, f.Answer.Version, f.Answer.Cipher = wire, parse.Version(number), parse.Version(number), number
	f.Process = &classify.Process{
		PID: int(number), Executable: text, CommandLine: []string{wire, text, wire}, Script: text, User: text, LoginUser: text, Unit: text,
		Container: wire, Parents: []classify.Parent{{PID: 1, Executable: wire}, {PID: 2, CommandLine: []string{text}}},
	}
	f.Exception = &classify.Exception{Owner: text, Reason: wire, Until: text}
	f.Series = &classify.Series{Count: uint64(number), First: int64(number)}
	f.Software = &classify.Software{ID: "nodejs", Name: text, Version: wire, Confidence: classify.Low}
	return f
}

// unseen are the counts of a run that did not see everything.
var unseen = &event.Stats{
	Time: violation().Time, Packets: 48, Bytes: 6333, Flows: 2, Handshakes: 5, InScope: 5, Flagged: 1, Excepted: 3, Final: true,
	Blind: []event.Spot{{Cause: "kernel_dropped", Count: 5, Text: "packets dropped by the kernel"}, {Cause: "faults", Count: 1}},
}

func parseFormat(t testing.TB, name string, style Style) event.Format {
	t.Helper()
	return parseBy(t, name, sensor, style)
}

func parseBy(t testing.TB, name string, by event.Sensor, style Style) event.Format {
	t.Helper()
	format, err := ParseFormat(name, by, style)
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// checkLine fails unless a line is printable ASCII, and one of its format.
func checkLine(t *testing.T, format string, line []byte) {
	t.Helper()
	for i, c := range bytes.TrimSuffix(line, []byte{'\r'}) {
		if c < ' ' || c > '~' {
			t.Fatalf("byte %d is %#x: %q", i, c, line)
		}
	}
	if !IsLine(format, line) {
		t.Errorf("%s does not know %q", format, line)
	}
}
