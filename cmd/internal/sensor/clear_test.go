package sensor

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

const sqs = "sqs.us-east-1.amazonaws.com"

// tls10HandshakeFor is a handshake of TLS 1.0 between Go's client and server: the
// client's hello, the server's flight, and so on.
func tls10HandshakeFor(t *testing.T, name string, change func(*x509.Certificate)) []sent {
	t.Helper()
	server := &tls.Config{Certificates: []tls.Certificate{certificateFor(t, change)}, MinVersion: tls.VersionTLS10}
	client := &tls.Config{ServerName: name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	return handshakeOf(t, client, server)
}

func plainCertificate(c *x509.Certificate) { c.DNSNames = []string{sqs} }

// findings are a sensor's findings of a connection whose ends send log, in segments of
// a size.
func findings(t *testing.T, log []sent, size int, flaggedOnly bool) (found []classify.Finding) {
	t.Helper()
	s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
	s.sessions.FlaggedOnly = flaggedOnly
	(&line{Sensor: s}).sendAll(inSegments(log, size))
	return found
}

// tlsRecord is a record of TLS 1.0.
func tlsRecord(typ byte, fragment ...byte) []byte {
	return append([]byte{typ, 3, 1, byte(len(fragment) >> 8), byte(len(fragment))}, fragment...)
}

// inFirstRecord puts messages before those in the first record of b.
func inFirstRecord(b []byte, messages ...byte) []byte {
	n := int(binary.BigEndian.Uint16(b[3:]))
	return slices.Concat(tlsRecord(b[0], append(messages, b[5:5+n]...)...), b[5+n:])
}

// TestBetweenTheHellos: records and messages that a peer skips, or should not have sent,
// hide neither hello.
func TestBetweenTheHellos(t *testing.T) {
	request, unknown := []byte{0, 0, 0, 0}, []byte{99, 0, 0, 3, 1, 2, 3}
	for name, tt := range map[string]struct {
		records  []byte // before the first record of a side
		messages []byte // before the first message of a side
		odd      string // anomalies
	}{
		"nothing":                         {nil, nil, ""},
		"ChangeCipherSpec":                {tlsRecord(20, 1), nil, "early_change_cipher_spec"},
		"ChangeCipherSpec twice":          {slices.Concat(tlsRecord(20, 1), tlsRecord(20, 1)), nil, "early_change_cipher_spec"},
		"ChangeCipherSpec, heartbeat":     {slices.Concat(tlsRecord(20, 1), tlsRecord(24, 1, 0, 0)), nil, "early_change_cipher_spec heartbeat_record"},
		"ChangeCipherSpec, a warning":     {slices.Concat(tlsRecord(20, 1), tlsRecord(21, 1, 112)), nil, "early_change_cipher_spec"},
		"heartbeat":                       {tlsRecord(24, append([]byte{1, 0, 16}, make([]byte, 32)...)...), nil, "heartbeat_record"},
		"unknown type 25":                 {tlsRecord(25, 1, 2, 3), nil, "unknown_record_type"},
		"unknown type 255":                {tlsRecord(255, 1), nil, "unknown_record_type"},
		"unknown message in the record":   {nil, unknown, "unknown_handshake_type"},
		"unknown message before":          {tlsRecord(22, unknown...), nil, "unknown_handshake_type"},
		"HelloRequest in the record":      {nil, request, "hello_request"},
		"HelloRequest before":             {tlsRecord(22, request...), nil, "hello_request"},
		"two HelloRequests":               {tlsRecord(22, slices.Concat(request, request)...), request, "hello_request"},
		"a warning":                       {tlsRecord(21, 1, 112), nil, ""},
		"a warning over two records":      {slices.Concat(tlsRecord(21, 1), tlsRecord(21, 112)), nil, "alert_split_records"},
		"three warnings in one record":    {tlsRecord(21, 1, 112, 1, 90, 1, 41), nil, "several_alerts_in_record"},
		"a malformed alert":               {tlsRecord(21, 9, 9), nil, "malformed_alert"},
		"a long malformed alert":          {tlsRecord(21, make([]byte, 40)...), nil, "malformed_alert"},
		"empty handshake record":          {tlsRecord(22), nil, "empty_record"},
		"empty records of other types":    {slices.Concat(tlsRecord(24), tlsRecord(21), tlsRecord(20)), nil, "empty_record"},
		"fifteen empty records":           {bytes.Repeat(tlsRecord(22), 15), nil, "empty_record"},
		"1 KiB of empty records":          {bytes.Repeat(tlsRecord(22), 204), nil, "empty_record"},
		"1 KiB of heartbeats":             {bytes.Repeat(tlsRecord(24, 1), 170), nil, "heartbeat_record"},
		"a message of a type above 31":    {nil, []byte{200, 0, 0, 0}, "unknown_handshake_type"},
		"unknown, heartbeat and requests": {slices.Concat(tlsRecord(77), tlsRecord(24, 1), tlsRecord(22, request...)), request, "empty_record heartbeat_record hello_request"},
	} {
		t.Run(name, func(t *testing.T) {
			for from, side := range []string{"client", "server"} {
				log := tls10HandshakeFor(t, sqs, plainCertificate)
				log[from].bytes = slices.Concat(tt.records, inFirstRecord(log[from].bytes, tt.messages...))
				for _, size := range []int{1400, 7, 1} {
					for _, flaggedOnly := range []bool{false, true} {
						checkViolation(t, side, findings(t, log, size, flaggedOnly), tt.odd)
					}
				}
			}
		})
	}
}

// checkViolation checks that one violation to sqs was found, with the anomalies in odd,
// apart from those of versions.
func checkViolation(t *testing.T, what string, found []classify.Finding, odd string) {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("%s: %d findings", what, len(found))
	}
	f := &found[0]
	if !f.Flagged || f.Verdict != classify.Violation || f.Host != sqs || f.Hello == nil || f.Answer == nil || f.Outcome != classify.Established {
		t.Errorf("%s: %s %s to %q, hello %v, answer %v", what, f.Outcome, f.Verdict, f.Host, f.Hello, f.Answer)
	}
	if got := strings.Join(f.Anomalies, " "); got != odd {
		t.Errorf("%s: anomalies %q, want %q", what, got, odd)
	}
}

