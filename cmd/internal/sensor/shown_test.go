package sensor

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/policy"
)

// certificateNames sets the names of a certificate.
func certificateNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

// TestCertificateOfAnother: certificates are not wanted in events. A certificate that
// contradicts server_name is an anomaly if the event is written. If it is AWS's, the
// flow is one to AWS.
func TestCertificateOfAnother(t *testing.T) {
	const other = "www.example.com"
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf("n%d.example.org", i)
	}
	for name, tt := range map[string]struct {
		sni         string
		certificate func(*x509.Certificate)
		flagged     bool
		mismatch    bool
		host        string
		names       int // number of names in the event
	}{
		"AWS's, of that name":                {sqs, certificateNames(sqs), true, false, sqs, 0},
		"AWS's, of that name in capitals":    {"SQS.us-east-1.amazonaws.com.", certificateNames(strings.ToUpper(sqs)), true, false, sqs, 0},
		"AWS's, by a wildcard":               {sqs, certificateNames("*.us-east-1.amazonaws.com"), true, false, sqs, 0},
		"AWS's, the last of many":            {sqs, certificateNames(append(slices.Clone(many), sqs)...), true, false, sqs, 0},
		"a bucket with dots":                 {"a.b.s3.amazonaws.com", certificateNames("*.s3.amazonaws.com"), true, false, "a.b.s3.amazonaws.com", 0},
		"the common name, no others":         {sqs, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: sqs} }, true, false, sqs, 0},
		"another's":                          {other, certificateNames(other), false, false, other, 0},
		"another's, by a wildcard":           {other, certificateNames("*.example.com"), false, false, other, 0},
		"one for both":                       {other, certificateNames(sqs, other), false, false, other, 0},
		"hidden":                             {other, certificateNames(sqs), true, true, sqs, 2},
		"hidden, a wildcard":                 {other, certificateNames("*.s3.amazonaws.com"), true, true, "*.s3.amazonaws.com", 2},
		"hidden behind many":                 {other, certificateNames(append(slices.Clone(many), sqs)...), true, true, sqs, 2},
		"hidden by a look-alike":             {sqs + ".evil.example", certificateNames(sqs), true, true, sqs, 2},
		"hidden, in a URL":                   {"https://" + other + "/", certificateNames(sqs), true, true, sqs, 2},
		"hidden, the common name":            {other, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: sqs} }, true, true, sqs, 2},
		"intercepted":                        {sqs, certificateNames("proxy.corp.example"), true, true, sqs, 2},
		"intercepted, by a wildcard":         {sqs, certificateNames("*.amazonaws.com"), true, true, sqs, 2},
		"intercepted, other names first":     {sqs, certificateNames(many...), true, true, sqs, 2},
		"intercepted, nameless":              {sqs, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "Load Balancer 1"} }, true, true, sqs, 0},
		"intercepted, an address":            {sqs, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 10)} }, true, true, sqs, 0},
		"intercepted, the common name alone": {sqs, func(c *x509.Certificate) { c.DNSNames, c.Subject = []string{"a.example"}, pkix.Name{CommonName: sqs} }, true, true, sqs, 2},
		"neither AWS's":                      {other, certificateNames("a.example"), false, true, other, 2},
	} {
		t.Run(name, func(t *testing.T) {
			flight := tls10HandshakeFor(t, "", tt.certificate)[1]
			for hello, versions := range map[string][]byte{
				"old":                   nil,
				"the server's choice":   nil,
				"listed":                {3, 4, 3, 3, 3, 1},
				"the client will leave": {3, 4, 3, 3},
			} {
				bytes := clientHelloTo(tt.sni, 0x0303, versions...)
				if hello == "old" {
					bytes = clientHelloTo(tt.sni, 0x0301)
				}
				for _, log := range [][]sent{{{0, bytes}, flight}, {flight, {0, bytes}}} {
					for _, size := range []int{1400, 7} {
						for _, flaggedOnly := range []bool{false, true} {
							where := fmt.Sprintf("%s, %d first, segments of %d, flagged only %v", hello, log[0].from, size, flaggedOnly)
							found := findings(t, log, size, flaggedOnly)
							if flaggedOnly && !tt.flagged {
								if n := len(found); n != 1 && n != 0 || n == 1 && (found[0].Flagged || found[0].InScope) {
									t.Errorf("%s: %+v", where, found)
								}
								continue
							}
							if len(found) != 1 {
								t.Fatalf("%s: %d findings", where, len(found))
							}
							f := &found[0]
							if f.Flagged != tt.flagged || f.InScope != tt.flagged || f.Host != tt.host || f.SNI != tt.sni || f.Answer.JA3S == "" {
								t.Errorf("%s: flagged %v, host %q, SNI %q, %+v", where, f.Flagged, f.Host, f.SNI, f.Hello)
							}
							// Of a hello that is out of scope at first, and offers the floor, only a summary is kept.
							if nameAlone := flaggedOnly && strings.HasPrefix(name, "hidden") && hello != "old"; (f.Hello.JA3 == "") != nameAlone || len(f.Hello.Versions) != len(versions)/2 {
								t.Errorf("%s: %+v", where, f.Hello)
							}
							if got := slices.Contains(f.Anomalies, policy.NameMismatch); got != tt.mismatch {
								t.Errorf("%s: anomalies %q", where, f.Anomalies)
							}
							if len(f.Names) != max(1, tt.names) {
								t.Errorf("%s: names %+v", where, f.Names)
							}
						}
					}
				}
			}
		})
	}
}

