package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
)

// readSSLv2Client takes an SSLv2 CLIENT-HELLO. What follows it is in the
// format of the version that the server selects.
func (c *session) readSSLv2Client(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	size, err := c.hello.ReadSSLv2(data)
	switch {
	case err == parse.ErrShort:
		return 0, size, flow.Listen
	case err != nil || c.hasHello:
		return 0, 0, c.deaf(d)
	}
	c.helloBytes = append(c.helloBytes[:0], data[:size]...)
	if _, err := c.hello.ReadSSLv2(c.helloBytes); err != nil {
		return 0, 0, c.deaf(d)
	}
	c.recordVersion = 0
	c.tookHello(d)
	c.side[d].phase = records
	return size, 0, flow.Listen
}

// readSSLv2Server takes an SSLv2 SERVER-HELLO: all that SSLv2 says in clear.
func (c *session) readSSLv2Server(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	var hello parse.SSLv2ServerHello
	size, err := hello.Read(data)
	switch {
	case err == parse.ErrShort:
		return 0, size, flow.Listen
	case err != nil || c.hasAnswer:
		return 0, 0, c.deaf(d)
	}
	c.answer = parse.ServerHello{LegacyVersion: hello.Version, SelectedVersion: hello.Version}
	c.pureSSLv2 = true
	c.tookAnswer(d)
	if len(hello.Certificate) > 0 && len(c.hello.ServerName) == 0 {
		c.leaf(hello.Certificate)
	}
	c.side[d].phase, c.side[d].protected = over, true
	return size, 0, flow.Ignore
}
