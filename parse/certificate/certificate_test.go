package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tlsfloor/parse"
)

// names returns the names of a certificate as strings.
func names(c *Certificate) (s []string) {
	for list := c.Names(); ; {
		name, ok := list.Next()
		if !ok {
			return s
		}
		s = append(s, string(name))
	}
}

// chain is the certificates of the first Certificate message in a file of
// testdata.
func chain(t testing.TB, file string) List {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", file+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	var s parse.RecordStream
	var p parse.Part
	var m parse.Messages
	var c parse.Collector
	var msg parse.Message
	for {
		if ok, err := s.Next(&data, &p); !ok || err != nil {
			t.Fatal("no Certificate message", err)
		}
		for p.Type == parse.Handshake && m.Next(&p.Fragment, &c, &msg) {
			if msg.Type == parse.TypeCertificate {
				list, err := ParseList(msg.Body)
				if err != nil {
					t.Fatal(err)
				}
				return bytes.Clone(list)
			}
		}
	}
}

func TestRecordedCertificate(t *testing.T) {
	list := chain(t, "server-tls1")
	der, ok := list.Next()
	if !ok {
		t.Fatal("no certificate")
	}
	if _, ok := list.Next(); ok {
		t.Error("a second certificate")
	}
	var c Certificate
	if err := c.Parse(der); err != nil {
		t.Fatal(err)
	}
	if got := names(&c); !slices.Equal(got, []string{"dynamodb.us-west-2.amazonaws.com", "*.us-west-2.amazonaws.com"}) {
		t.Errorf("names %q", got)
	}
	const subject = `CN=dynamodb.us-west-2.amazonaws.com,OU=a+OU=b,O=Example\, Ltd.,C=GB`
	if c.Subject.String() != subject && c.Subject.String() != `CN=dynamodb.us-west-2.amazonaws.com,OU=b,OU=a,O=Example\, Ltd.,C=GB` || !bytes.Equal(c.Issuer, c.Subject) {
		t.Errorf("subject %s, issuer %s", c.Subject, c.Issuer)
	}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	notBefore, notAfter := c.Validity()
	if !notBefore.Equal(x.NotBefore) || !notAfter.Equal(x.NotAfter) {
		t.Errorf("%v to %v; want %v to %v", notBefore, notAfter, x.NotBefore, x.NotAfter)
	}
}

