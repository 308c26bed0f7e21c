package session

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
	"unsafe"

	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse/certificate"
)

// maxDistinguishedName bounds a subject or issuer in an event, in bytes: real
// ones have two hundred, a certificate may have 64 kB of them.
const maxDistinguishedName = 1 << 10

// maxDNSNames bounds the names of a certificate in an event: certificates with
// 10,000 exist.
const maxDNSNames = 100

// shown is what the server's certificate says.
type shown struct {
	name        string // of its names, the one that names the destination
	misnamed    bool   // none of them covers the one that was asked for
	certificate *classify.Certificate
	// unasked is the certificate where it came before the ClientHello: where the
	// capture has the server's packets first, only that says which of the names
	// was asked for.
	unasked []byte
}

const shownSize = int(unsafe.Sizeof(shown{}))

// wantsCertificate reports whether the server's certificate is worth collecting:
// where nothing else names the destination, or where an event may be made in which
// it says that the destination is another one than the client named.
func (c *Session) wantsCertificate() bool {
	o := c.sessions
	return o.Certificates || !o.FlaggedOnly || c.client.reach == policy.Unnamed || !c.server.seen || !c.goodEnough()
}

// takeUnaskedCertificate takes a certificate that came before the ClientHello.
func (c *Session) takeUnaskedCertificate() {
	if c.shown == nil || c.shown.unasked == nil {
		return
	}
	var leaf certificate.Certificate
	_ = leaf.Parse(c.shown.unasked) // it was parsed before: an error says the same again
	c.takeCertificate(&leaf, c.shown.unasked)
}

// takeCertificate takes what the server's certificate says.
func (c *Session) takeCertificate(leaf *certificate.Certificate, der []byte) {
	s := c.sessions
	if c.shown == nil {
		c.shown = s.freeShown.Take()
	}
	x := c.shown
	if !c.client.seen {
		s.certificates.Give(x.unasked)
		x.unasked = s.certificates.Keep(der)
	}
	x.name, x.misnamed = c.nameOf(leaf)
	if x.misnamed && c.outOfScope() && s.Policy.Reach(x.name) == policy.Inside {
		// The connection turns out to lead to a destination in scope, under a
		// name that is not.
		c.elsewhere = true
		c.Wait()
		c.notice()
	}
	if s.Certificates {
		x.certificate = describeCertificate(leaf, der, x.name)
	}
}

// nameOf chooses among the names of a certificate, all of them: what covers the
// name the client asked for, else the first in scope, else the first. A
// certificate for many services names the one that matters. misnamed says that
// none covers the name that was asked for.
func (c *Session) nameOf(leaf *certificate.Certificate) (name string, misnamed bool) {
	asked := c.asked()
	best, rank := "", notHost
	for list := leaf.Names(); ; {
		b, ok := list.Next()
		if !ok {
			return best, asked != ""
		}
		name := string(b)
		r := c.sessions.rank(name, rank)
		if r > notHost && asked != "" && policy.Covers(name, asked) {
			return name, false
		}
		if r > rank {
			best, rank = name, r
		}
	}
}

// asked is the name that the client gave, to the server or to a proxy.
func (c *Session) asked() string {
	if name, _ := c.sessions.Policy.Named(c.client.sni); name != "" {
		return name
	}
	host, _ := c.tls.Target()
	host, _ = c.sessions.Policy.Named(host)
	return host
}

// rank is how well a certificate's name names a destination.
type rank uint8

const (
	notHost rank = iota // "Load balancer 1", an address, or an attack
	local               // "localhost", one label
	outside             // a host's name, out of scope
	inside
)

// rank ranks a name; above least, it does not matter how high a rank is.
func (s *Sessions) rank(name string, least rank) rank {
	switch _, exact := s.Policy.Named(name); {
	case !exact && policy.IsHostname(name):
		return local
	case !exact:
		return notHost
	case least < inside && s.Policy.Reach(name) == policy.Inside:
		return inside
	}
	return outside
}

// describeCertificate copies what an event says of a certificate. Of too many
// names the list has the first ones and name, the one that was chosen.
func describeCertificate(leaf *certificate.Certificate, der []byte, name string) *classify.Certificate {
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

// endShown forgets the certificate.
func (c *Session) endShown() {
	if x := c.shown; x != nil {
		c.shown = nil
		c.sessions.certificates.Give(x.unasked)
		*x = shown{}
		c.sessions.freeShown.Give(x)
	}
}
