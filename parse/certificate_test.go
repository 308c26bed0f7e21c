package parse

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
	"slices"
	"testing"
	"time"
)

// names are the names of a certificate as strings.
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
func chain(t testing.TB, file string) CertificateList {
	t.Helper()
	data := recorded(t, file)
	var s RecordStream
	var m Messages
	for {
		p, ok, err := nextPart(&s, &data)
		if !ok || err != nil {
			t.Fatal("no Certificate message", err)
		}
		for p.Type == Handshake {
			msg, ok := nextMessage(&m, &p.Fragment)
			if !ok {
				break
			}
			if msg.Type == TypeCertificate {
				list, err := ParseCertificates(msg.Body)
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
	if !notBefore.Equal(x.NotBefore) || !notAfter.Equal(x.NotAfter) || new(big.Int).SetBytes(c.Serial).Cmp(x.SerialNumber) != 0 {
		t.Errorf("%v to %v, serial %x; want %v to %v, %x", notBefore, notAfter, c.Serial, x.NotBefore, x.NotAfter, x.SerialNumber)
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
		{"16-bit text", []asn1.RawValue{{Tag: asn1.TagBMPString, Bytes: u16('a', '.', 'é')}}, "a.é", "CN=a.é"},
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
	content := cat(parts...)
	if len(content) < 128 {
		return cat([]byte{tag, byte(len(content))}, content)
	}
	if len(content) < 256 {
		return cat([]byte{tag, 0x81, byte(len(content))}, content)
	}
	return cat([]byte{tag, 0x82}, vec16(content))
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
	var got *ParseError
	bad := bytes.Clone(der)
	bad[4] = 0x31
	if err := c.Parse(bad); !errors.As(err, &got) || *got != (ParseError{"TBSCertificate", 4}) {
		t.Error(err)
	}
	bad = bytes.Clone(der)
	at := bytes.Index(bad, []byte{asn1.TagInteger, 1, 1})
	bad[at] = asn1.TagBoolean
	if err := c.Parse(bad); !errors.As(err, &got) || *got != (ParseError{"serialNumber", at}) {
		t.Error(err)
	}
}

func TestCertificateList(t *testing.T) {
	body := vec24(vec24(fill(9)), vec24(fill(5)))
	list, err := ParseCertificates(body)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := list.Next()
	second, ok := list.Next()
	if !ok || !bytes.Equal(first, fill(9)) || !bytes.Equal(second, fill(5)) {
		t.Errorf("%x %x", first, second)
	}
	if _, ok := list.Next(); ok {
		t.Error("a third")
	}
	if list, err := ParseCertificates(vec24()); err != nil || len(list) != 0 {
		t.Errorf("empty list: %x, %v", list, err)
	}
	for _, bad := range [][]byte{nil, fill(2), {0, 0, 9, 1}} {
		if _, err := ParseCertificates(bad); err == nil {
			t.Errorf("%x: no error", bad)
		}
	}
	list, _ = ParseCertificates(vec24(vec24(fill(9)), []byte{0, 0, 9, 1}))
	list.Next()
	if _, ok := list.Next(); ok {
		t.Error("a certificate that runs past the list")
	}
}

func FuzzCertificate(f *testing.F) {
	list := chain(f, "server-tls1")
	der, _ := list.Next()
	f.Add(der)
	f.Add(certify(f, &x509.Certificate{DNSNames: []string{"a.example\x00"}, RawSubject: rawName(f, asn1.RawValue{Tag: asn1.TagBMPString, Bytes: u16('a', 0xd800)})}))
	f.Add(vec24(vec24(fill(9)), vec24(fill(5))))
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
		if list, err := ParseCertificates(data); err == nil {
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
