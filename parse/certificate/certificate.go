// Package certificate reads the names and the validity of X.509 certificates
// (RFC 5280), and the list of certificates in a TLS Certificate message.
//
// It verifies nothing. Parsed values are views into the caller's bytes.
//
// It does not use crypto/x509, which rejects certificates that old servers do send
// (negative serial numbers, names that are not IA5String, unknown curves), and
// allocates for each of 10,000 names.
package certificate

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"tlsfloor/parse"
)

// List is a view of the certificates in a Certificate message of TLS 1.2 and
// below (RFC 5246, 7.4.2), the sender's own certificate first. Next consumes it,
// so iterate over a copy.
type List []byte

// ParseList reads the body of a Certificate message. It allocates nothing unless
// it fails. The list may be empty: a client without a certificate sends that.
func ParseList(body []byte) (List, error) {
	in, list := cryptobyte.String(body), cryptobyte.String(nil)
	if !in.ReadUint24LengthPrefixed(&list) {
		return nil, &parse.ParseError{What: "certificate_list", Offset: 0}
	}
	return List(list), nil
}

// Next returns the first certificate, DER, and moves past it. It returns false
// at the end, or where the list stops being well-formed.
func (l *List) Next() (der []byte, ok bool) {
	ok = (*cryptobyte.String)(l).ReadUint24LengthPrefixed((*cryptobyte.String)(&der))
	return der, ok
}

// Certificate is what an X.509 certificate (RFC 5280) says about its subject.
// All slices are views.
type Certificate struct {
	Serial          []byte // serialNumber, big-endian as encoded: a first byte of 0 is of the encoding
	Issuer, Subject Name
	DNSNames        DNSNames // the dNSNames of subjectAltName
	validity        cryptobyte.String
}

// Parse reads a certificate, DER. It overwrites all of c, which then has views
// into der. It returns a *parse.ParseError when the certificate's outer structure
// is ill-formed; fields of the wrong form are left empty.
func (c *Certificate) Parse(der []byte) error {
	*c = Certificate{}
	in := cryptobyte.String(der)
	var certificate, tbs, ignored cryptobyte.String
	field := ""
	switch {
	case !readDER(&in, &certificate, asn1.SEQUENCE):
		field = "Certificate"
	case !readDER(&certificate, &tbs, asn1.SEQUENCE):
		field = "TBSCertificate"
	case !tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()):
		field = "version"
	case !readDER(&tbs, (*cryptobyte.String)(&c.Serial), asn1.INTEGER):
		field = "serialNumber"
	case !readDER(&tbs, &ignored, asn1.SEQUENCE):
		field = "signature"
	case !readDER(&tbs, (*cryptobyte.String)(&c.Issuer), asn1.SEQUENCE):
		field = "issuer"
	case !readDER(&tbs, &c.validity, asn1.SEQUENCE):
		field = "validity"
	case !readDER(&tbs, (*cryptobyte.String)(&c.Subject), asn1.SEQUENCE):
		field = "subject"
	}
	if field != "" {
		return &parse.ParseError{What: field, Offset: len(der) - len(in) - len(certificate) - len(tbs)}
	}
	c.DNSNames = subjectAltName(tbs)
	return nil
}

// readDER reads a value with a tag. It does not move s when the tag is another
// one.
func readDER(s, out *cryptobyte.String, tag asn1.Tag) bool {
	return s.PeekASN1Tag(tag) && s.ReadASN1(out, tag)
}

// subjectAltName returns the GeneralNames of the subjectAltName extension; tbs is
// the part of a TBSCertificate that follows the subject (RFC 5280, 4.1).
func subjectAltName(tbs cryptobyte.String) DNSNames {
	var wrapped, extensions cryptobyte.String
	if !tbs.SkipASN1(asn1.SEQUENCE) || // subjectPublicKeyInfo
		!tbs.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) || // issuerUniqueID
		!tbs.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) || // subjectUniqueID
		!tbs.ReadASN1(&wrapped, asn1.Tag(3).Constructed().ContextSpecific()) ||
		!wrapped.ReadASN1(&extensions, asn1.SEQUENCE) {
		return nil
	}
	for !extensions.Empty() {
		var extension, id, value, names cryptobyte.String
		if !extensions.ReadASN1(&extension, asn1.SEQUENCE) {
			return nil
		}
		if extension.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) && string(id) == oidSubjectAltName &&
			extension.SkipOptionalASN1(asn1.BOOLEAN) && extension.ReadASN1(&value, asn1.OCTET_STRING) &&
			value.ReadASN1(&names, asn1.SEQUENCE) {
			return DNSNames(names)
		}
	}
	return nil
}

// Names returns the host names that the certificate is for: DNSNames, or the
// subject's common name when there are none (RFC 6125, 6.4.4). Certificates with
// 10,000 exist.
func (c *Certificate) Names() HostNames {
	list := c.DNSNames
	if _, ok := list.Next(); ok {
		return HostNames{dns: c.DNSNames}
	}
	return HostNames{common: c.Subject.CommonName()}
}

// HostNames are the names of Certificate.Names that Next has not returned yet.
type HostNames struct {
	dns    DNSNames
	common []byte
}

// Next returns the next name as it was encoded: wildcards, NUL and control
// characters included. It returns false at the end.
func (n *HostNames) Next() (name []byte, ok bool) {
	if name = n.common; len(name) > 0 {
		n.common = nil
		return name, true
	}
	return n.dns.Next()
}

// DNSNames is a view of the dNSNames in a subjectAltName (RFC 5280, 4.2.1.6).
// Next consumes it, so iterate over a copy.
type DNSNames []byte

// Next returns the first name and moves past it. It returns false at the end,
// or where the list stops being well-formed.
func (d *DNSNames) Next() (name []byte, ok bool) {
	const dNSName = asn1.Tag(2 | 0x80)
	s := (*cryptobyte.String)(d)
	for !s.Empty() {
		var value cryptobyte.String
		var tag asn1.Tag
		if !s.ReadAnyASN1(&value, &tag) {
			return nil, false
		}
		if tag == dNSName {
			return value, true
		}
	}
	return nil, false
}

// Validity returns the first and the last moment at which the certificate is
// valid, in UTC; zero where a time cannot be read. Parse does not read them,
// because most callers want the names only.
func (c *Certificate) Validity() (notBefore, notAfter time.Time) {
	validity := c.validity
	return readTime(&validity), readTime(&validity)
}

// readTime reads a Time (RFC 5280, 4.1.2.5). It also takes times without seconds
// or with a time zone, which old certificates have.
func readTime(s *cryptobyte.String) time.Time {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) || len(text) > len("20060102150405.000000-0700") {
		return time.Time{}
	}
	switch tag {
	case asn1.UTCTime:
		t := parseTime(string(text), "060102150405Z0700", "0601021504Z0700")
		if t.Year() >= 2050 { // two digits mean 1950 to 2049; package time takes them as 1969 to 2068
			t = t.AddDate(-100, 0, 0)
		}
		return t
	case asn1.GeneralizedTime:
		return parseTime(string(text), "20060102150405Z0700", "200601021504Z0700")
	}
	return time.Time{}
}

// parseTime parses text by the first layout that fits, in UTC; zero when none
// does.
func parseTime(text string, layouts ...string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
