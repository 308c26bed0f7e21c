package sensor

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// maxDistinguishedName bounds a subject or issuer in an event, in bytes: real
// ones have two hundred, a certificate may have 64 kB of them.
const maxDistinguishedName = 1 << 10

// maxDNSNames bounds the names of a certificate in an event: certificates with
// 10,000 exist.
const maxDNSNames = 100

// describeCertificate copies what an event says of a certificate. Of too many
// names the list has the first ones and name, the one that was chosen.
func describeCertificate(leaf *parse.Certificate, der []byte, name string) *classify.Certificate {
	sum := sha256.Sum256(der)
	notBefore, notAfter := leaf.Validity()
	c := &classify.Certificate{
		Subject: bounded(leaf.Subject.String()), Issuer: bounded(leaf.Issuer.String()),
		NotBefore: seconds(notBefore), NotAfter: seconds(notAfter),
		SHA256: hex.EncodeToString(sum[:]),
	}
	for list := leaf.DNSNames; len(c.DNSNames) < maxDNSNames; {
		name, ok := list.Next()
		if !ok {
			break
		}
		c.DNSNames = append(c.DNSNames, string(name))
	}
	if last := len(c.DNSNames) - 1; last == maxDNSNames-1 && name != "" && !slices.Contains(c.DNSNames, name) {
		c.DNSNames[last] = name
	}
	return c
}

func bounded(name string) string { return name[:min(len(name), maxDistinguishedName)] }

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
