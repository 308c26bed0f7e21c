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
	case err != nil:
		return 0, 0, c.deaf(d)
	case c.strangeSSLv2Client(d):
		return size, 0, flow.Listen
	}
	c.tellPrelude(d)
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
	case err != nil:
		return 0, 0, c.deaf(d)
	case c.strangeSSLv2Server(d):
		return size, 0, flow.Listen
	}
	c.takeAnswer(d, &parse.ServerHello{SelectedVersion: hello.Version}, size)
	c.answer.sslv2 = true
	if len(hello.Certificate) > 0 && c.wantsCertificate() {
		c.leaf(hello.Certificate)
		c.recount()
	}
	c.side[d].phase, c.side[d].protected = over, true
	return size, 0, flow.Ignore
}

// strangeSSLv2Client reports whether a CLIENT-HELLO in direction d is to be passed
// over: the direction is the server's, or the ClientHello was seen.
func (c *session) strangeSSLv2Client(d flow.Dir) bool {
	fromServer := c.client != unknownRole && roleIn(d) != c.client
	if fromServer {
		c.oddities.add(clientHelloFromServer)
	}
	return fromServer || c.offer.seen
}

// strangeSSLv2Server is the same of a SERVER-HELLO. Who opened the connection sends
// none unless the other side has said hello as a client.
func (c *session) strangeSSLv2Server(d flow.Dir) bool {
	fromClient := roleIn(d) == c.client || c.client == unknownRole && c.opener.Known && !c.fromServer(d)
	if fromClient {
		c.oddities.add(serverHelloFromClient)
	}
	return fromClient || c.answer.seen
}