// TestChangeCipherSpecTakesEffect: if the records after it are protected, they are not
// read, and the handshake is established although no answer was captured.
func TestChangeCipherSpecTakesEffect(t *testing.T) {
	log := tls10HandshakeFor(t, sqs, plainCertificate)
	for name, finished := range map[string][]byte{
		"as Go sends it":   nil,
		"a nonce of zeros": tlsRecord(22, append(make([]byte, 8), bytes.Repeat([]byte{0xa5, 0x5a}, 16)...)...),
		"a nonce of one":   tlsRecord(22, append([]byte{7: 1}, bytes.Repeat([]byte{0xa5, 0x5a}, 16)...)...),
		"a known type":     tlsRecord(22, append([]byte{20}, bytes.Repeat([]byte{0xa5, 0x5a}, 16)...)...),
		"a ClientHello's":  tlsRecord(22, append([]byte{1}, bytes.Repeat([]byte{0xa5, 0x5a}, 16)...)...),
		"cut at its type":  tlsRecord(22, append([]byte{20}, bytes.Repeat([]byte{0xa5, 0x5a}, 16)...)...)[:6],
		"application data": tlsRecord(23, bytes.Repeat([]byte{1}, 40)...),
		"a long alert":     tlsRecord(21, bytes.Repeat([]byte{1}, 24)...),
		"nothing":          {},
	} {
		var client []sent
		for _, s := range log {
			if s.from == 0 {
				client = append(client, s)
			}
		}
		last := &client[len(client)-1]
		if at := bytes.Index(last.bytes, tlsRecord(20, 1)); finished != nil && at >= 0 {
			last.bytes = slices.Concat(last.bytes[:at+6], finished)
		}
		for _, size := range []int{1400, 7, 1} {
			found := findings(t, client, size, false)
			if len(found) != 1 || found[0].Outcome != classify.Established || found[0].Verdict != classify.Attempt || len(found[0].Anomalies) > 0 {
				t.Errorf("%s, in segments of %d: %+v", name, size, found)
			}
		}
	}
}

