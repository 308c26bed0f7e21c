package foreign

import (
	"net/netip"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
	"tlsfloor/parse"
)

// The same version in each schema.
func TestVersionWords(t *testing.T) {
	for _, tt := range []struct {
		version                                  parse.Version
		ecsProtocol, ecsVersion, ocsf, eve, zeek string
	}{
		{parse.SSLv2, "ssl", "2.0", "SSLv2", "SSLv2", "SSLv2"},
		{parse.SSLv3, "ssl", "3.0", "SSLv3", "SSLv3", "SSLv3"},
		{parse.TLSv1, "tls", "1.0", "TLSv1", "TLSv1", "TLSv10"},
		{parse.TLSv11, "tls", "1.1", "TLSv1.1", "TLS 1.1", "TLSv11"},
		{parse.TLSv12, "tls", "1.2", "TLSv1.2", "TLS 1.2", "TLSv12"},
		{parse.TLSv13, "tls", "1.3", "TLSv1.3", "TLS 1.3", "TLSv13"},
		{parse.DTLSv1, "dtls", "1.0", "DTLSv1", "DTLSv1", "DTLSv10"},
		{parse.DTLSv12, "dtls", "1.2", "DTLSv1.2", "DTLSv1.2", "DTLSv12"},
		{parse.DTLSv13, "dtls", "1.3", "DTLSv1.3", "DTLSv1.3", "DTLSv13"},
		{0x7f17, "tls", "1.3", "TLSv1.3-draft23", "TLS 1.3 draft-23", "TLSv13-draft23"},
		{0xfb1a, "tls", "1.3", "TLSv1.3-draft26-fb", "TLS 1.3 draft-26-fb", "unknown-64282"},
		{0x0a0a, "", "", "0x0a0a", "0x0a0a", "unknown-2570"},
	} {
		f := findings.Violation()
		f.Flagged, f.Answer.Version = false, tt.version
		ecs := jsonline.Decode(t, parseFormat(t, "ecs", event.Sensor{}).AppendFinding(nil, f))
		for name, pair := range map[string][2]any{
			"ECS's protocol": {jsonline.At(ecs, "tls", "version_protocol"), orAbsent(tt.ecsProtocol)},
			"ECS's version":  {jsonline.At(ecs, "tls", "version"), orAbsent(tt.ecsVersion)},
			"OCSF's version": {jsonline.At(jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f)), "tls", "version"), tt.ocsf},
			"EVE's version":  {jsonline.At(jsonline.Decode(t, parseFormat(t, "eve", event.Sensor{}).AppendFinding(nil, f)), "tls", "version"), tt.eve},
			"EVE's handshake's": {
				jsonline.At(jsonline.Decode(t, parseFormat(t, "eve", event.Sensor{}).AppendFinding(nil, f)), "tls", "server_handshake", "version"), tt.eve,
			},
			"Zeek's version": {jsonline.At(jsonline.Decode(t, parseFormat(t, "zeek", event.Sensor{}).AppendFinding(nil, f)), "version"), tt.zeek},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is %v, want %v", tt.version, name, pair[0], pair[1])
			}
		}
	}
}

func orAbsent(word string) any {
	if word == "" {
		return nil
	}
	return word
}

func TestDirections(t *testing.T) {
	for _, tt := range []struct{ client, server, ecs, ocsf string }{
		{"10.0.0.5:1", "52.94.1.2:443", "outbound", "Outbound"},
		{"52.94.1.2:1", "192.168.0.1:443", "inbound", "Inbound"},
		{"10.0.0.5:1", "172.16.0.1:443", "internal", "Lateral"},
		{"52.94.1.2:1", "1.1.1.1:443", "external", "Unknown"},
		{"127.0.0.1:1", "127.0.0.1:443", "internal", "Local"},
		{"[::1]:1", "[::1]:443", "internal", "Local"},
		{"[fd00::5]:1", "[2600::1]:443", "outbound", "Outbound"},
		{"[fe80::5]:1", "[fe80::1]:443", "internal", "Lateral"},
		{"", "", "unknown", "Unknown"},
	} {
		f := findings.Violation()
		f.Flagged = false
		f.Client, f.Server = netip.AddrPort{}, netip.AddrPort{}
		if tt.client != "" {
			f.Client, f.Server = netip.MustParseAddrPort(tt.client), netip.MustParseAddrPort(tt.server)
		}
		if got := jsonline.At(jsonline.Decode(t, parseFormat(t, "ecs", event.Sensor{}).AppendFinding(nil, f)), "network", "direction"); got != tt.ecs {
			t.Errorf("%s to %s: %v, want %s", tt.client, tt.server, got, tt.ecs)
		}
		if got := jsonline.At(jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f)), "connection_info", "direction"); got != tt.ocsf {
			t.Errorf("%s to %s: %v, want %s", tt.client, tt.server, got, tt.ocsf)
		}
	}
}

func TestZeekAlerts(t *testing.T) {
	for code, want := range map[uint8]string{70: "protocol_version", 48: "unknown_ca", 115: "unknown_psk_identity", 200: "unknown-200"} {
		f := findings.Violation()
		f.Alert = &classify.Alert{Level: 2, Code: code}
		if got := jsonline.At(jsonline.Decode(t, parseFormat(t, "zeek", event.Sensor{}).AppendFinding(nil, f)), "last_alert"); got != want {
			t.Errorf("%d: %v, want %s", code, got, want)
		}
	}
}

func TestZeekTime(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0.000000", 1: "0.000000", 1772366400123456789: "1772366400.123456", 1000: "0.000001",
		-1: "-0.000001", -1000: "-0.000001", -1500000000: "-1.500000", 1<<63 - 1: "9223372036.854775", -1 << 63: "-9223372036.854776",
	} {
		if got := string(zeekTime(ns)); got != want {
			t.Errorf("%d: %s, want %s", ns, got, want)
		}
	}
}

// A name that is known in two spellings is listed in both, and once each.
func TestECSRelated(t *testing.T) {
	f := findings.Violation()
	f.Names = append(f.Names, classify.Name{Host: f.Host, Source: classify.NameCertificate}, classify.Name{Host: f.Names[0].Host, Source: classify.NameDNS})
	f.Proxied.Server = f.Server
	related := jsonline.At(jsonline.Decode(t, parseFormat(t, "ecs", event.Sensor{}).AppendFinding(nil, f)), "related")
	want := `{"hash":["0123456789abcdef0123456789abcdef","t11d010000_a_b","fedcba9876543210fedcba9876543210","` + strings.ToUpper(findings.Violation().Certificate.SHA256) + `"],` +
		`"hosts":["dynamodb.us-west-2.amazonaws.com","DynamoDB.us-west-2.amazonaws.com"],"ip":["10.0.0.5","52.94.1.2","2001:db8::5"],"user":["svc","alice"]}`
	if got := jsonline.Literal(related); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
