package policy

import (
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
)

func names(pairs ...string) []classify.Name {
	var list []classify.Name
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, classify.Name{Host: pairs[i+1], Source: source(pairs[i])})
	}
	return list
}

func source(text string) classify.NameSource {
	for s := classify.NameNone; s <= classify.NameAddress; s++ {
		if s.String() == text {
			return s
		}
	}
	panic("no such source: " + text)
}

func TestDestination(t *testing.T) {
	const ddb = "dynamodb.us-west-2.amazonaws.com"
	tests := []struct {
		name     string
		names    []classify.Name
		host     string
		source   string
		inScope  bool
		mismatch bool
	}{
		{"nothing known", nil, "", "", false, false},
		{"an empty SNI", names("sni", ""), "", "", false, false},
		{"letter case and the root", names("sni", "DynamoDB.US-West-2.amazonaws.COM."), ddb, "sni", true, false},
		{"SNI before the rest", names("sni", ddb, "connect", ddb+".", "certificate", "*.us-west-2.amazonaws.com", "dns", "x.example"), ddb, "sni", true, false},
		{"hidden: the certificate is AWS's", names("sni", "www.example.com", "certificate", ddb), ddb, "certificate", true, true},
		{"hidden: the certificate is a wildcard of AWS's", names("sni", "www.example.com", "certificate", "*.s3.amazonaws.com"), "*.s3.amazonaws.com", "certificate", true, true},
		{"hidden: the name is AWS's with more behind it", names("sni", ddb+".evil.example.net", "certificate", ddb), ddb, "certificate", true, true},
		{"hidden: AWS was asked of a proxy", names("sni", "www.example.com", "connect", "DynamoDB.us-west-2.amazonaws.com."), ddb, "connect", true, true},
		{"hidden: AWS was asked of a proxy, and its certificate is another's", names("sni", "a.example", "connect", ddb, "certificate", "b.example"), ddb, "connect", true, true},
		{"a proxy was asked for another name, out of scope too, and the certificate is AWS's", names("sni", "a.example", "connect", "b.example", "certificate", ddb), ddb, "certificate", true, true},
		{"not hidden: AWS is what the address was called elsewhere", names("sni", "www.example.com", "dns", ddb), "www.example.com", "sni", false, false},
		{"not hidden: AWS has the address", names("sni", "www.example.com", "address", ""), "www.example.com", "sni", false, false},
		{"both out of scope", names("sni", "www.example.com", "certificate", "*.example.org"), "www.example.com", "sni", false, true},
		{"intercepted: another's certificate", names("sni", ddb, "certificate", "proxy.example.com"), ddb, "sni", true, true},
		{"intercepted: a wildcard above more than one label", names("sni", ddb, "certificate", "*.amazonaws.com"), ddb, "sni", true, true},
		{"intercepted: a wildcard above everything", names("sni", ddb, "certificate", "*.com"), ddb, "sni", true, true},
		{"fronted: the proxy was asked for another", names("sni", ddb, "connect", "www.example.com"), ddb, "sni", true, true},
		{"a wildcard above the name", names("sni", "b.s3.amazonaws.com", "certificate", "*.s3.AMAZONAWS.com"), "b.s3.amazonaws.com", "sni", true, false},
		{"a bucket with dots under a wildcard", names("sni", "a.b.s3.amazonaws.com", "certificate", "*.s3.amazonaws.com"), "a.b.s3.amazonaws.com", "sni", true, false},
		{"a wildcard does not cover its apex", names("sni", "s3.amazonaws.com", "certificate", "*.s3.amazonaws.com"), "s3.amazonaws.com", "sni", true, true},
		{"a wildcard is no suffix match", names("sni", "evils3.amazonaws.com", "certificate", "*.s3.amazonaws.com"), "evils3.amazonaws.com", "sni", true, true},
		{"no SNI: the certificate's wildcard", names("certificate", "*.s3.amazonaws.com"), "*.s3.amazonaws.com", "certificate", true, false},
		{"another name of the address is no mismatch", names("sni", ddb, "dns", "cdn.example.net"), ddb, "sni", true, false},
		{"no SNI: a DNS answer", names("dns", ddb), ddb, "dns", true, false},
		{"an IPv4 address as SNI does not hide the certificate", names("sni", "52.94.1.2", "certificate", ddb), ddb, "certificate", true, false},
		{"an IPv6 address asked of a proxy", names("connect", "[2600:1f18::1]", "dns", ddb), ddb, "dns", true, false},
		{"localhost as SNI does not hide the certificate", names("sni", "localhost", "certificate", ddb), ddb, "certificate", true, false},
		{"one label as SNI does not hide what a proxy was asked for", names("sni", "ddb", "connect", ddb), ddb, "connect", true, false},
		{"localhost.localdomain does not hide a DNS answer", names("sni", "localhost.localdomain", "dns", ddb), ddb, "dns", true, false},
		{"a certificate for localhost does not hide a DNS answer", names("certificate", "localhost", "dns", ddb), ddb, "dns", true, false},
		{"localhost and nothing better", names("sni", "localhost"), "localhost", "sni", false, false},
		{"a name of 300 bytes", names("sni", strings.Repeat("a", 286)+".amazonaws.com"), strings.Repeat("a", 286) + ".amazonaws.com", "sni", true, false},
		{"a URL as SNI", names("sni", "https://"+ddb+":443/", "certificate", "*.us-west-2.amazonaws.com"), ddb, "sni", true, false},
		{"a port in what a proxy was asked for", names("connect", ddb+":443"), ddb, "connect", true, false},
		{"a port in a certificate", names("certificate", ddb+":443", "dns", "a.example"), "a.example", "dns", false, false},
		{"a NUL in SNI, and another's certificate", names("sni", ddb+"\x00", "certificate", "a.example"), ddb, "sni", true, true},
		{"an address as SNI and nothing better", names("sni", "52.94.1.2"), "52.94.1.2", "sni", false, false},
		{"rubbish and nothing better", names("sni", "\x1b[2J\xff"), "\x1b[2j\xff", "sni", false, false},
		{"rubbish does not hide the certificate", names("sni", "\x00", "certificate", ddb), ddb, "certificate", true, false},
		{"a suspicion", names("address", ""), "", "address", true, false},
		{"a suspicion behind an address as SNI", names("sni", "52.94.1.2", "address", ""), "", "address", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &classify.Finding{Observation: classify.Observation{Names: tt.names}}
			newPolicy(t, Options{}).Judge(f)
			if f.Host != tt.host || f.HostSource.String() != tt.source || f.InScope != tt.inScope {
				t.Errorf("host %q by %q, in scope %v; want %q by %q, %v", f.Host, f.HostSource, f.InScope, tt.host, tt.source, tt.inScope)
			}
			if got := slices.Contains(f.Anomalies, NameMismatch); got != tt.mismatch {
				t.Errorf("mismatch %v, want %v", got, tt.mismatch)
			}
		})
	}
}