// TestCertificateBehindChangeCipherSpec: an injected ChangeCipherSpec (CVE-2014-0224)
// does not hide the name in the certificate.
func TestCertificateBehindChangeCipherSpec(t *testing.T) {
	log := tls10HandshakeFor(t, "", plainCertificate)
	flight := log[1].bytes
	hello := 9 + int(flight[8]) + int(flight[7])<<8 // the end of the ServerHello
	body := flight[5 : 5+binary.BigEndian.Uint16(flight[3:])]
	if len(body)+5 == hello {
		log[1].bytes = slices.Concat(flight[:hello], tlsRecord(20, 1), flight[hello:])
	} else {
		log[1].bytes = slices.Concat(tlsRecord(22, flight[5:hello]...), tlsRecord(20, 1), tlsRecord(22, body[hello-5:]...), flight[5+len(body):])
	}
	for _, size := range []int{1400, 7, 1} {
		checkViolation(t, "certificate", findings(t, log, size, true), "early_change_cipher_spec")
	}
}

// TestFatalAfterWarning: the alert that ended the handshake is reported, not a warning
// before it.
func TestFatalAfterWarning(t *testing.T) {
	hello := tls10HandshakeFor(t, sqs, plainCertificate)[0]
	for name, answer := range map[string][]byte{
		"in one record":  tlsRecord(21, 1, 112, 2, 70),
		"in two":         slices.Concat(tlsRecord(21, 1, 112), tlsRecord(21, 2, 70)),
		"cut in between": slices.Concat(tlsRecord(21, 1), tlsRecord(21, 112, 2), tlsRecord(21, 70)),
		"the other way":  slices.Concat(tlsRecord(21, 2, 70), tlsRecord(21, 1, 0)),
	} {
		for _, size := range []int{1400, 1} {
			found := findings(t, []sent{hello, {1, answer}}, size, true)
			if len(found) != 1 || found[0].Verdict != classify.Attempt || found[0].Outcome != classify.Refused ||
				found[0].Alert == nil || *found[0].Alert != (classify.Alert{From: classify.ServerSide, Level: 2, Code: 70, Record: parse.TLSv1}) {
				t.Errorf("%s: %+v", name, found)
			}
		}
	}
}

// TestOddRecordVersions: the version of a record is ignored (RFC 8446, 5.1).
func TestOddRecordVersions(t *testing.T) {
	for _, minor := range []byte{0, 5, 9, 0x7f, 0xff} {
		log := tls10HandshakeFor(t, sqs, plainCertificate)
		for i := range log {
			for at := 0; at < len(log[i].bytes); at += 5 + int(binary.BigEndian.Uint16(log[i].bytes[at+3:])) {
				log[i].bytes[at+2] = minor
			}
		}
		checkViolation(t, "minor version", findings(t, log, 1400, true), "")
	}
}

// clientHelloFor is a record with a ClientHello for sqs, with these versions.
func clientHelloFor(legacy uint16, supported ...byte) []byte {
	return clientHelloTo(sqs, legacy, supported...)
}

// clientHelloTo is the same for any name; empty: no server_name.
func clientHelloTo(name string, legacy uint16, supported ...byte) []byte {
	u16 := binary.BigEndian.AppendUint16
	var extensions []byte
	if n := uint16(len(name)); n > 0 {
		extensions = append(u16(append(u16(u16([]byte{0, 0}, n+5), n+3), 0), n), name...)
	}
	if len(supported) > 0 {
		extensions = append(extensions, append([]byte{0, 43, 0, byte(len(supported) + 1), byte(len(supported))}, supported...)...)
	}
	body := append(u16(nil, legacy), make([]byte, 32)...)
	body = append(u16(append(body, 0, 0, 2, 0, 47, 1, 0), uint16(len(extensions))), extensions...)
	return tlsRecord(22, append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)...)
}

// serverHelloFor is a record with a ServerHello that selects a version.
func serverHelloFor(legacy uint16, supported ...byte) []byte {
	body := append([]byte{byte(legacy >> 8), byte(legacy)}, bytes.Repeat([]byte{2}, 32)...)
	body = append(body, 0, 0, 47, 0)
	if len(supported) > 0 {
		body = append(body, append([]byte{0, byte(len(supported) + 4), 0, 43, 0, byte(len(supported))}, supported...)...)
	}
	return tlsRecord(22, append([]byte{2, 0, 0, byte(len(body))}, body...)...)
}

