package sensor

import (
	"bytes"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
)

// countCut counts a segment of which the snapshot length left no data.
func countCut(u *blind.Unseen, p *decode.Packet) {
	if p.Missing > 0 && len(p.Payload) == 0 {
		u.CutPackets++
	}
}

// gap is a set of what is missing of a direction.
type gap uint8

const (
	cutOff  gap = 1 << iota // bytes were on the wire, and the snapshot length cut them off
	missing                 // packets with bytes were not captured
	midway                  // bytes came of which the beginning was not seen, and that begin nothing
	evident                 // it must have sent packets: the other side acknowledged them
	plain                   // a message of another protocol begins in it
)

func (g gap) has(x gap) bool { return g&x != 0 }

// noteOpening takes from a connection's first segment with data whether the
// other side must have greeted: who acknowledges has got a SYN.
func (c *session) noteOpening(p *decode.Packet, d flow.Dir) {
	if c.opener.Known && !c.opener.Greeted[d.Other()] && p.Flags&(decode.SYN|decode.ACK) == decode.ACK {
		c.gaps[d.Other()] |= evident
	}
}

// noteAcked looks whether direction d, the only one that has sent data so far,
// acknowledges more and more: then the other one sends data that was not
// captured.
func (c *session) noteAcked(d flow.Dir) {
	p := c.sensor.packet
	if p.Flags&(decode.SYN|decode.ACK) != decode.ACK {
		return
	}
	switch {
	case c.acked == 0:
		c.acked = p.Ack
	case int32(p.Ack-c.acked) > 1: // a FIN takes one number (RFC 9293, 3.4)
		c.gaps[d.Other()] |= evident
	}
}

// noteMidway notes data that begins nothing that is known.
func (c *session) noteMidway(d flow.Dir, data []byte) {
	c.gaps[d] |= midway
	if beginsHTTP(data) {
		c.gaps[d] |= plain
	}
}

