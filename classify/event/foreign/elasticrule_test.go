package foreign

import (
	"net/netip"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/jsonline"
	"tlsfloor/parse"
)

// elasticRule is the condition of Elastic's stock rule "Deprecated TLS Version
// or Weak Cipher Negotiated Externally" (elastic/detection-rules,
// rules/network/credential_access_tls_deprecated_or_weak_cipher_negotiation.toml,
// as of September 2026), on an event of the index logs-network_traffic.tls-*.
func elasticRule(event map[string]any) bool {
	return jsonline.At(event, "data_stream", "dataset") == "network_traffic.tls" &&
		jsonline.At(event, "network", "protocol") == "tls" &&
		jsonline.At(event, "network", "transport") == "tcp" &&
		jsonline.At(event, "tls", "established") == true &&
		within(jsonline.At(event, "source", "ip"), "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16") &&
		!within(jsonline.At(event, "destination", "ip"), notPublic) &&
		(deprecated(event) || weakCipher(event))
}

// notPublic are the addresses that the rule excepts: IANA's special-purpose
// registries, and multicast.
const notPublic = `10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16
	192.175.48.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
	224.0.0.0/4 240.0.0.0/4 ::1/128 fe80::/10 ff00::/8`

func within(address any, prefixes string) bool {
	text, _ := address.(string)
	a, err := netip.ParseAddr(text)
	for _, p := range strings.Fields(prefixes) {
		if err == nil && netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}

func deprecated(event map[string]any) bool {
	switch jsonline.At(event, "tls", "version") {
	case "1.0", "1.1":
		return true
	case "3.0":
		return jsonline.At(event, "tls", "version_protocol") == "ssl"
	}
	return false
}

func weakCipher(event map[string]any) bool {
	cipher, _ := jsonline.At(event, "tls", "cipher").(string)
	for _, weak := range []string{"RC4", "3DES", "NULL", "EXPORT", "_anon_", "ADH", "AECDH"} {
		if strings.Contains(cipher, weak) && jsonline.At(event, "tls", "version") != "1.3" {
			return true
		}
	}
	return false
}

// Every established violation over TCP of the recorded captures, as it would be towards
// AWS's own addresses, and nothing else: the rule looks at TCP alone.
func TestElasticRule(t *testing.T) {
	matched, passed := 0, 0
	eachRecorded(t, func(t *testing.T, f *classify.Finding) {
		if !f.Client.Addr().Is4() || !f.Client.Addr().IsPrivate() {
			return
		}
		public := *f
		public.Server = netip.MustParseAddrPort("52.94.1.2:443")
		event := jsonline.Decode(t, parseFormat(t, "ecs", sensor).AppendFinding(nil, &public))
		want := f.Verdict == classify.Violation && f.Outcome == classify.Established && f.Answer.Version != parse.SSLv2 && !f.OverUDP() // it is for TCP
		if got := elasticRule(event); got != want && !weakCipher(event) {
			t.Errorf("the rule says %v of %s %s %s", got, f.Verdict, f.Outcome, jsonline.Literal(event))
		}
		if want {
			matched++
		} else {
			passed++
		}
		if elasticRule(jsonline.Decode(t, parseFormat(t, "ecs", sensor).AppendFinding(nil, f))) {
			t.Errorf("matches to %s, which is not public", f.Server)
		}
	})
	if matched < 50 || passed < 40 {
		t.Errorf("only %d matched and %d did not", matched, passed)
	}
}