// TestOddLegacyVersions: with supported_versions, the value of legacy_version does not
// matter.
func TestOddLegacyVersions(t *testing.T) {
	for _, legacy := range []uint16{0xffff, 0x0305, 0x0400, 0x7fff, 0x0000} {
		for _, size := range []int{1400, 1} {
			log := []sent{{0, clientHelloFor(legacy, 3, 2, 3, 1)}, {1, serverHelloFor(legacy, 3, 1)}}
			found := findings(t, log, size, true)
			if len(found) != 1 || found[0].Verdict != classify.Violation || found[0].Hello.MaxVersion() != 0x0302 || found[0].Answer.Version != 0x0301 {
				t.Errorf("%04x: %+v", legacy, found)
			}
			found = findings(t, log[:1], size, true)
			if len(found) != 1 || found[0].Verdict != classify.Attempt {
				t.Errorf("%04x without an answer: %+v", legacy, found)
			}
			found = findings(t, []sent{{0, clientHelloFor(legacy, 3, 4, 3, 3)}, {1, serverHelloFor(legacy, 3, 4)}}, size, false)
			if len(found) != 1 || found[0].Verdict != classify.OK || found[0].Flagged {
				t.Errorf("%04x with TLS 1.3: %+v", legacy, found)
			}
		}
	}
}

// TestHelloWithWrongLengths: a hello whose lengths disagree is read all the same, and
// so is such an answer.
func TestHelloWithWrongLengths(t *testing.T) {
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301, 3, 1)
	block := bytes.Index(hello, []byte(sqs)) - 11 // the length of all extensions
	hello[block+1] += 40
	answer[5+4+2+32+1+2+1+1] += 9
	for _, flaggedOnly := range []bool{false, true} {
		found := findings(t, []sent{{0, hello}, {1, answer}}, 1400, flaggedOnly)
		if len(found) != 1 || !found[0].Flagged || found[0].Verdict != classify.Violation || found[0].SNI != sqs ||
			!slices.Equal(found[0].Anomalies, []string{"malformed_hello"}) {
			t.Errorf("%+v", found)
		}
	}
}

// TestWhoIsTheClient: the end that opened the connection is the client, unless the
// other end sends a ClientHello and nothing contradicts that.
func TestWhoIsTheClient(t *testing.T) {
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301)
	other, better := clientHelloFor(0x0303, 3, 4, 3, 3), serverHelloFor(0x0303, 3, 4)
	for name, tt := range map[string]struct {
		log     []sent
		client  int // the end that is taken for the client
		verdict classify.Verdict
		odd     string
	}{
		"as usual":                           {[]sent{{0, hello}, {1, answer}}, 0, classify.Violation, ""},
		"ServerHello before the hello":       {[]sent{{0, better}, {0, hello}, {1, answer}}, 0, classify.Violation, "server_hello_from_client"},
		"ServerHello before, no answer":      {[]sent{{0, better}, {0, hello}}, 0, classify.Attempt, "server_hello_from_client"},
		"ServerHello after the hello":        {[]sent{{0, hello}, {0, better}, {1, answer}}, 0, classify.Violation, "server_hello_from_client"},
		"ServerHello after, no answer":       {[]sent{{0, hello}, {0, better}}, 0, classify.Attempt, "server_hello_from_client"},
		"ServerHellos, no hello":             {[]sent{{0, better}, {1, answer}}, 0, classify.Violation, "server_hello_from_client"},
		"ClientHello before the answer":      {[]sent{{0, hello}, {1, other}, {1, answer}}, 0, classify.Violation, "client_hello_from_server"},
		"ClientHello instead of an answer":   {[]sent{{0, hello}, {1, other}}, 0, classify.Attempt, "client_hello_from_server"},
		"ClientHello after the answer":       {[]sent{{0, hello}, {1, answer}, {1, other}}, 0, classify.Violation, "client_hello_from_server"},
		"ClientHello of the server at first": {[]sent{{1, other}, {0, hello}, {1, answer}}, 0, classify.Violation, "client_hello_from_server"},
		"ClientHello behind a lone answer":   {[]sent{{1, answer}, {1, other}}, 0, classify.Violation, "client_hello_from_server"},
		"the answer before the hello":        {[]sent{{1, answer}, {0, hello}}, 0, classify.Violation, ""},
		"reversed, as FTP's data":            {[]sent{{1, hello}, {0, answer}}, 1, classify.Violation, ""},
		"reversed, the answer first":         {[]sent{{0, answer}, {1, hello}}, 1, classify.Violation, ""},
		"reversed, the client answers":       {[]sent{{1, hello}, {1, better}, {0, answer}}, 1, classify.Violation, "server_hello_from_client"},
		"reversed, the server says hello":    {[]sent{{1, hello}, {0, answer}, {0, other}}, 1, classify.Violation, "client_hello_from_server"},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				found := findings(t, tt.log, 1400, flaggedOnly)
				if len(found) != 1 {
					t.Fatalf("%d findings", len(found))
				}
				f := &found[0]
				if f.Verdict != tt.verdict || (f.Client.Port() == 50000) != (tt.client == 0) {
					t.Errorf("%s, client %v", f.Verdict, f.Client)
				}
				if got := strings.Join(f.Anomalies, " "); got != tt.odd {
					t.Errorf("anomalies %q, want %q", got, tt.odd)
				}
			})
		}
	}
}

