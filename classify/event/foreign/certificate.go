package foreign

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
	"tlsfloor/classify/policy"
	"tlsfloor/parse/cipher"
)

// The server's certificate, and the ciphers that the client offers.

// listed returns the numbers of a list in the input of JA3 or JA3S, counted from 0, in the
// order of the hello and without GREASE. An input that was read back may hold anything.
func listed(full string, list int) (all []uint16) {
	fields := strings.Split(full, ",")
	if list >= len(fields) {
		return nil
	}
	all = make([]uint16, 0, 1+strings.Count(fields[list], "-"))
	for number := range strings.SplitSeq(fields[list], "-") {
		if n, err := strconv.ParseUint(number, 10, 16); err == nil {
			all = append(all, uint16(n))
		}
	}
	return all
}

// offeredCiphers returns the names of the cipher suites that a client offers.
func offeredCiphers(c *classify.ClientHello) []string {
	numbers := listed(c.JA3Full, 1)
	if len(numbers) == 0 {
		return nil
	}
	names := make([]string, 0, len(numbers))
	for _, n := range numbers {
		iana, _ := cipher.Name(n)
		names = append(names, cmp.Or(iana, fmt.Sprintf("0x%04x", n)))
	}
	return names
}

type ecsHash struct {
	SHA1   string `json:"sha1,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

type ecsX509 struct {
	SerialNumber     string               `json:"serial_number,omitempty"`
	Subject          ecsDistinguishedName `json:"subject,omitzero"`
	Issuer           ecsDistinguishedName `json:"issuer,omitzero"`
	AlternativeNames []string             `json:"alternative_names,omitempty"`
	NotBefore        string               `json:"not_before,omitempty"`
	NotAfter         string               `json:"not_after,omitempty"`
}

type ecsDistinguishedName struct {
	Name string `json:"distinguished_name"`
}

// addCertificate adds the certificate. Hashes and numbers are in capitals, as the schema
// wants them.
func (t *ecsTLSServer) addCertificate(c *classify.Certificate) {
	if c == nil {
		return
	}
	t.Subject, t.Issuer = jsontext.WireText(c.Subject), jsontext.WireText(c.Issuer)
	t.NotBefore, t.NotAfter = secondsText(c.NotBefore, time.RFC3339), secondsText(c.NotAfter, time.RFC3339)
	t.Hash = ecsHash{strings.ToUpper(c.SHA1), strings.ToUpper(c.SHA256)}
	t.X509 = ecsX509{
		strings.ToUpper(c.Serial), ecsDistinguishedName{t.Subject}, ecsDistinguishedName{t.Issuer}, jsontext.WireTexts(c.DNSNames), t.NotBefore, t.NotAfter,
	}
}

// secondsText returns a time in seconds since the Unix epoch as a text; empty for 0.
func secondsText(at int64, layout string) string {
	if at == 0 {
		return ""
	}
	return time.Unix(at, 0).UTC().Format(layout)
}

type ocsfCertificate struct {
	SerialNumber   string            `json:"serial_number"`
	Subject        string            `json:"subject,omitempty"`
	Issuer         string            `json:"issuer"`
	CreatedTime    int64             `json:"created_time,omitempty"`
	ExpirationTime int64             `json:"expiration_time,omitempty"`
	Fingerprints   []ocsfFingerprint `json:"fingerprints,omitempty"`
	SANs           []ocsfSAN         `json:"sans,omitempty"`
}

type ocsfSAN struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ocsfCertificateOf sets what the schema requires to "Unknown" if it is not known.
func ocsfCertificateOf(c *classify.Certificate) *ocsfCertificate {
	if c == nil {
		return nil
	}
	o := &ocsfCertificate{
		SerialNumber: cmp.Or(c.Serial, "Unknown"), Subject: jsontext.WireText(c.Subject), Issuer: cmp.Or(jsontext.WireText(c.Issuer), "Unknown"),
		CreatedTime: c.NotBefore * 1000, ExpirationTime: c.NotAfter * 1000,
	}
	if c.SHA1 != "" {
		o.Fingerprints = append(o.Fingerprints, ocsfFingerprint{2, "SHA-1", c.SHA1})
	}
	if c.SHA256 != "" {
		o.Fingerprints = append(o.Fingerprints, ocsfFingerprint{3, "SHA-256", c.SHA256})
	}
	for _, name := range jsontext.WireTexts(c.DNSNames) {
		o.SANs = append(o.SANs, ocsfSAN{name, "domain"})
	}
	return o
}

type eveCertificate struct {
	Subject        string   `json:"subject,omitempty"`
	IssuerDN       string   `json:"issuerdn,omitempty"`
	Serial         string   `json:"serial,omitempty"`
	Fingerprint    string   `json:"fingerprint,omitempty"` // SHA-1
	SubjectAltName []string `json:"subjectaltname,omitempty"`
	NotBefore      string   `json:"notbefore,omitempty"`
	NotAfter       string   `json:"notafter,omitempty"`
}

// eveTime is the layout of a certificate's times, which are in UTC.
const eveTime = "2006-01-02T15:04:05"

func eveCertificateOf(c *classify.Certificate) eveCertificate {
	if c == nil {
		return eveCertificate{}
	}
	e := eveCertificate{
		Subject: jsontext.WireText(c.Subject), IssuerDN: jsontext.WireText(c.Issuer), Serial: strings.ToUpper(colons(c.Serial)), Fingerprint: colons(c.SHA1),
		SubjectAltName: jsontext.WireTexts(c.DNSNames),
	}
	if first, last := secondsText(c.NotBefore, eveTime), secondsText(c.NotAfter, eveTime); isEVETime(first) && isEVETime(last) {
		e.NotBefore, e.NotAfter = first, last
	}
	return e
}

// isEVETime reports whether a year is one that the schema allows: 1000 to 2999.
func isEVETime(text string) bool {
	return len(text) == len(eveTime) && (text[0] == '1' || text[0] == '2')
}

// colons writes hexadecimal bytes with colons between them.
func colons(hex string) string {
	var b strings.Builder
	b.Grow(len(hex) + len(hex)/2)
	for i := range len(hex) {
		if i > 0 && i%2 == 0 {
			b.WriteByte(':')
		}
		b.WriteByte(hex[i])
	}
	return b.String()
}

type zeekCertificate struct {
	Subject  string   `json:"subject,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
	ChainFPs []string `json:"cert_chain_fps,omitempty"` // of the server's own certificate alone
	Matches  *bool    `json:"sni_matches_cert,omitempty"`

	// What Zeek has in x509.log.
	Serial    string      `json:"tlsfloor.certificate_serial,omitempty"`
	DNSNames  []string    `json:"tlsfloor.certificate_dns_names,omitempty"`
	NotBefore json.Number `json:"tlsfloor.certificate_not_before,omitempty"` // as ts
	NotAfter  json.Number `json:"tlsfloor.certificate_not_after,omitempty"`
	SHA1      string      `json:"tlsfloor.certificate_sha1,omitempty"`
}

func zeekCertificateOf(o *classify.Observation) (z zeekCertificate) {
	c := o.Certificate
	if c == nil {
		return z
	}
	z = zeekCertificate{
		Subject: jsontext.WireText(c.Subject), Issuer: jsontext.WireText(c.Issuer), Serial: strings.ToUpper(c.Serial), DNSNames: jsontext.WireTexts(c.DNSNames), SHA1: c.SHA1,
		NotBefore: zeekSeconds(c.NotBefore), NotAfter: zeekSeconds(c.NotAfter),
	}
	if c.SHA256 != "" {
		z.ChainFPs = []string{c.SHA256}
	}
	if o.SNI != "" && len(c.DNSNames) > 0 {
		matches := slices.ContainsFunc(c.DNSNames, func(name string) bool { return policy.Covers(name, o.SNI) })
		z.Matches = &matches
	}
	return z
}

// zeekSeconds converts seconds since the Unix epoch; empty for 0.
func zeekSeconds(at int64) json.Number {
	if at == 0 {
		return ""
	}
	return json.Number(strconv.FormatInt(at, 10) + ".000000")
}
