package sensor

import (
	"unsafe"

	"tlsfloor/capture/flow"
	"tlsfloor/parse"
)

// spare is the hellos that were not taken because of their direction, while the side
// that accepted the connection is taken for the client. Should each side turn out to
// have said both, who opened the connection is the client, and these count: the
// capture may have the server's packets first, or behind a hole.
type spare struct{ hello, answer []byte }

const spareSize = int(unsafe.Sizeof(spare{}))

// swapRoles reports whether the one who was taken for the server, and says hello
// as a client in direction d, is the client after all: it opened the connection
// (or spoke first, where the opening was not seen), and no ServerHello from the
// other side says otherwise, unless both sides have said both. What it said as a
// server, or the other side as a client, is dropped. A connection whose roles are
// reversed from the start keeps them: FTP's data connections are opened by who will
// be the TLS server.
func (c *session) swapRoles(d flow.Dir) bool {
	switch {
	case c.fromServer(d) || c.offer.seen && (c.spare == nil || c.spare.answer == nil) && (c.answer.seen || !c.opener.Known):
		return false
	case c.offer.seen:
		c.dropOffer()
	default:
		c.oddities.add(serverHelloFromClient)
		c.dropAnswer()
	}
	c.client = unknownRole
	return true
}

// dropOffer forgets a ClientHello of who is no client, and what answered it.
func (c *session) dropOffer() {
	c.oddities.add(clientHelloFromServer)
	if c.answer.seen {
		c.oddities.add(serverHelloFromClient)
	}
	c.offer = offer{record: c.offer.record}
	c.dropAnswer()
}

// dropAnswer forgets a ServerHello, and the certificate behind it.
func (c *session) dropAnswer() {
	c.answer, c.retried, c.said.Server = answer{}, false, 0
	c.endShown()
	c.elsewhere = false
	c.details.server, c.details.answered = nil, 0
	c.client = unknownRole
}

// misled reports whether the side that accepted the connection is taken for the
// client.
func (c *session) misled() bool {
	return c.opener.Known && c.offer.seen && c.fromServer(c.client.dir())
}

func (c *session) spares() *spare {
	if c.spare == nil {
		c.spare = c.sensor.freeSpares.take()
	}
	return c.spare
}

// keepSpareHello keeps a ClientHello of who opened the connection, and is taken for
// the server.
func (c *session) keepSpareHello(d flow.Dir, body []byte) {
	if c.misled() && !c.fromServer(d) && c.spares().hello == nil {
		c.spare.hello = c.sensor.collector.Keep(body)
	}
}

// keepSpareAnswer keeps a ServerHello of who accepted the connection, and is taken
// for the client; false: it is not kept.
func (c *session) keepSpareAnswer(d flow.Dir, m *parse.Message) bool {
	if !c.misled() || !c.fromServer(d) || m.Type != parse.TypeServerHello || c.spares().answer != nil {
		return false
	}
	c.spare.answer = c.sensor.collector.Keep(m.Body)
	if c.spare.hello != nil {
		c.dropOffer()
		_ = c.sensor.hello.Parse(c.spare.hello) // it was parsed before: an error says the same again
		c.takeOffer(d.Other(), c.spare.hello)
		c.takeSpareAnswer(d)
	}
	return true
}

// takeSpareAnswer takes the ServerHello that was kept, if direction d is the
// server's.
func (c *session) takeSpareAnswer(d flow.Dir) {
	if c.spare != nil && c.spare.answer != nil && c.fromServer(d) {
		c.serverHello(d, &parse.Message{Type: parse.TypeServerHello, Body: c.spare.answer})
		c.endSpare()
	}
}

// endSpare gives the spares back.
func (c *session) endSpare() {
	if x := c.spare; x != nil {
		c.spare = nil
		c.sensor.collector.Give(x.hello)
		c.sensor.collector.Give(x.answer)
		*x = spare{}
		c.sensor.freeSpares.give(x)
	}
}