// TestHiddenDestinations: neither messages between the hello and the certificate nor a
// proxy hide the destination; and a certificate that is not the server's gives no name.
func TestHiddenDestinations(t *testing.T) {
	const other = "www.example.com"
	hello := sent{0, clientHelloTo(other, 0x0301)}
	aws, own := tls10HandshakeFor(t, "", certificateNames(sqs))[1], tls10HandshakeFor(t, "", certificateNames(other))[1]
	// The ServerHello and the messages after it, each in its own record.
	answer := 5 + 4 + int(aws.bytes[8]) + int(aws.bytes[7])<<8
	rest := aws.bytes[answer:]
	if binary.BigEndian.Uint16(aws.bytes[3:]) > uint16(answer-5) {
		t.Fatal("the messages are in one record: cut it")
	}
	length := int(binary.BigEndian.Uint16(rest[3:]))
	certificate := rest[5 : 5+length]
	var pieces []byte
	for part := range slices.Chunk(certificate, 100) {
		pieces = append(pieces, tlsRecord(22, part...)...)
	}
	text := func(from int, s string) sent { return sent{from, []byte(s)} }
	connect := []sent{text(0, "CONNECT "+sqs+":443 HTTP/1.1\r\n\r\n"), text(1, "HTTP/1.1 200 OK\r\n\r\n")}
	for name, tt := range map[string]struct {
		log    []sent
		hidden bool
		host   string
		odd    string
	}{
		"nothing between":               {[]sent{hello, aws}, true, sqs, "name_mismatch"},
		"a ChangeCipherSpec":            {[]sent{hello, {1, slices.Concat(aws.bytes[:answer], tlsRecord(20, 1), rest)}}, true, sqs, "early_change_cipher_spec name_mismatch"},
		"a heartbeat":                   {[]sent{hello, {1, slices.Concat(aws.bytes[:answer], tlsRecord(24, 1), rest)}}, true, sqs, "heartbeat_record name_mismatch"},
		"the certificate in pieces":     {[]sent{hello, {1, slices.Concat(aws.bytes[:answer], pieces)}}, true, sqs, "name_mismatch"},
		"asked of a proxy":              {append(slices.Clone(connect), hello, own), true, sqs, "name_mismatch"},
		"asked of a proxy, certificate": {append(slices.Clone(connect), hello, aws), true, sqs, "name_mismatch"},
		"the client's own certificate":  {[]sent{hello, own, {0, tlsRecord(22, certificate...)}}, false, other, ""},
		"before the client is known":    {[]sent{{1, clientHelloTo(other, 0x0303)}, {0, tlsRecord(22, certificate...)}, hello, own}, false, other, "client_hello_from_server"},
		"a ServerHello from the client": {[]sent{{0, aws.bytes}, hello, own}, false, other, "server_hello_from_client"},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			var found []classify.Finding
			counted := 0
			s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
			s.options.Tally = func(f *classify.Finding) {
				if counted++; f.InScope != tt.hidden {
					t.Errorf("%s: counted in scope %v", name, f.InScope)
				}
			}
			s.sessions.FlaggedOnly = flaggedOnly
			noticed := 0
			s.sessions.Notice = func(_, _ netip.AddrPort, _ bool) { noticed++ }
			(&line{Sensor: s}).sendAll(tt.log)
			if counted != 1 {
				t.Errorf("%s: %d counted", name, counted)
			}
			if flaggedOnly && !tt.hidden {
				if len(found) > 1 || len(found) == 1 && found[0].Flagged {
					t.Errorf("%s: %+v", name, found)
				}
				continue
			}
			if len(found) != 1 {
				t.Fatalf("%s: %d findings", name, len(found))
			}
			f := &found[0]
			if f.Flagged != tt.hidden || f.Host != tt.host || f.SNI != other || strings.Join(f.Anomalies, " ") != tt.odd || f.Hello.JA3 == "" {
				t.Errorf("%s: flagged %v, host %q, SNI %q, anomalies %q", name, f.Flagged, f.Host, f.SNI, f.Anomalies)
			}
			if noticed == 0 {
				t.Errorf("%s: Notice was not called", name)
			}
		}
	}
}
