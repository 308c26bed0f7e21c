package findings

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

// Violation is a finding with something in every field.
func Violation() *classify.Finding {
	const host = "dynamodb.us-west-2.amazonaws.com"
	o := classify.Observation{
		Time:    time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC).UnixNano(),
		Client:  netip.MustParseAddrPort("10.0.0.5:40312"),
		Server:  netip.MustParseAddrPort("52.94.1.2:443"),
		VLANs:   []uint16{12, 4095},
		Tunnels: []string{"gre", "vxlan:77"},
		Source:  "eth0",

		Outcome:  classify.Refused,
		StartTLS: "proxy-protocol",
		SNI:      "DynamoDB.us-west-2.amazonaws.com",
		Hello: &classify.ClientHello{
			RecordVersion: parse.TLSv1, LegacyVersion: parse.TLSv11,
			Versions: []parse.Version{parse.TLSv11, parse.TLSv1}, ALPN: []string{"http/1.1", "\x8a\x8a"}, FallbackSCSV: true,
			ECH: true, EarlyData: true, JA3: "0123456789abcdef0123456789abcdef", JA3Full: "769,49171,,,", JA4: "t11d010000_a_b",
		},
		Answer: &classify.ServerHello{
			Version: parse.TLSv1, Cipher: 0xc013, ALPN: "http/1.1", JA3S: "fedcba9876543210fedcba9876543210", JA3SFull: "769,49171,",
			Sentinel: parse.TLSv11, HelloRetryRequest: true, Resumed: "ticket",
		},
		Group: 23, History: "CsxknL",
		Certificate: &classify.Certificate{
			Subject: "CN=dynamodb.us-west-2.amazonaws.com,O=\xff", Issuer: "CN=Amazon RSA 2048 M01", DNSNames: []string{"*.us-west-2.amazonaws.com", "b.example"},
			NotBefore: 1764000000, NotAfter: 1796000000, Serial: "0a1b2c", SHA256: strings.Repeat("2c", 32), SHA1: strings.Repeat("1d", 20),
		},
		Alert:     &classify.Alert{From: classify.ServerSide, Level: 2, Code: 70, Record: parse.TLSv1},
		Anomalies: []string{"hello_split_records", "downgrade"},
		Names:     []classify.Name{{Host: "DynamoDB.us-west-2.amazonaws.com", Source: classify.NameSNI}, {Source: classify.NameAddress}},
	}
	o.Proxied.Client = netip.MustParseAddrPort("[2001:db8::5]:1")
	o.Proxied.Server = netip.MustParseAddrPort("[2001:db8::6]:443")
	return &classify.Finding{
		Observation: o,
		Verdict:     classify.Violation, Fix: classify.FixClient, Flagged: true, InScope: true,
		Reason: "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1",
		Host:   host, HostSource: classify.NameSNI,
		AWS: &classify.AWS{Partition: "aws", Region: "us-west-2", Service: "dynamodb", FIPS: true, DualStack: true, VPCEndpoint: true, Resource: "vpce-1"},
		Process: &classify.Process{
			PID: 1234, Executable: "/usr/bin/node", CommandLine: []string{"node", "app.js", "\x1b]0;\"\xff"}, User: "svc", Unit: "app.service",
			Container: "4b0e1a9c2f", Cgroup: "/system.slice/app.service", Variables: []string{"OPENSSL_CONF"}, Libraries: []string{"/usr/lib/libssl.so.1.1"},
			GoVersion: "go1.22.3", GoModules: []string{"github.com/aws/aws-sdk-go-v2@v1.30.0"},
			LoginUser: "alice", Started: time.Date(2026, 3, 1, 11, 59, 59, 250e6, time.UTC).UnixNano(), Folder: "/srv/app", Script: "/srv/app/app.js",
			Parents: []classify.Parent{
				{PID: 1200, Executable: "/bin/dash", CommandLine: []string{"sh", "/etc/cron.hourly/app\x1b]0;\""}},
				{PID: 1199, Executable: "/usr/sbin/cron", CommandLine: []string{"/usr/sbin/CRON", "-f"}},
			},
		},
		Software: &classify.Software{ID: "nodejs", Name: "Node.js", Version: "10.24.1", Library: "OpenSSL 1.1.1", Confidence: classify.High, Because: []string{"process.executable"}},
		Advice:   &classify.Advice{ID: "nodejs", Summary: "Update Node.js to a release that is maintained."},
	}
}