// TestMisnamed: a certificate without a host name covers no name.
func TestMisnamed(t *testing.T) {
	for _, misnamed := range []bool{false, true} {
		f := &classify.Finding{Observation: classify.Observation{Names: names("sni", "s3.amazonaws.com"), Misnamed: misnamed}}
		newPolicy(t, Options{}).Judge(f)
		if got := slices.Contains(f.Anomalies, NameMismatch); got != misnamed || f.Host != "s3.amazonaws.com" || !f.InScope {
			t.Errorf("misnamed %v: %q, host %q", misnamed, f.Anomalies, f.Host)
		}
	}
}

// TestSNINotName: the anomaly is added once when server_name is not a name, whatever the
// source of the destination's name.
func TestSNINotName(t *testing.T) {
	const ddb = "dynamodb.us-west-2.amazonaws.com"
	for sni, want := range map[string]bool{
		"": false, ddb: false, "DynamoDB.us-west-2.amazonaws.com.": false, "a_b.example": false, strings.Repeat("a", 300) + ".example": false,
		ddb + ":443": true, "52.94.1.2": true, "localhost": true, "db1": true, ddb + "\x00": true, " " + ddb: true, "\xff": true, "::1": true,
	} {
		for _, others := range [][]classify.Name{nil, names("certificate", ddb), names("address", "")} {
			f := &classify.Finding{Observation: classify.Observation{SNI: sni, Names: append(names("sni", sni), others...)}}
			p := newPolicy(t, Options{})
			p.Judge(f)
			p.Judge(f)
			if got := slices.Contains(f.Anomalies, SNINotName); got != want {
				t.Errorf("%.40q with %v: %v, want %v", sni, others, got, want)
			}
		}
	}
}

