package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
)

// readSSLv2Client takes an SSLv2 CLIENT-HELLO. What follows it is in the
// format of the version that the server selects.
func (c *session) readSSLv2Client(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	size, err := c.sensor.hello.ReadSSLv2(data)
	switch {
	case err == parse.ErrShort:
		return 0, size, flow.Listen
	case err != nil || c.offer.seen:
		return 0, 0, c.deaf(d)
	}
	c.offer.record = 0
	c.takeOffer(d, data[:size])
	c.recount()
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
	case err != nil || c.answer.seen:
		return 0, 0, c.deaf(d)
	}
	c.takeAnswer(d, &parse.ServerHello{SelectedVersion: hello.Version})
	c.answer.sslv2 = true
	if len(hello.Certificate) > 0 && !c.offer.named {
		c.leaf(hello.Certificate)
	}
	c.side[d].phase, c.side[d].protected = over, true
	return size, 0, flow.Ignore
}