// Hostile is a finding with these texts in every field that others control.
func Hostile(wire, text string, number uint16) *classify.Finding {
	v := parse.Version(number)
	f := Violation()
	f.Reason, f.Source, f.StartTLS, f.Host = text, text, text, wire
	f.Tunnels, f.Anomalies = []string{text, text}, []string{text}
	f.Names = []classify.Name{{Host: wire, Source: classify.NameConnect}, {Host: wire, Source: classify.NameCertificate}}
	f.AWS.Region, f.AWS.Service, f.AWS.Resource = wire, wire, wire
	f.SNI = wire
	f.Hello = &classify.ClientHello{
		RecordVersion: v, LegacyVersion: v, Versions: []parse.Version{v, v + 1}, ALPN: []string{wire, ""}, JA4: wire,
	}
	f.Answer = &classify.ServerHello{Version: v, Cipher: number, ALPN: wire, Sentinel: v}
	f.Alert = &classify.Alert{Level: uint8(number), Code: uint8(number >> 8)}
	f.Process = &classify.Process{
		PID: int(number) + 1, Executable: text, CommandLine: []string{wire, text, wire}, User: text, Unit: text, Container: wire, Cgroup: text,
		Libraries: []string{text}, GoVersion: wire, GoModules: []string{text},
		LoginUser: text, Started: int64(number) * 1000, Folder: text, Script: wire,
		Parents: []classify.Parent{{PID: 1, Executable: text, CommandLine: []string{text, wire}}, {PID: 2, CommandLine: []string{"", text}}},
	}
	f.Advice = &classify.Advice{ID: "nodejs", Summary: text + "x"}
	f.Software = &classify.Software{ID: "nodejs", Name: text + "x", Version: wire, Library: text, Confidence: classify.Low, Because: []string{"ja3"}}
	return f
}

// A series, and an exception.
var (
	Series   = &classify.Series{Count: 57, First: Violation().Time - 3600e9, Last: Violation().Time}
	Excepted = &classify.Exception{Owner: "alice@example.com", Reason: "printers \"4\", caf\u00e9", Until: "2026-06-30"}
)

