package event

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
	"tlsfloor/parse"
)

var sensor = Sensor{Host: "bastion-1", Version: "1.0.0"}

// join makes one line of the lines that a golden text is broken into.
func join(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "") }

func TestNative(t *testing.T) {
	const everything = `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"2026-03-01T12:00:00.123456Z",
"flagged":true,"in_scope":true,"verdict":"violation","outcome":"refused","fix":"client",
"reason":"selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1",
"src_ip":"10.0.0.5","src_port":40312,"dst_ip":"52.94.1.2","dst_port":443,"community_id":"1:9wTwYxX66FO9AphPitCC+0yCE7E=",
"vlan":[12,4095],"tunnels":["gre","vxlan:77"],
"proxied":{"src_ip":"2001:db8::5","src_port":1,"dst_ip":"2001:db8::6","dst_port":443},
"host":"dynamodb.us-west-2.amazonaws.com","host_source":"sni",
"names":[{"host":"DynamoDB.us-west-2.amazonaws.com","source":"sni"},{"source":"address"}],
"aws":{"partition":"aws","region":"us-west-2","service":"dynamodb","fips":true,"dual_stack":true,"vpc_endpoint":true,"resource":"vpce-1"},
"tlsDetails":{"tlsVersion":"TLSv1","cipherSuite":"ECDHE-RSA-AES128-SHA","clientProvidedHostHeader":"DynamoDB.us-west-2.amazonaws.com"},
"starttls":"proxy-protocol",
"client":{"sni":"DynamoDB.us-west-2.amazonaws.com","record_version":"TLSv1","legacy_version":"TLSv1.1","max_version":"TLSv1.1",
"versions":["TLSv1.1","TLSv1"],"alpn":["http/1.1","\u008a\u008a"],"fallback_scsv":true,"ech":true,"early_data":true,
"ja3":"0123456789abcdef0123456789abcdef","ja3_full":"769,49171,,,","ja4":"t11d010000_a_b"},
"server":{"version":"TLSv1","cipher":"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA","cipher_id":49171,"alpn":"http/1.1",
"ja3s":"fedcba9876543210fedcba9876543210","ja3s_full":"769,49171,","downgrade_sentinel":"TLSv1.1","hello_retry_request":true,"resumed":"ticket","group":"secp256r1"},
"certificate":{"subject":"CN=dynamodb.us-west-2.amazonaws.com,O=\u00ff","issuer":"CN=Amazon RSA 2048 M01",
"dns_names":["*.us-west-2.amazonaws.com","b.example"],"not_before":"2025-11-24T16:00:00Z","not_after":"2026-11-30T00:53:20Z","serial":"0a1b2c",
"sha256":"2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c","sha1":"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d"},
"alert":{"from":"server","level":"fatal","description":"protocol_version","code":70,"record_version":"TLSv1"},
"history":"CsxknL",
"process":{"pid":1234,"executable":"/usr/bin/node","command_line":["node","app.js","\u001b]0;\"\u00ff"],"user":"svc","login_user":"alice",
"unit":"app.service","container":"4b0e1a9c2f","started":"2026-03-01T11:59:59.250000Z","working_directory":"/srv/app","script":"/srv/app/app.js",
"parents":[{"pid":1200,"executable":"/bin/dash","command_line":["sh","/etc/cron.hourly/app\u001b]0;\""]},
{"pid":1199,"executable":"/usr/sbin/cron","command_line":["/usr/sbin/CRON","-f"]}],"cgroup":"/system.slice/app.service","variables":["OPENSSL_CONF"],"libraries":["/usr/lib/libssl.so.1.1"],
"go_version":"go1.22.3","go_modules":["github.com/aws/aws-sdk-go-v2@v1.30.0"]},
"software":{"id":"nodejs","name":"Node.js","version":"10.24.1","library":"OpenSSL 1.1.1","confidence":"high","because":["process.executable"]},
"advice":{"id":"nodejs","summary":"Update Node.js to a release that is maintained."},
"anomalies":["hello_split_records","downgrade"],
"sensor":{"host":"bastion-1","source":"eth0","version":"1.0.0"}}`
	tests := []struct {
		name    string
		finding *classify.Finding
		sensor  Sensor
		want    string
	}{
		{"everything", findings.Violation(), sensor, everything},
		{"nothing", &classify.Finding{}, Sensor{}, `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"1970-01-01T00:00:00.000000Z",
"flagged":false,"in_scope":false,"verdict":"undetermined"}`},
		{"no ClientHello, TLSv1.3 and a number that is no cipher suite", &classify.Finding{
			Verdict:     classify.OK,
			Observation: classify.Observation{Answer: &classify.ServerHello{Version: parse.TLSv13, Cipher: 0xfafa}},
		}, Sensor{}, `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"1970-01-01T00:00:00.000000Z",
"flagged":false,"in_scope":false,"verdict":"ok","tlsDetails":{"tlsVersion":"TLSv1.3"},"server":{"version":"TLSv1.3","cipher_id":64250}}`},
		{"a suite of TLSv1.3, and one that OpenSSL has no name for", &classify.Finding{
			Verdict:     classify.OK,
			Observation: classify.Observation{Answer: &classify.ServerHello{Version: parse.TLSv13, Cipher: 0x1301}},
		}, Sensor{}, `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"1970-01-01T00:00:00.000000Z",
"flagged":false,"in_scope":false,"verdict":"ok","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256"},
"server":{"version":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256","cipher_id":4865}}`},
		{"SSLv2, and unknown versions", &classify.Finding{
			Verdict: classify.Violation,
			Observation: classify.Observation{
				Hello:  &classify.ClientHello{LegacyVersion: 0x0200, SSLv2Format: true, Versions: []parse.Version{}},
				Answer: &classify.ServerHello{Version: parse.SSLv2},
			},
		}, Sensor{}, `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"1970-01-01T00:00:00.000000Z",
"flagged":false,"in_scope":false,"verdict":"violation","tlsDetails":{"tlsVersion":"SSLv2"},
"client":{"legacy_version":"0x0200","max_version":"0x0200","versions":[],"sslv2_format":true},"server":{"version":"SSLv2"}}`},
		{"a name asked of a proxy", &classify.Finding{
			Observation: classify.Observation{
				Hello: &classify.ClientHello{LegacyVersion: parse.TLSv12},
				Names: []classify.Name{{Host: "a.example", Source: classify.NameConnect}},
			},
			Host: "a.example", HostSource: classify.NameConnect,
		}, Sensor{}, `
{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls","ts":"1970-01-01T00:00:00.000000Z",
"flagged":false,"in_scope":false,"verdict":"undetermined","host":"a.example","host_source":"connect",
"tlsDetails":{"clientProvidedHostHeader":"a.example"},"client":{"legacy_version":"TLSv1.2","max_version":"TLSv1.2"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := appendNative(nil, tt.finding, tt.sensor)
			if got := string(line); got != join(tt.want) {
				t.Errorf("got  %s\nwant %s", got, join(tt.want))
			}
			validate(t, line)
		})
	}
}

// appendNative appends an event of a new Native.
func appendNative(dst []byte, f *classify.Finding, by Sensor) []byte {
	return NewNative(by).AppendFinding(dst, f)
}

func TestNativeAppends(t *testing.T) {
	if got := appendNative([]byte("before "), findings.Violation(), sensor); !bytes.HasPrefix(got, []byte(`before {"schema"`)) {
		t.Errorf("%.40s", got)
	}
}

func TestNativeDoesNotAllocate(t *testing.T) {
	f, dst, native := findings.Violation(), make([]byte, 0, 4096), NewNative(sensor)
	if n := testing.AllocsPerRun(100, func() { dst = native.AppendFinding(dst[:0], f) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	s := Stats{Packets: 1, Blind: []Spot{{Cause: "unread_protocols", Count: 3, Top: []Item{{Name: "ESP", Number: number(50), Count: 3}}}}}
	if n := testing.AllocsPerRun(100, func() { dst = native.AppendStats(dst[:0], &s) }); n != 0 {
		t.Errorf("stats: %v allocations, want 0", n)
	}
}

func number(n uint32) *uint32 { return &n }

func TestAppendStats(t *testing.T) {
	s := &Stats{
		Time: 1, Source: "eth0", Packets: 2, Bytes: 3, KernelDropped: 4, InterfaceDropped: 5,
		Flows: 6, Hellos: 7, Handshakes: 8, InScope: 9, Flagged: 1 << 63, Excepted: 10, Held: 11, Own: 12, Final: true,
		Blind: []Spot{
			{Cause: "inputs_left_out", Count: 1, Top: []Item{{Name: "a\x1b\".txt", Count: 1}}},
			{Cause: "unread_protocols", Count: 4, Top: []Item{{Name: "ESP", Number: number(50), Count: 3}, {Number: number(253), Count: 1}}},
			{Cause: "cut_hellos", Count: 2},
		},
	}
	const want = `
{"schema":"tlsfloor/1","kind":"stats","ts":"1970-01-01T00:00:00.000000Z","packets":2,"bytes":3,
"kernel_dropped":4,"interface_dropped":5,"flows":6,"hellos":7,"handshakes":8,"in_scope":9,"flagged":9223372036854775808,"excepted":10,"held":11,"own_handshakes":12,
"blind":[{"cause":"inputs_left_out","count":1,"top":[{"name":"a\u001b\".txt","count":1}]},
{"cause":"unread_protocols","count":4,"top":[{"number":50,"name":"ESP","count":3},{"number":253,"count":1}]},
{"cause":"cut_hellos","count":2}],"final":true,
"sensor":{"host":"bastion-1","source":"eth0","version":"1.0.0"}}`
	line := NewNative(sensor).AppendStats(nil, s)
	if string(line) != join(want) {
		t.Errorf("got  %s\nwant %s", line, join(want))
	}
	validate(t, line)
	clean := NewNative(Sensor{}).AppendStats(nil, &Stats{})
	validate(t, clean)
	if !strings.Contains(string(clean), `"blind":[]`) || strings.Contains(string(clean), "final") {
		t.Errorf("%s", clean)
	}
}

// A hello that is too long to be remembered is written, too, and not mistaken for
// another.
func TestLongHellosAreNotRemembered(t *testing.T) {
	native := NewNative(sensor)
	short, long := findings.Violation(), findings.Violation()
	long.Hello.JA3Full = strings.Repeat("4865-", maxRemembered)
	long.Answer.JA3SFull = strings.Repeat("65281-", maxRemembered)
	for _, f := range []*classify.Finding{short, long, short, long, long, short} {
		if got, want := native.AppendFinding(nil, f), appendNative(nil, f, sensor); !bytes.Equal(got, want) {
			t.Errorf("%s", jsonline.Difference(got, want))
		}
	}
	if c, s := native.offers.Len(), native.answers.Len(); c != 1 || s != 1 {
		t.Errorf("%d and %d hellos are remembered, want 1 and 1", c, s)
	}
}

// With any text of a peer, in a file name or in a host name, the event is one well-formed
// line that conforms to the schema, without control characters, and the bytes can be
// recovered.
func FuzzNative(f *testing.F) {
	f.Add([]byte("dynamodb.us-west-2.amazonaws.com"), "eth0", uint16(0x0301))
	f.Add([]byte("\x00\x1b[2J\x1b]0;pwned\x07\n\r\"\\\x7f"), "\u202egpj.pcap", uint16(0x0a0a))
	f.Add([]byte("\xff\xfe\xed\xa0\x80\u2028\u2029"), "caf\u00e9 \U0001f600 \xff", uint16(0x7f17))
	f.Add([]byte(strings.Repeat("\x80", 300)), "", uint16(2))
	f.Fuzz(func(t *testing.T, wire []byte, text string, number uint16) {
		finding := findings.Hostile(string(wire), text, number)
		native := NewNative(Sensor{Host: text, Version: text})
		line := native.AppendFinding(nil, finding)
		for _, f := range []*classify.Finding{finding, findings.Hostile(text, string(wire), number+1), finding} {
			got, want := native.AppendFinding(nil, f), appendNative(nil, f, native.sensor)
			if !bytes.Equal(got, want) {
				t.Errorf("remembered    %s\nwritten first %s", got, want)
			}
		}
		jsonline.CheckPrintable(t, line)
		validate(t, line)
		checkReturned(t, line, finding)
	})
}

func checkReturned(t *testing.T, line []byte, f *classify.Finding) {
	t.Helper()
	var event struct {
		Source string `json:"source"`
		Client struct {
			SNI  string   `json:"sni"`
			ALPN []string `json:"alpn"`
		} `json:"client"`
	}
	if err := json.Unmarshal(line, &event); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if latin1(event.Client.SNI) != f.SNI || latin1(event.Client.ALPN[0]) != f.Hello.ALPN[0] {
		t.Errorf("sent %q, read %q", f.SNI, event.Client.SNI)
	}
}

func latin1(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func BenchmarkNative(b *testing.B) {
	plain := findings.Violation()
	plain.Process, plain.Software, plain.Advice = nil, nil, nil
	plain.VLANs, plain.Tunnels, plain.Names, plain.Anomalies, plain.Alert = nil, nil, nil, nil, nil
	plain.Hello.JA3Full = "769,49171-49172-156-157-47-53-10,0-23-65281-10-11-35-16-5-13,29-23-24,0"
	plain.Proxied.Client, plain.Proxied.Server = netip.AddrPort{}, netip.AddrPort{}
	for name, f := range map[string]*classify.Finding{"usual": plain, "everything": findings.Violation(), "hostile": findings.Hostile(strings.Repeat("\xff", 200), "eth0", 0x0a0a)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			native := NewNative(sensor)
			dst := native.AppendFinding(nil, f)
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				dst = native.AppendFinding(dst[:0], f)
			}
		})
	}
}
