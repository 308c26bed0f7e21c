package parse

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// CertificateList is a view of the chain in a Certificate message of TLS 1.2
// and below (RFC 5246, 7.4.2), the sender's own certificate first. Walk a copy
// of it, as with Extensions.
type CertificateList []byte

// ParseCertificates reads the body of a Certificate message. It allocates
// nothing unless it fails. The list may be empty: a client without a
// certificate sends that.
func ParseCertificates(body []byte) (CertificateList, error) {
	r, list := reader(body), []byte(nil)
	if !r.vector24(&list) {
		return nil, runsPast("certificate_list", body, r)
	}
	return list, nil
}

// Next returns the first certificate, DER, and moves past it. It returns false
// at the end, or where the list stops being well-formed.
func (c *CertificateList) Next() (der []byte, ok bool) {
	ok = (*reader)(c).vector24(&der)
	return der, ok
}

// Certificate is what an X.509 certificate (RFC 5280) says about its holder.
// Nothing is verified. All slices are views.
//
// It is read here and not with crypto/x509, which refuses certificates that
// old servers do send (negative serial numbers, names that are no IA5String,
// curves it does not know) and allocates for each of 10,000 names.
type Certificate struct {
	Serial          []byte // big-endian two's complement, as encoded
	Issuer, Subject Name
	DNSNames        DNSNames // the dNSNames of subjectAltName
	validity        cryptobyte.String
}

// Parse reads a certificate, DER. It overwrites all of c and keeps views into
// der. It wants the outline of the certificate to be well-formed, and leaves
// fields of the wrong form empty.
func (c *Certificate) Parse(der []byte) error {
	*c = Certificate{}
	in := cryptobyte.String(der)
	var certificate, tbs, algorithm cryptobyte.String
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
	case !readDER(&tbs, &algorithm, asn1.SEQUENCE):
		field = "signature"
	case !readDER(&tbs, (*cryptobyte.String)(&c.Issuer), asn1.SEQUENCE):
		field = "issuer"
	case !readDER(&tbs, &c.validity, asn1.SEQUENCE):
		field = "validity"
	case !readDER(&tbs, (*cryptobyte.String)(&c.Subject), asn1.SEQUENCE):
		field = "subject"
	}
	if field != "" {
		return &ParseError{What: field, Offset: len(der) - len(in) - len(certificate) - len(tbs)}
	}
	c.DNSNames = subjectAltName(tbs)
	return nil
}

// Validity returns the time from which on, and up to which, the certificate is
// valid, in UTC; zero: not readable. It is read here, since who parses a
// certificate seldom asks for more than its names.
func (c *Certificate) Validity() (notBefore, notAfter time.Time) {
	validity := c.validity
	return readTime(&validity), readTime(&validity)
}

// readDER reads a value with a tag, and does not move when there is none.
func readDER(s, out *cryptobyte.String, tag asn1.Tag) bool {
	return s.PeekASN1Tag(tag) && s.ReadASN1(out, tag)
}

// subjectAltName finds the extension's GeneralNames in what follows the
// subject of a TBSCertificate (RFC 5280, 4.1).
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

// Names are what the certificate says its holder is called: the DNSNames, else
// the subject's common name (RFC 6125, 6.4.4). Certificates with 10,000 exist.
func (c *Certificate) Names() HolderNames {
	list := c.DNSNames
	if _, ok := list.Next(); ok {
		return HolderNames{dns: c.DNSNames}
	}
	return HolderNames{common: c.Subject.CommonName()}
}

// HolderNames are the names of a certificate's holder that have not been read.
type HolderNames struct {
	dns    DNSNames
	common []byte
}

// Next returns the next name, as it stands: wildcards, NUL and control characters
// included. It returns false at the end.
func (n *HolderNames) Next() (name []byte, ok bool) {
	if name = n.common; len(name) > 0 {
		n.common = nil
		return name, true
	}
	return n.dns.Next()
}

// DNSNames is a view of the dNSNames in a subjectAltName (RFC 5280, 4.2.1.6).
// Walk a copy of it, as with Extensions.
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

// readTime reads a Time (RFC 5280, 4.1.2.5), also without seconds and with a
// zone, as old certificates have it.
func readTime(s *cryptobyte.String) time.Time {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) || len(text) > len("20060102150405.000000-0700") {
		return time.Time{}
	}
	switch tag {
	case asn1.UTCTime:
		t := parseTime(string(text), "060102150405Z0700", "0601021504Z0700")
		if t.Year() >= 2050 { // two digits mean 1950 to 2049; time has 1969 to 2068
			t = t.AddDate(-100, 0, 0)
		}
		return t
	case asn1.GeneralizedTime:
		return parseTime(string(text), "20060102150405Z0700", "200601021504Z0700")
	}
	return time.Time{}
}

// parseTime is text by the first layout that fits, in UTC; zero when none does.
func parseTime(text string, layouts ...string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