// TestServerNames: a server_name that is not a host name does not hide other names, and
// a host name with other text around it is recognised. Certificates are not wanted in
// events.
func TestServerNames(t *testing.T) {
	flight := tls10HandshakeFor(t, "", plainCertificate)[1]
	long := strings.Repeat("a", 300) + ".amazonaws.com"
	for name, want := range map[string]struct {
		host   string
		source classify.NameSource
		odd    string
	}{
		"":                             {sqs, classify.NameCertificate, ""},
		sqs:                            {sqs, classify.NameSNI, ""},
		"SQS.us-east-1.AMAZONAWS.com.": {sqs, classify.NameSNI, ""},
		sqs + ":443":                   {sqs, classify.NameSNI, "sni_not_a_dns_name"},
		"https://" + sqs + "/queue":    {sqs, classify.NameSNI, "sni_not_a_dns_name"},
		"user:pw@" + sqs:               {sqs, classify.NameSNI, "sni_not_a_dns_name"},
		sqs + "\x00":                   {sqs, classify.NameSNI, "sni_not_a_dns_name"},
		" " + sqs + "\r\n":             {sqs, classify.NameSNI, "sni_not_a_dns_name"},
		long:                           {long, classify.NameSNI, "name_mismatch"},
		"192.0.2.10":                   {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"192.0.2.10:443":               {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"[2001:db8::1]":                {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"2001:db8::1":                  {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"localhost":                    {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"localhost:8443":               {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"queue":                        {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		" ":                            {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
		"\x00\x00":                     {sqs, classify.NameCertificate, "sni_not_a_dns_name"},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			found := findings(t, []sent{{0, clientHelloTo(name, 0x0301)}, flight}, 1400, flaggedOnly)
			if len(found) != 1 || !found[0].Flagged || found[0].Host != want.host || found[0].HostSource != want.source || found[0].SNI != name {
				t.Errorf("%.40q, flagged only %v: %+v", name, flaggedOnly, found)
				continue
			}
			if got := found[0].Anomalies; want.odd != "name_mismatch" && strings.Join(got, " ") != want.odd {
				t.Errorf("%.40q: anomalies %q", name, got)
			}
		}
	}
	flight = tls10HandshakeFor(t, "", func(c *x509.Certificate) { c.DNSNames = []string{"www.example.com"} })[1]
	found := findings(t, []sent{{0, clientHelloTo("https://www.example.com/", 0x0301)}, flight}, 1400, false)
	if len(found) != 1 || found[0].Flagged || found[0].Host != "www.example.com" {
		t.Errorf("a URL elsewhere: %+v", found)
	}
}

// TestManyCertificateNames: the event's list of names is bounded, and contains the name
// that was chosen.
func TestManyCertificateNames(t *testing.T) {
	for _, before := range []int{99, 100, 300, 5000} {
		log := tls10HandshakeFor(t, "", func(c *x509.Certificate) {
			for i := range before {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.example.org", i))
			}
			c.DNSNames = append(c.DNSNames, "*.s3.amazonaws.com")
		})
		var found []classify.Finding
		s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
		s.sessions.Certificates = true
		for _, f := range connection(log) {
			s.Process(&f)
		}
		s.table.Flush()
		if len(found) != 1 || !found[0].Flagged || found[0].Host != "*.s3.amazonaws.com" {
			t.Fatalf("after %d names: %+v", before, found)
		}
		if names := found[0].Certificate.DNSNames; len(names) != 100 || !slices.Contains(names, "*.s3.amazonaws.com") || names[0] != "n0.example.org" {
			t.Errorf("after %d names: %d names, %q", before, len(names), names)
		}
	}
}