// Variants are findings that differ in one thing each.
func Variants() []*classify.Finding {
	var all []*classify.Finding
	add := func(change func(*classify.Finding)) {
		f := Violation()
		change(f)
		all = append(all, f)
	}
	for o := classify.OutcomeUnknown; o <= classify.Truncated; o++ {
		add(func(f *classify.Finding) { f.Outcome, f.Flagged = o, false })
		add(func(f *classify.Finding) { f.Outcome, f.Verdict = o, classify.Attempt })
	}
	for v := classify.Undetermined; v < classify.Attempt; v++ {
		add(func(f *classify.Finding) { f.Verdict, f.Flagged, f.Fix = v, false, classify.FixNone })
	}
	for s := classify.NameNone; s <= classify.NameAddress; s++ {
		add(func(f *classify.Finding) { f.HostSource = s })
	}
	for x := classify.FixNone; x <= classify.FixUnknown; x++ {
		add(func(f *classify.Finding) { f.Fix = x })
	}
	for _, v := range versions() {
		add(func(f *classify.Finding) { f.Answer.Version, f.Hello.LegacyVersion, f.Hello.Versions = v, v, nil })
	}
	for _, way := range [][2]string{
		{"10.0.0.5:1", "172.16.0.1:2"}, {"8.8.8.8:1", "10.0.0.5:2"}, {"8.8.8.8:1", "1.1.1.1:2"}, {"127.0.0.1:1", "127.0.0.1:2"},
		{"[2001:db8::5]:1", "[2600::1]:443"}, {"[fe80::1%eth0]:1", "[fe80::2%eth0]:443"}, {"[::1]:0", "[::1]:65535"}, {"[::ffff:10.0.0.5]:1", "[::ffff:8.8.8.8]:443"},
	} {
		add(func(f *classify.Finding) {
			f.Client, f.Server = netip.MustParseAddrPort(way[0]), netip.MustParseAddrPort(way[1])
			f.Flagged = false
		})
	}
	for code := range 256 {
		add(func(f *classify.Finding) { f.Alert = &classify.Alert{Level: 1, Code: uint8(code)} })
	}
	for _, v := range []quic.Version{quic.V1, quic.V2, 0xff00001d, 0xfaceb002, 'T'<<24 | '0'<<16 | '5'<<8 | '1'} {
		add(func(f *classify.Finding) { f.Protocol, f.QUIC = parse.QUIC, classify.QUIC{Version: v} })
		add(func(f *classify.Finding) {
			f.Protocol, f.QUIC = parse.QUIC, classify.QUIC{Version: v, Retry: true, Negotiated: true}
		})
	}
	for _, verify := range []bool{false, true} {
		add(func(f *classify.Finding) { f.Protocol, f.HelloVerify = parse.DTLS, verify })
	}
	add(func(f *classify.Finding) { f.Hello = nil })
	add(func(f *classify.Finding) { f.Answer = nil })
	add(func(f *classify.Finding) { f.Hello, f.Answer, f.Alert, f.AWS = nil, nil, nil, nil; f.Flagged = false })
	add(func(f *classify.Finding) { f.Hello, f.Answer = &classify.ClientHello{}, &classify.ServerHello{} })
	add(func(f *classify.Finding) { f.Process, f.Software, f.Advice = nil, nil, nil })
	for _, flag := range []bool{true, false} {
		for _, p := range []*classify.Process{
			nil, Longest(), {PID: 1}, {PID: 1, CommandLine: []string{""}}, {PID: 1, CommandLine: []string{"", "a", ""}}, {PID: 1, CommandLine: []string{"/bin/sh"}},
			{PID: 1, Executable: "/", User: "0"}, {PID: 1, Executable: "caf\u00e9", Container: "c"}, {PID: 1, Unit: "a.service", Cgroup: "/a"},
			{PID: 1, User: "a", LoginUser: "a"}, {PID: 1, LoginUser: "b", Started: -1, Script: "a"}, {PID: 2, Parents: []classify.Parent{{PID: 1}}, Folder: "/"},
		} {
			add(func(f *classify.Finding) { f.Process, f.Software, f.Flagged = p, nil, flag })
			add(func(f *classify.Finding) { f.Process, f.Advice, f.Flagged = p, nil, flag })
		}
		for c := classify.Low; c <= classify.High; c++ {
			s := &classify.Software{ID: "openssl", Name: "OpenSSL", Version: "1.0.1 to 1.0.2", Confidence: c, Because: []string{"ja3", "hello.extensions"}}
			add(func(f *classify.Finding) { f.Process, f.Software, f.Flagged = nil, s, flag })
		}
		add(func(f *classify.Finding) {
			f.Advice, f.Flagged = &classify.Advice{ID: "x", Summary: "caf\u00e9 \"now\""}, flag
		})
	}
	for _, flag := range []bool{true, false} {
		add(func(f *classify.Finding) { f.Flagged, f.Series = flag, Series })
	}
	add(func(f *classify.Finding) { f.Flagged, f.Exception = false, Excepted })
	add(func(f *classify.Finding) { f.Flagged, f.Exception, f.Series = false, Excepted, Series })
	add(func(f *classify.Finding) { f.Answer.Cipher = 0xfafa })
	add(func(f *classify.Finding) { f.VLANs = []uint16{1} })
	add(func(f *classify.Finding) { f.VLANs = []uint16{1, 2, 3} })
	add(func(f *classify.Finding) { f.Time = -1 })
	add(func(f *classify.Finding) { f.Source, f.Reason, f.Host, f.Names = "", "", "", nil })
	add(func(f *classify.Finding) {
		*f = classify.Finding{Observation: classify.Observation{Client: f.Client, Server: f.Server}}
	})
	return all
}

// Longest is a process with the longest texts within capture/proc's bounds, in characters
// that take six bytes in JSON.
func Longest() *classify.Process {
	return Process(func(bytes int) string { return strings.Repeat("\x01", bytes) })
}

// Process is a process whose texts all have the greatest length in capture/proc.
func Process(text func(bytes int) string) *classify.Process {
	p := &classify.Process{
		PID: 1<<22 - 1, Executable: text(512), User: text(256), Unit: text(256), Container: text(64), Cgroup: text(512), GoVersion: text(64),
		Variables: slices.Repeat([]string{text(16)}, 8), LoginUser: text(256), Started: 1000, Folder: text(512), Script: text(512),
	}
	for pid := range 4 {
		p.Parents = append(p.Parents, classify.Parent{PID: 1<<22 - pid, Executable: text(512), CommandLine: slices.Repeat([]string{text(128)}, 8)})
	}
	for range 32 {
		p.CommandLine = append(p.CommandLine, text(256))
	}
	for range 8 {
		p.Libraries, p.GoModules = append(p.Libraries, text(512)), append(p.GoModules, text(256))
	}
	return p
}