// certify makes a self-signed certificate.
func certify(t testing.TB, template *x509.Certificate) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(1)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificateNames(t *testing.T) {
	cn := pkix.Name{CommonName: "old.example"}
	many := make([]string, 10000)
	for i := range many {
		many[i] = fmt.Sprintf("host%d.example", i)
	}
	for _, test := range []struct {
		name     string
		template x509.Certificate
		want     []string
	}{
		{"SAN before common name", x509.Certificate{Subject: cn, DNSNames: []string{"a.example", "*.b.example"}}, []string{"a.example", "*.b.example"}},
		{"common name alone", x509.Certificate{Subject: cn}, []string{"old.example"}},
		{"SAN without a dNSName", x509.Certificate{Subject: cn, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}}, []string{"old.example"}},
		{"NUL and escapes", x509.Certificate{Subject: cn, DNSNames: []string{"a.example\x00.evil.example", "\x1b[2Jb.example"}},
			[]string{"a.example\x00.evil.example", "\x1b[2Jb.example"}},
		{"no name at all", x509.Certificate{}, nil},
		{"ten thousand", x509.Certificate{DNSNames: many}, many},
	} {
		t.Run(test.name, func(t *testing.T) {
			der := certify(t, &test.template)
			var c Certificate
			if err := c.Parse(der); err != nil {
				t.Fatal(err)
			}
			if got := names(&c); !slices.Equal(got, test.want) {
				t.Errorf("%.200q", got)
			}
			if n := testing.AllocsPerRun(10, func() { c.Parse(der) }); n > 4 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// rawName is an RDNSequence of these attributes, each an RDN of its own.
func rawName(t testing.TB, attributes ...asn1.RawValue) []byte {
	t.Helper()
	var sequence []byte
	for _, a := range attributes {
		pair := marshal(t, struct {
			ID    asn1.ObjectIdentifier
			Value asn1.RawValue
		}{asn1.ObjectIdentifier{2, 5, 4, 3}, a})
		sequence = append(sequence, marshal(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: pair})...)
	}
	return marshal(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: sequence})
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCommonName(t *testing.T) {
	for _, test := range []struct {
		name       string
		attributes []asn1.RawValue
		want, text string
	}{
		{"none", nil, "", ""},
		{"the last of two", []asn1.RawValue{{Tag: asn1.TagUTF8String, Bytes: []byte("a")}, {Tag: asn1.TagT61String, Bytes: []byte("b")}}, "b", "CN=b,CN=a"},
		{"16-bit text", []asn1.RawValue{{Tag: asn1.TagBMPString, Bytes: []byte("\x00a\x00.\x00\xe9")}}, "a.é", "CN=a.é"},
		{"special characters", []asn1.RawValue{{Tag: asn1.TagUTF8String, Bytes: []byte(" a,b\x00\x1b ")}}, " a,b\x00\x1b ", `CN=\ a\,b\00\1b\ `},
		{"hash in front", []asn1.RawValue{{Tag: asn1.TagUTF8String, Bytes: []byte("#a#")}}, "#a#", `CN=\#a#`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c Certificate
			if err := c.Parse(certify(t, &x509.Certificate{RawSubject: rawName(t, test.attributes...)})); err != nil {
				t.Fatal(err)
			}
			if string(c.Subject.CommonName()) != test.want || c.Subject.String() != test.text {
				t.Errorf("%q, %q", c.Subject.CommonName(), c.Subject)
			}
		})
	}
}

func TestNameOfOtherAttributes(t *testing.T) {
	name := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "1"},
		{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "a@example"},
		{Type: asn1.ObjectIdentifier{2, 999, 3}, Value: "x"},
		{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: "example"},
	}}
	var c Certificate
	if err := c.Parse(certify(t, &x509.Certificate{Subject: name})); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Subject.String(), "DC=example,2.999.3=#78,emailAddress=a@example,2.5.4.5=#31"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCertificateTimes(t *testing.T) {
	for _, test := range []struct {
		name string
		tag  int
		text string
		want time.Time
	}{
		{"UTCTime", asn1.TagUTCTime, "260301120000Z", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"UTCTime of 1950", asn1.TagUTCTime, "500101000000Z", time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"UTCTime of 2049", asn1.TagUTCTime, "491231235959Z", time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"without seconds", asn1.TagUTCTime, "9603011200Z", time.Date(1996, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"with a zone", asn1.TagUTCTime, "960301120000+0100", time.Date(1996, 3, 1, 11, 0, 0, 0, time.UTC)},
		{"GeneralizedTime", asn1.TagGeneralizedTime, "20990301120000Z", time.Date(2099, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"no time", asn1.TagUTCTime, "next year", time.Time{}},
		{"long", asn1.TagUTCTime, string(make([]byte, 90)), time.Time{}},
		{"another type", asn1.TagInteger, "1", time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			value := tlv(byte(test.tag), []byte(test.text))
			der := tlv(0x30, tlv(0x30, tlv(asn1.TagInteger, []byte{1}), tlv(0x30), tlv(0x30), tlv(0x30, value, value), tlv(0x30)))
			var c Certificate
			err := c.Parse(der)
			if notBefore, notAfter := c.Validity(); err != nil || !notBefore.Equal(test.want) || !notAfter.Equal(test.want) {
				t.Errorf("%v to %v, %v; want %v", notBefore, notAfter, err, test.want)
			}
		})
	}
}

// tlv is a DER value of less than 64 kB.
func tlv(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	n := len(content)
	switch {
	case n < 128:
		return append([]byte{tag, byte(n)}, content...)
	case n < 256:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
}

func TestCertificateNegativeSerial(t *testing.T) {
	der := certify(t, &x509.Certificate{Subject: pkix.Name{CommonName: "old.example"}, SerialNumber: big.NewInt(0x7b)})
	at := bytes.Index(der, []byte{asn1.TagInteger, 1, 0x7b})
	der[at+2] = 0x9b
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Error("crypto/x509 takes it: a reason for reading certificates here is gone")
	}
	var c Certificate
	if err := c.Parse(der); err != nil || string(c.Subject.CommonName()) != "old.example" {
		t.Error(err, c.Subject)
	}
}

func TestCertificateIllFormed(t *testing.T) {
	der := certify(t, &x509.Certificate{Subject: pkix.Name{CommonName: "a.example"}, DNSNames: []string{"a.example"}})
	var c Certificate
	for n := range der {
		if err := c.Parse(der[:n]); err == nil {
			t.Fatalf("cut to %d of %d bytes: no error", n, len(der))
		}
	}
	var got *parse.ParseError
	bad := bytes.Clone(der)
	bad[4] = 0x31
	if err := c.Parse(bad); !errors.As(err, &got) || *got != (parse.ParseError{What: "TBSCertificate", Offset: 4}) {
		t.Error(err)
	}
	bad = bytes.Clone(der)
	at := bytes.Index(bad, []byte{asn1.TagInteger, 1, 1})
	bad[at] = asn1.TagBoolean
	if err := c.Parse(bad); !errors.As(err, &got) || *got != (parse.ParseError{What: "serialNumber", Offset: at}) {
		t.Error(err)
	}
}

// listOf is the body of a Certificate message with these certificates, of less
// than 256 bytes in all.
func listOf(certificates ...string) []byte {
	var list []byte
	for _, c := range certificates {
		list = append(append(list, 0, 0, byte(len(c))), c...)
	}
	return append([]byte{0, 0, byte(len(list))}, list...)
}

func TestList(t *testing.T) {
	list, err := ParseList(listOf("first", "second"))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := list.Next()
	second, ok := list.Next()
	if !ok || string(first) != "first" || string(second) != "second" {
		t.Errorf("%q %q", first, second)
	}
	if _, ok := list.Next(); ok {
		t.Error("a third certificate")
	}
	if list, err := ParseList(listOf()); err != nil || len(list) != 0 {
		t.Errorf("empty list: %x, %v", list, err)
	}
	for _, bad := range [][]byte{nil, {0, 0}, {0, 0, 9, 1}} {
		if _, err := ParseList(bad); err == nil {
			t.Errorf("%x: no error", bad)
		}
	}
	cut := listOf("first", "second")
	cut = cut[:len(cut)-1]
	cut[2]--
	list, _ = ParseList(cut)
	list.Next()
	if _, ok := list.Next(); ok {
		t.Error("a certificate that runs past the end of the list")
	}
}

func FuzzCertificate(f *testing.F) {
	list := chain(f, "server-tls1")
	der, _ := list.Next()
	f.Add(der)
	f.Add(certify(f, &x509.Certificate{DNSNames: []string{"a.example\x00"}, RawSubject: rawName(f, asn1.RawValue{Tag: asn1.TagBMPString, Bytes: []byte("\x00a\xd8\x00")})}))
	f.Add(listOf("first", "second"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Certificate
		if c.Parse(data) == nil {
			if n := len(names(&c)); n > len(data) {
				t.Errorf("%d names in %d bytes", n, len(data))
			}
			for i, b := range []byte(c.Subject.String() + c.Issuer.String()) {
				if b < ' ' || b == 0x7f {
					t.Errorf("control character %d at %d", b, i)
				}
			}
		}
		if list, err := ParseList(data); err == nil {
			for ok := true; ok; {
				_, ok = list.Next()
			}
		}
	})
}

func BenchmarkCertificate(b *testing.B) {
	list := chain(b, "server-tls1")
	der, _ := list.Next()
	b.ReportAllocs()
	var c Certificate
	for b.Loop() {
		if err := c.Parse(der); err != nil {
			b.Fatal(err)
		}
		list := c.Names()
		if _, ok := list.Next(); !ok {
			b.Fatal("no names")
		}
	}
}
