package sensor

import (
	"unsafe"

	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

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

// endShown forgets the certificate.
func (c *session) endShown() {
	if x := c.shown; x != nil {
		c.shown = nil
		c.sensor.collector.Give(x.unasked)
		*x = shown{}
		c.sensor.freeShown.give(x)
	}
}

// wantsCertificate reports whether the server's certificate is worth collecting:
// where nothing else names the destination, or where an event may be made in which
// it says that the destination is another one than the client named.
func (c *session) wantsCertificate() bool {
	o := &c.sensor.options
	return o.Certificates || !o.FlaggedOnly || c.offer.reach == policy.Unnamed || !c.answer.seen || !c.goodEnough()
}

// awaitsCertificate reports whether the direction may still bring the certificate
// that names the server.
func (c *session) awaitsCertificate(d flow.Dir) bool {
	return roleIn(d) != c.client && c.shown == nil && c.answer.version.Rank() < parse.TLSv13 && c.wantsCertificate()
}

// certificates names the server by its own certificate, the first of the list.
// Nobody else's is read.
func (c *session) certificates(d flow.Dir, body []byte) {
	if roleIn(d) == c.client || !c.wantsCertificate() {
		return
	}
	list, err := parse.ParseCertificates(body)
	if err != nil {
		c.oddities.add(badCertificate)
		return
	}
	if der, ok := list.Next(); ok {
		c.leaf(der)
	}
}

func (c *session) leaf(der []byte) {
	s := c.sensor
	if err := s.leaf.Parse(der); err != nil {
		c.oddities.add(badCertificate)
		return
	}
	if c.shown == nil {
		c.shown = s.freeShown.take()
	}
	x := c.shown
	switch {
	case !c.offer.seen:
		s.collector.Give(x.unasked)
		x.unasked = s.collector.Keep(der)
	case c.kept != nil:
		c.takeName()
	}
	x.name, x.misnamed = c.nameOf(&s.leaf)
	if x.misnamed && c.dull() && s.options.Policy.Reach(x.name) == policy.Inside {
		c.turnOut()
	}
	if s.options.Certificates {
		x.certificate = describeCertificate(&s.leaf, der, x.name)
	}
}

// turnOut is called when a connection turns out to lead to a destination in scope,
// under a name that is not.
func (c *session) turnOut() {
	c.elsewhere = true
	c.detailKept()
	c.Wait()
	c.notice()
}