func TestFlagged(t *testing.T) {
	const ddb = "dynamodb.us-west-2.amazonaws.com"
	custom, err := NewScope([]string{"*.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		options Options
		names   []classify.Name
		hello   *classify.ClientHello
		answer  *classify.ServerHello
		want    bool
	}{
		{"a violation to AWS", Options{}, names("sni", ddb), legacy(tls10), selecting(tls10), true},
		{"an attempt to AWS", Options{}, names("sni", ddb), legacy(tls10), nil, true},
		{"exposed is not flagged", Options{}, names("sni", ddb), offering(tls12, tls10), selecting(tls12), false},
		{"a violation elsewhere", Options{}, names("sni", "www.example.com"), legacy(tls10), selecting(tls10), false},
		{"a violation to no name", Options{}, nil, legacy(tls10), selecting(tls10), false},
		{"a suspicion", Options{}, names("address", ""), legacy(tls10), selecting(tls10), false},
		{"a suspicion, when asked", Options{FlagAddresses: true}, names("address", ""), legacy(tls10), selecting(tls10), true},
		{"a suspicion under another scope", Options{FlagAddresses: true, Scope: custom}, names("address", ""), legacy(tls10), selecting(tls10), false},
		{"another scope", Options{Scope: custom}, names("sni", "www.example.com"), legacy(tls10), selecting(tls10), true},
		{"another scope replaces AWS", Options{Scope: custom}, names("sni", ddb), legacy(tls10), selecting(tls10), false},
		{"a higher floor", Options{Floor: tls13}, names("sni", ddb), legacy(tls12), selecting(tls12), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &classify.Finding{Observation: classify.Observation{Names: tt.names, Hello: tt.hello, Answer: tt.answer}}
			newPolicy(t, tt.options).Judge(f)
			if f.Flagged != tt.want {
				t.Errorf("flagged %v, want %v", f.Flagged, tt.want)
			}
		})
	}
}

