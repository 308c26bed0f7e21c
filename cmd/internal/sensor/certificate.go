package sensor

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// maxDistinguishedName bounds a subject or issuer in an event, in bytes: real
// ones have two hundred, a certificate may have 64 kB of them.
const maxDistinguishedName = 1 << 10

// describeCertificate copies what an event says of a certificate.
func describeCertificate(leaf *parse.Certificate, der []byte) *classify.Certificate {
	sum := sha256.Sum256(der)
	c := &classify.Certificate{
		Subject: bounded(leaf.Subject.String()), Issuer: bounded(leaf.Issuer.String()),
		NotBefore: seconds(leaf.NotBefore), NotAfter: seconds(leaf.NotAfter),
		SHA256: hex.EncodeToString(sum[:]),
	}
	for list := leaf.DNSNames; len(c.DNSNames) < parse.MaxNames; {
		name, ok := list.Next()
		if !ok {
			break
		}
		c.DNSNames = append(c.DNSNames, string(name))
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
