package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/flow"
	"tlsfloor/parse/starttls"
)

// prelude is what came before TLS in a connection, or around it. Few have one.
type prelude struct {
	starttls.Preamble
	inner [2][]byte // by direction: TLS bytes unwrapped from another protocol's packets, not consumed yet
}

const preludeSize = int(unsafe.Sizeof(prelude{}))

// size is what it holds, in bytes.
func (p *prelude) size() int { return preludeSize + cap(p.inner[0]) + cap(p.inner[1]) }

// before returns the session's prelude, which begins when it is first asked for.
func (c *session) before() *prelude {
	if c.prelude == nil {
		c.prelude = c.sensor.freePreludes.take()
	}
	return c.prelude
}

// endPrelude gives the prelude back, without what it holds.
func (c *session) endPrelude() {
	if c.prelude == nil {
		return
	}
	*c.prelude = prelude{}
	c.sensor.freePreludes.give(c.prelude)
	c.prelude = nil
}

// tellPrelude tells what came before TLS, if anything did, that TLS was found in
// direction d.
func (c *session) tellPrelude(d flow.Dir) {
	if c.prelude != nil {
		c.prelude.Found(c.fromServer(d))
	}
}

// protocol names what was spoken before TLS; empty: nothing, or not known.
func (c *session) protocol() string {
	if c.prelude == nil {
		return ""
	}
	return c.prelude.Protocol()
}

// target is the host that a proxy was asked for.
func (c *session) target() (host string, ok bool) {
	if c.prelude == nil {
		return "", false
	}
	host, _, ok = c.prelude.Target()
	return host, ok
}

// proxied is the pair of addresses that a PROXY protocol header gave.
func (c *session) proxied() (client, server netip.AddrPort) {
	if c.prelude != nil {
		client, server, _ = c.prelude.Proxied()
	}
	return client, server
}

// hold keeps what of the unwrapped bytes was not consumed.
func (p *prelude) hold(d flow.Dir, rest []byte) { p.inner[d] = append(p.inner[d][:0], rest...) }

// with returns the bytes of a direction that end in more.
func (p *prelude) with(d flow.Dir, more []byte) []byte {
	if len(p.inner[d]) == 0 {
		return more
	}
	p.inner[d] = append(p.inner[d], more...)
	return p.inner[d]
}