// The AWS field of an address range comes with the observation, and is kept.
func TestExplainKeepsAddressFacts(t *testing.T) {
	known := &classify.AWS{Partition: "aws", Region: "eu-west-1", Service: "S3"}
	f := &classify.Finding{Observation: classify.Observation{Names: names("address", "")}, AWS: known}
	p := newPolicy(t, Options{})
	p.Judge(f)
	p.Explain(f)
	if f.AWS != known {
		t.Errorf("AWS is %v, want what came with the range", f.AWS)
	}
	f.Names = names("sni", "www.example.com")
	p.Judge(f)
	p.Explain(f)
	if f.AWS != nil {
		t.Errorf("AWS is %v for a name that is not AWS's", f.AWS)
	}
	f.Names = names("sni", "dynamodb.us-west-2.amazonaws.com")
	p.Judge(f)
	p.Explain(f)
	if f.AWS == nil {
		t.Error("AWS is nil for an AWS name")
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"a.example", "A.example.", true},
		{"*.example.", "a.EXAMPLE", true},
		{"*.example.", "a.b.EXAMPLE", false},
		{"*.s3.amazonaws.com", "a.b.c.S3.amazonaws.com", true},
		{"*.S3-us-west-2.amazonaws.com", "a.b.s3-us-west-2.amazonaws.com", true},
		{"*.s3.us-west-2.amazonaws.com", "a.b.s3.us-west-2.amazonaws.com", true},
		{"*.s3.cn-north-1.amazonaws.com.cn", "a.b.s3.cn-north-1.amazonaws.com.cn", true},
		{"*.s3.example.com", "a.b.s3.example.com", false},
		{"*.s3x.amazonaws.com", "a.b.s3x.amazonaws.com", false},
		{"*.amazonaws.com", "sqs.us-east-1.amazonaws.com", false},
		{"*.s3.amazonaws.com", "s3.amazonaws.com", false},
		{"*.example", "example", false},
		{"*.example", ".example", false},
		{"*example", "anexample", false},
		{"*", "example", false},
		{"a.example", "b.example", false},
		{"", "a", false},
	} {
		if got := Covers(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Covers(%q, %q) is %v", tt.pattern, tt.name, got)
		}
	}
}

func TestHostnames(t *testing.T) {
	for host, want := range map[string]bool{
		"a": true, "a.b": true, "*.a.b": true, "xn--bcher-kva.example": true, "a_b.c": true, "1.a": true, "10.in-addr.arpa": true, "3com": true,
		"": false, ".": false, "*.": false, "*": false, "a.": false, ".a": false, "a..b": false, "a.*.b": false, "1.2.3.4": false, "1": false,
		"::1": false, "[::1]": false, "a b": false, "a\x00": false, "\x80": false, "a@b": false, "a/b": false,
		strings.Repeat("a", 253): true, strings.Repeat("a", 254): true,
	} {
		if got := IsHostname(host); got != want {
			t.Errorf("IsHostname(%.40q) is %v", host, got)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("dynamodb.us-west-2.amazonaws.com", "*.amazonaws.com")
	f.Add("\x00\xff", "*")
	f.Add("52.94.1.2", "")
	f.Add("https://user@s3.amazonaws.com:443/\x00", "localhost")
	f.Add(" a.example..\x00\x00", "*.s3.amazonaws.com")
	f.Fuzz(func(t *testing.T, sni, certificate string) {
		finding := &classify.Finding{Observation: classify.Observation{Names: names("sni", sni, "certificate", certificate)}}
		p := newPolicy(t, Options{})
		p.Judge(finding)
		within, exact := p.Named(sni)
		if finding.Host != normal(sni) && finding.Host != normal(within) && finding.Host != normal(certificate) {
			t.Errorf("host %q is neither name", finding.Host)
		}
		reach := p.Reach(sni)
		hidden := reach == Outside && p.Reach(certificate) == Inside && finding.HostSource == classify.NameCertificate
		if hidden && (!finding.InScope || Covers(certificate, within) || !slices.Contains(finding.Anomalies, NameMismatch) && !Covers(within, certificate)) {
			t.Errorf("%q and a certificate for %q: in scope %v, %q", sni, certificate, finding.InScope, finding.Anomalies)
		}
		if within != "" && !hidden && (finding.HostSource != classify.NameSNI || !IsHostname(within) || !strings.Contains(sni, within)) {
			t.Errorf("%q in %q: host %q by %s", within, sni, finding.Host, finding.HostSource)
		}
		if within != "" && !hidden && (reach == Inside) != finding.InScope || within == "" && reach != Unnamed || exact && within == "" {
			t.Errorf("%q reaches %d, in scope %v", sni, reach, finding.InScope)
		}
		if finding.InScope && !IsHostname(finding.Host) {
			t.Errorf("%q is in scope", finding.Host)
		}
	})
}