// beginsHTTP reports whether data begins with an HTTP/1 message. Where one
// begins, TLS does not go on: a CONNECT behind it is found when it comes.
func beginsHTTP(data []byte) bool {
	for _, start := range [...]string{"HTTP/1.", "GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "PATCH /", "OPTIONS "} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return false
}

// noteLost notes that bytes of a direction will not come. Where its beginning was
// never found, the table has only given up looking for it.
func (c *session) noteLost(d flow.Dir) {
	p := c.sensor.packet
	switch {
	case p.Missing > 0 && c.ends[d] == endpoint{p.Src, p.SrcPort}:
		c.gaps[d] |= cutOff
	case c.side[d].sent || !c.gaps[d].has(midway):
		c.gaps[d] |= missing
	}
}

// takeBeginning takes what came of a hello of which the rest will not come.
func (c *session) takeBeginning(d flow.Dir) {
	if !c.midway[d] {
		return
	}
	if t, body, ok := c.messages[d].Begun(); ok {
		if t == parse.TypeClientHello && !c.offer.seen {
			c.sensor.stats.Incomplete++
		}
		c.takeCut(d, t, body)
	}
}

// takeTooLong takes the beginning of a hello that is longer than any is collected.
// A hello behind it does not replace it.
func (c *session) takeTooLong(d flow.Dir, m *parse.Message) {
	c.oddities.add(oversizedMessage)
	c.sensor.stats.Malformed++
	if !c.takeCut(d, m.Type, m.Body) {
		return
	}
	if m.Type == parse.TypeClientHello {
		c.offer.long = true
	} else {
		c.answer.long = true
	}
}

// takeCut takes the beginning of a hello, and reports whether it counts.
func (c *session) takeCut(d flow.Dir, t parse.HandshakeType, body []byte) bool {
	switch fromClient := roleIn(d) == c.client; {
	case t == parse.TypeClientHello && !fromClient && c.client != unknownRole:
		c.oddities.add(clientHelloFromServer)
	case t == parse.TypeServerHello && fromClient:
		c.oddities.add(serverHelloFromClient)
	case t == parse.TypeClientHello && !c.offer.seen && c.sensor.hello.ParseCut(body):
		c.offer.cut = true
		c.takeOffer(d, body)
		return true
	case t == parse.TypeServerHello && (!c.answer.seen || c.answer.retry) && c.sensor.answer.ParseCut(body):
		c.takeAnswer(d, &c.sensor.answer, len(body))
		c.answer.cut = true
		c.detailAnswer()
		return true
	}
	return false
}

// forgetCutOffer forgets the beginning of a hello: the whole one was found, in
// another copy of its packets, or behind a HelloRetryRequest.
func (c *session) forgetCutOffer() {
	if !c.offer.cut {
		return
	}
	c.sensor.stats.ClientHellos--
	c.sensor.stats.Incomplete--
	c.offer = offer{record: c.offer.record}
}

// countUnseen counts the connection, which ends by cause, if its handshake could
// not be seen.
func (c *session) countUnseen(cause flow.Cause) {
	if c.offer.seen && c.answer.seen && !c.offer.cut && !c.answer.cut {
		return
	}
	u := &c.sensor.stats.Unseen
	switch {
	case c.offer.long, c.answer.long: // is counted as one that could not be read
	case c.lacks(cutOff):
		u.CutHellos++
		if c.named() && (c.answer.seen || c.offer.shown) {
			u.CutJudged++
		}
	case cause == flow.Evicted && !c.foreign():
		u.GivenUp++
	case c.oddities&longPreamble != 0:
		u.LongPreambles++
	case c.oneSided():
		u.OneDirection++
	case c.offer.cut, c.answer.cut, c.lacks(missing), c.opener.Known && c.lacks(midway):
		u.LostBytes++
	case !c.opener.Known && !c.opener.Forgotten && c.begunBefore():
		u.OpenAtStart++
	}
}

// lacks reports whether something of kind g is missing of a direction whose
// hello, or refusal, was not seen whole.
func (c *session) lacks(g gap) bool {
	if c.client == unknownRole {
		return (c.gaps[0] | c.gaps[1]).has(g) && !c.foreign()
	}
	client, server := c.client.dir(), c.client.dir().Other()
	answered := c.answer.seen && !c.answer.cut || c.side[server].alerted
	return (!c.offer.seen || c.offer.cut) && c.gaps[client].has(g) || !answered && c.gaps[server].has(g)
}

// foreign reports whether a direction was found to speak another protocol from
// its first bytes on, or at a place where one of its messages begins.
func (c *session) foreign() bool {
	if c.prelude != nil && c.prelude.PlainHTTP() {
		return true
	}
	for d := range c.side {
		s := &c.side[d]
		if c.gaps[d].has(plain) || s.phase == over && !s.protected && !c.gaps[d].has(cutOff|missing) {
			return true
		}
	}
	return false
}

// oneSided reports whether a hello was seen, and of the other side nothing,
// though it sent something.
func (c *session) oneSided() bool {
	if c.client == unknownRole {
		return false
	}
	client, server := c.client.dir(), c.client.dir().Other()
	switch {
	case !c.heardFrom(client):
		return true // somebody was answered
	case c.heardFrom(server):
		return false
	}
	return c.side[client].protected || c.gaps[server].has(evident)
}

// heardFrom reports whether bytes of a direction were captured, or their
// absence was noticed.
func (c *session) heardFrom(d flow.Dir) bool {
	return c.side[d].sent || c.gaps[d].has(cutOff|missing|midway)
}

// begunBefore reports whether the connection's bytes do not begin with a
// message of any protocol that is known.
func (c *session) begunBefore() bool {
	if c.answer.seen {
		return !c.offer.seen
	}
	return !c.offer.seen && !c.foreign() && (c.gaps[0] | c.gaps[1]).has(midway)
}
